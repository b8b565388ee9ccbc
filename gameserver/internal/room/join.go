package room

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// Join is a client that wants to enter. Its ticket has been verified, unless it shows nothing but a resume token.
type Join struct {
	Client    Client
	Player    proto.PlayerID
	Name      string
	Proven    uint32          // when Player last proved its identity, in Unix seconds; 0: not known. See game.Entrant
	Claims    json.RawMessage // for the game, see game.Admitter
	Spectator bool
	// Resume, when not empty, takes up the seat with this token. If there is none, Player (of a ticket that was shown
	// too) joins as if new; without a Player the client is closed with CloseSeat.
	Resume []byte
	// Seen is the newest epoch that the client has been in. It counts only if Resume is the token of a seat here.
	Seen proto.Epoch
	// Waits says that the client still plays over another connection (proto.HelloWait). That connection continues unless it
	// got a reconnect request.
	Waits bool
	// Expired is set for a spectator that waits and whose ticket has expired: it can only replace a connection of its own.
	Expired bool
}

// QueueJoin asks for a seat, or a place to watch. The answer, at the next tick, is a welcome and a keyframe to the client, or a
// Close. After an error (ErrFull, ErrStopped) the room does nothing with the client.
func (r *Room) QueueJoin(j Join) (*Occupant, error) {
	if j.Player == "" && !j.Spectator && len(j.Resume) == 0 {
		return nil, errors.New("join without a player, a resume token or the wish to watch")
	}
	o := &Occupant{
		room:      r,
		client:    j.Client,
		player:    j.Player,
		name:      j.Name,
		proven:    j.Proven,
		claims:    j.Claims,
		spectator: j.Spectator,
		resume:    bytes.Clone(j.Resume),
		seen:      j.Seen,
		waits:     j.Waits,
		expired:   j.Expired,
		seat:      proto.NoSeat,
		arrived:   noInput,
	}
	err := r.inbox.queueJoin(o)
	if err == ErrFull {
		r.metrics.InboxFull.Inc()
	}
	if err != nil {
		return nil, err
	}
	return o, nil
}

// admit gives o its place, or closes it.
func (r *Room) admit(o *Occupant) {
	text, banned := r.banned(o.player)
	switch {
	case o.state == outside: // it was put off, and left meanwhile
	case banned: // since the ticket was checked
		r.refuse(o, proto.CloseKicked, text)
	case r.outranked(o):
		r.refuse(o, proto.CloseOverloaded, fmt.Sprintf("which server leads room %s is being checked; try again in a moment", r.spec.ID))
	case o.spectator && o.waits:
		r.replaceSpectator(o)
	case o.spectator:
		r.watch(o)
	case o.waits && len(o.resume) > 0:
		r.replacePlayer(o)
	case len(o.resume) > 0:
		r.resume(o)
	default:
		r.join(o)
	}
}

// watch gives o a place to watch. A player has one of them: a newer connection replaces the older one.
func (r *Room) watch(o *Occupant) {
	old := r.watcher(o.player)
	if old != nil {
		r.remove(old)
		old.client.Close(proto.CloseReplaced, "")
	}
	if old == nil && r.sim.Locked() && o.seen.Instance != r.instance { // who was here before may come back
		r.refuse(o, proto.CloseFull, fmt.Sprintf("room %s is locked; choose another room", r.spec.ID))
		return
	}
	if most := r.settings.Watchers(); len(r.spectators) >= most {
		text := fmt.Sprintf("%d clients watch this room already; try again later", most)
		if most == 0 {
			text = fmt.Sprintf("nobody may watch room %s; enter it as a player", r.spec.ID)
		}
		r.refuse(o, proto.CloseFull, text)
		return
	}
	o.state, o.flags = entered, proto.WelcomeSpectator
	r.spectators = append(r.spectators, o)
	r.metrics.Spectators.Inc()
}

