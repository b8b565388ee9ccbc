package registry

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// While a fleet is updated its servers run several versions of a game. A room is followed, and led on, by those whose game
// lays its state out in the same way, or says that it takes over that of the leader (game.Definition.Migrates).

// hosted is a game that this server runs. Its New cannot hang.
type hosted struct {
	*game.Definition
	original    game.Definition
	schema      []byte // of its rooms' state: state.Schema.AppendPeer
	fingerprint uint64 // of schema
}

func (r *Registry) host(d game.Definition) (*hosted, error) {
	s, err := d.Schema()
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return &hosted{r.guarded(d), d, s.AppendPeer(nil), s.PeerFingerprint()}, nil
}

// accepts says how a room is copied whose leader's schema is given: older is nil where that is the game's own. The
// refusal is for good: this process has nothing to do with such rooms.
func (r *Registry) accepts(o replication.Open) (older *state.Schema, unable *ownership.Rejection) {
	g := r.games[o.Game]
	if g == nil {
		return nil, &ownership.Rejection{Code: ownership.RejectIncompatible, Text: fmt.Sprintf("it does not run game %s", o.Game)}
	}
	if bytes.Equal(o.Schema, g.schema) {
		return nil, nil
	}
	older, err := state.ParsePeerSchema(o.Schema)
	if err != nil {
		return nil, &ownership.Rejection{Code: ownership.RejectIncompatible, Text: fmt.Sprintf("game %s: the leader's schema cannot be read: %v", o.Game, err)}
	}
	if from := older.PeerFingerprint(); !slices.Contains(g.Migrates, from) {
		return nil, &ownership.Rejection{Code: ownership.RejectIncompatible,
			Text: fmt.Sprintf("game %s: it takes over no rooms of version %016x; that would have to be in the game's Migrates", o.Game, from)}
	}
	return older, nil
}

// misfitTime is how long the word of a server that it takes no rooms of a version counts, as long as its process is the
// same: a refusal may have come from the process before, just as that was replaced.
const misfitTime = time.Minute

// misfit is a server whose version of a game takes none of the rooms led here.
type misfit struct {
	server string
	game   proto.GameName
}

// misfits are at most the servers of a fleet's history times the games. Guarded by Registry.mu.
type misfits struct {
	by      map[misfit]rejectedBy
	changed bool // since the rooms' orders were made
}

// rejectedBy is which process said so: a server that was restarted is asked anew.
type rejectedBy struct {
	boot  string
	until time.Time
}

// fits reports whether m may take rooms of game that are led here, as far as it is known.
func (f *misfits) fits(game proto.GameName, m membership.Member) bool {
	by, rejected := f.by[misfit{string(m.Name), game}]
	return !rejected || by.boot != m.Boot
}

// expire forgets what is outdated.
func (f *misfits) expire() {
	for k, by := range f.by {
		if time.Now().After(by.until) {
			delete(f.by, k)
			f.changed = true
		}
	}
}

// fits is misfits.fits.
func (r *Registry) fits(game proto.GameName, m membership.Member) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.misfits.fits(game, m)
}

// incompatible notes that server's version of e's game takes none of the rooms led here. Called with e.mu held.
func (r *Registry) incompatible(e *entry, server, why string) {
	f := r.current()
	m := f.member(server)
	r.mu.Lock()
	fresh := r.misfits.fits(e.game, m)
	r.misfits.by[misfit{server, e.game}] = rejectedBy{m.Boot, time.Now().Add(misfitTime)}
	r.misfits.changed = true
	r.mu.Unlock()
	e.look(true) // before the machine chooses another standby
	if game := e.game; fresh {
		e.later = append(e.later, func() {
			r.log.Warn("a server takes no rooms of this version of the game", "game", game, "server", server, "version", m.Version, "error", why)
		})
	}
}

const (
	endsText     = "this server is to be replaced by a version that cannot go on with this room: the room ends with the server"
	endsSoonText = endsText + ", in %v"
	staysText    = "the room stays"
)

// strand tells the players of a room that this draining server keeps, since all others run versions that cannot take it,
// or that it does not any more. Called with e.mu held.
func (e *entry) strand(f *fleet) {
	r := e.r
	r.mu.Lock()
	end := r.drainEnd
	stranded := f.Draining && len(r.misfits.by) > 0 && r.misfits.alone(e.game, f, r.self)
	r.mu.Unlock()
	if stranded == e.stranded {
		return
	}
	e.stranded = stranded
	if !stranded {
		_ = e.led.QueueNotice(proto.NoticeStays, staysText) // an ended room has nobody to tell
		return
	}
	text := endsText
	if !end.IsZero() {
		text = fmt.Sprintf(endsSoonText, time.Until(end).Round(time.Second))
	}
	_ = e.led.QueueNotice(proto.NoticeEnds, text)
	game, epoch := e.game, e.machine.Epoch()
	e.later = append(e.later, func() {
		r.log.Warn("no other server can take the room over: it ends with this one", "room", e.id, "game", game, "until", end)
		r.history.add(Event{Kind: EventStays, Room: e.id, From: r.self, Why: "version", Epoch: epoch})
	})
}

// alone reports whether there are other serving servers, and none that takes rooms of game.
func (f *misfits) alone(game proto.GameName, fleet *fleet, self string) bool {
	others := 0
	for _, m := range fleet.view.Members {
		if string(m.Name) != self && m.Role == membership.GameServer && m.State == membership.Serving {
			if f.fits(game, m) {
				return false
			}
			others++
		}
	}
	return others > 0
}
