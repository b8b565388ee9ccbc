package registry

import (
	"bytes"
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// While a fleet is updated its servers run several versions of a game. A room is followed, and led on, by those whose game
// lays its state out in the same way, or says that it takes over that of the leader (game.Definition.Migrates).

// hosted is a game that this server runs.
type hosted struct {
	*game.Definition
	schema      []byte // of its rooms' state: state.Schema.AppendPeer
	fingerprint uint64 // of schema
}

func host(d *game.Definition) (*hosted, error) {
	s, err := d.Schema()
	if err != nil {
		return nil, fmt.Errorf("registry: %w", err)
	}
	return &hosted{d, s.AppendPeer(nil), s.PeerFingerprint()}, nil
}

// accepts says how a room is copied whose leader's schema is given: older is nil where that is the game's own. The
// refusal is for good: this process has nothing to do with such rooms.
func (r *Registry) accepts(o replication.Open) (older *state.Schema, refusal *replication.Refusal) {
	g := r.games[o.Game]
	if g == nil {
		return nil, &replication.Refusal{Code: replication.RefuseVersion, Text: fmt.Sprintf("it does not run game %s", o.Game)}
	}
	if bytes.Equal(o.Schema, g.schema) {
		return nil, nil
	}
	older, err := state.ParsePeerSchema(o.Schema)
	if err != nil {
		return nil, &replication.Refusal{Code: replication.RefuseVersion, Text: fmt.Sprintf("game %s: the leader's schema cannot be read: %v", o.Game, err)}
	}
	if from := older.PeerFingerprint(); !slices.Contains(g.Migrates, from) {
		return nil, &replication.Refusal{Code: replication.RefuseVersion,
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

// refusedBy is who said so: a server that was restarted is asked anew.
type refusedBy struct {
	boot  string
	until time.Time
}

// unfit notes that server's version of game takes none of the rooms led here. Called with mu held.
func (r *Registry) unfit(game proto.GameName, server, why string) {
	m, _ := r.members.View().Find(membership.ServerName(server))
	if !r.fits(game, m) {
		return
	}
	r.log.Warn("a server takes no rooms of this version of the game", "game", game, "peer", server, "version", m.Version, "error", why)
	r.misfits[misfit{server, game}] = refusedBy{m.Boot, time.Now().Add(misfitTime)}
}

// fits reports whether m may take rooms of game that are led here, as far as it is known. Called with mu held.
func (r *Registry) fits(game proto.GameName, m membership.Member) bool {
	k := misfit{string(m.Name), game}
	by, refused := r.misfits[k]
	if refused && (by.boot != m.Boot || time.Now().After(by.until)) {
		delete(r.misfits, k)
		refused = false
	}
	return !refused
}

// mayTake reports whether server can be asked to stand by for e, or to take it. Called with mu held.
func (r *Registry) mayTake(e *entry, l *leader, view *membership.View, server string, now time.Time) bool {
	if server == r.self || now.Before(l.avoid[server]) || l.feed(server).absent(now) {
		return false
	}
	if len(r.misfits) == 0 { // as good as always, and asked for each room ten times a second
		return true
	}
	m, _ := view.Find(membership.ServerName(server))
	return r.fits(e.game, m)
}

// candidates gives the first n servers in e's order that may take it. Called with mu held.
func (r *Registry) candidates(e *entry, l *leader, view *membership.View, n int, now time.Time) (servers []string) {
	if n == 0 {
		return nil
	}
	for _, s := range view.Placement().Order(nil, string(e.id), n+1+len(l.avoid)+len(l.feeds)+len(r.misfits)) {
		if len(servers) < n && r.mayTake(e, l, view, s, now) {
			servers = append(servers, s)
		}
	}
	return servers
}

// strand tells the players of a room that this draining server keeps, since all others run versions that cannot take it,
// or that it does not any more. Called with mu held.
func (r *Registry) strand(e *entry, view *membership.View) {
	stranded := r.draining && len(r.misfits) > 0 && r.alone(e.game, view)
	if l := e.leading; stranded != l.stranded {
		l.stranded = stranded
		if !stranded {
			_ = l.room.QueueNotice(proto.NoticeStays, staysText) // an ended room has nobody to tell
			return
		}
		text := endsText
		if left := time.Until(r.drainEnd); !r.drainEnd.IsZero() {
			text = fmt.Sprintf(endsSoonText, left.Round(time.Second))
		}
		r.log.Warn("no other server can take the room over: it ends with this one", "room", e.id, "game", e.game, "until", r.drainEnd)
		r.history.add(Event{Kind: EventStays, Room: e.id, From: r.self, Why: "version", Epoch: l.epoch})
		_ = l.room.QueueNotice(proto.NoticeEnds, text)
	}
}

const (
	endsText     = "this server is to be replaced by a version that cannot go on with this room: the room ends with the server"
	endsSoonText = endsText + ", in %v"
	staysText    = "the room stays"
)

// alone reports whether there are other serving servers, and none that takes rooms of game. Called with mu held.
func (r *Registry) alone(game proto.GameName, view *membership.View) bool {
	others := 0
	for _, m := range view.Members {
		if string(m.Name) != r.self && m.Role == membership.GameServer && m.State == membership.Serving {
			if r.fits(game, m) {
				return false
			}
			others++
		}
	}
	return others > 0
}