// watcher is the connection by which player watches; nil: there is none.
func (r *Room) watcher(player proto.PlayerID) *Occupant {
	i := slices.IndexFunc(r.spectators, func(o *Occupant) bool { return o.player == player })
	if i < 0 || player == "" {
		return nil
	}
	return r.spectators[i]
}

// resume takes up the seat that o has the token of, whoever is in it.
func (r *Room) resume(o *Occupant) {
	seat, ok := r.sim.Resume(o.resume)
	switch {
	case ok:
		o.flags = proto.WelcomeResumed
		r.sit(o, seat, true)
	case o.player != "":
		r.join(o)
	default:
		r.refuse(o, proto.CloseSeat, "")
	}
}

// join gives a new player a seat and one who has a seat that one.
func (r *Room) join(o *Occupant) {
	seat, again, err := r.sim.Join(game.Entrant{ID: o.player, Name: o.name, Secret: game.NewSecret(), Proven: o.proven, Claims: o.claims})
	if errors.Is(err, game.ErrTaken) {
		r.refuse(o, proto.CloseSeat, "this ticket, or a newer one, has taken the seat already; a new ticket of the router takes it over")
		return
	}
	if errors.Is(err, game.ErrLocked) {
		r.refuse(o, proto.CloseFull, fmt.Sprintf("room %s is locked and takes no more players; choose another room", r.spec.ID))
		return
	}
	if err != nil && r.sim.Undecided() && r.inbox.queueJoin(o) == nil {
		return // put off: a seat may be free after the next tick
	}
	if err != nil {
		r.refuse(o, proto.CloseFull, fmt.Sprintf("all %d seats of room %s are taken; choose another room", r.settings.Seats, r.spec.ID))
		return
	}
	if again {
		o.flags = proto.WelcomeResumed
	}
	r.sit(o, seat, again)
}

// giveUp takes an occupant out whose join was put off, see join.
func (r *Room) giveUp(o *Occupant, kind itemKind) {
	switch kind {
	case itemLost:
		o.state = outside
	case itemLeave:
		r.refuse(o, proto.CloseLeft, "")
	}
}

// sit puts o into seat; a client of the same player that is still there is replaced. held: the seat was taken before. Each
// connection is told a resume token of its own, see game.Simulation.Token.
func (r *Room) sit(o *Occupant, seat proto.Seat, held bool) {
	o.played = held
	if old := r.seats[seat]; old != nil {
		o.played = old.played
		r.remove(old)
		old.client.Close(proto.CloseReplaced, "")
	}
	o.state, o.seat, o.renews, o.claims = entered, seat, true, nil
	r.seats[seat] = o
	r.connected++
	r.metrics.Players.Inc()
}

// refuse closes a client that was not let in.
func (r *Room) refuse(o *Occupant, code proto.CloseCode, text string) {
	o.state = outside
	o.client.Close(code, text)
}

// appendWelcome appends o's welcome as of the tick just made.
func (r *Room) appendWelcome(b []byte, o *Occupant) []byte {
	w := proto.Welcome{
		Version:  proto.Version, // as long as it is the only one; Admission.Enter of package session has the client's
		Flags:    o.flags,
		Room:     r.spec.ID,
		Game:     r.spec.Game,
		Seat:     o.seat,
		TickRate: uint8(r.settings.TickRate),
		Tick:     r.sim.Tick(),
		Epoch:    r.epoch,
		Server:   r.epoch.Server,
		Schema:   r.schema,
	}
	if r.pool.config.Checks {
		w.Flags |= proto.WelcomeChecks
	}
	if !o.spectator {
		p, _ := r.sim.Player(o.seat)
		w.Alias, w.Processed, w.Resume = p.Alias, r.sim.Processed(o.seat), r.sim.Token(o.seat)
	}
	if r.spec.Fallbacks != nil {
		w.Fallbacks = r.spec.Fallbacks()
		w.Fallbacks = w.Fallbacks[:min(len(w.Fallbacks), proto.MaxFallbacks)]
	}
	return w.Append(b)
}
