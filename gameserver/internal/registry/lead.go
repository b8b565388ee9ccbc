package registry

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// leader is the role of the server that ticks a room. Guarded by Registry.mu, but for room, which is set before anybody
// else sees the leader.
type leader struct {
	room  *room.Room
	epoch proto.Epoch
	over  bool // the room has ended

	feeds []*feed              // one for each standby
	ids   int                  // of feeds handed out
	avoid map[string]time.Time // servers that refused to follow, until when they are not asked again

	stranded bool // its players were told that no other server can take it

	move   *move          // nil: none is under way
	moveAt time.Time      // when the next may begin
	fails  int            // handoffs that came to nothing in a row
	pinned *placement.Set // while this is the placement the room stays here: somebody asked for it

	still     bool      // the room is frozen or held, and may only go on after the others were asked
	since     time.Time // while still: since when nobody was sure that it is led here alone
	stillAt   time.Time // when it was last made to stand still
	unsure    time.Time // when it last went on after the loss of one that may have led the room in a later epoch
	examining bool      // somebody asks the others
	doubting  bool      // a client named a higher epoch, and somebody asks after it
}

// lead makes this server the leader of e's room, as s says: Sim, Epoch, and of a room that another led Resumed, Due, Pending
// and Enter. The rest is filled in here. before are the servers that led it or had a copy until now. On an error nothing
// has changed. Called with mu held.
//
// Outcomes wait for those as they do for a standby, until they say that they have nothing, refuse connections, or their
// lease is over (leaseTime): cut off or stopped, they may not know yet who leads, and must not find themselves alone with
// what others have seen decided otherwise.
func (r *Registry) lead(e *entry, s room.Spec, before ...string) error {
	l := &leader{epoch: s.Epoch, avoid: make(map[string]time.Time)}
	s.ID, s.Game = e.id, e.game
	s.Fallbacks = func() []string { return r.fallbacks(e.id) }
	s.Ended = func(*room.Room) { r.ended(e, l) }
	standbys := r.candidates(e, l, r.members.View(), r.standbys, time.Now())
	wanted := len(standbys)
	for _, b := range before {
		if b != r.self && !slices.Contains(standbys, b) {
			standbys = append(standbys, b)
		}
	}
	for i := range standbys {
		s.Standbys = append(s.Standbys, i)
	}
	led, err := r.pool.Start(s)
	if err != nil {
		return err
	}
	l.room = led
	r.running++
	e.making, e.following, e.leading = nil, nil, l
	delete(r.traces, e.id)
	delete(r.promises, e.id)
	delete(r.missed, e.id)
	for i, server := range standbys {
		f := r.attach(e, server)
		if i >= wanted {
			f.dismiss("another server leads the room")
		}
	}
	if r.frozen {
		r.freezeRoom(l)
	}
	return nil
}

// ended forgets a room that has ended by itself. Its standbys need not know where the server is stopping: then they go on
// with it.
func (r *Registry) ended(e *entry, l *leader) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if l.over {
		return
	}
	l.over = true
	r.running--
	if e.leading != l || r.rooms[e.id] != e {
		return // it was moved, or given up
	}
	r.remove(e)
	r.settle(l, errEnded)
	if r.stopped {
		return
	}
	r.leave(e.id, "", l.epoch)
	r.dismiss(l, "the room has ended")
}

// giveUp ends a led room for the one that server leads in a higher epoch. Called with mu held.
func (r *Registry) giveUp(e *entry, server string, epoch proto.Epoch) {
	l := e.leading
	r.log.Warn("another server leads the room in a higher epoch; this one gives it up", "room", e.id,
		"epoch", l.epoch, "leader", server, "higher", epoch)
	r.remove(e)
	r.leave(e.id, server, epoch)
	_ = l.room.QueueDepose(r.at(server, e.id, epoch)) // an ended room has given up already
	r.settle(l, errDeposed)
	r.dismiss(l, "another server leads the room")
	r.history.add(Event{Kind: EventDepose, Room: e.id, From: r.self, To: server, Epoch: epoch, Why: "higher epoch"})
}

// lose ends a led room that went on elsewhere, nobody knows where, or may have: what this server has of it is too old to
// go on from. Its players ask the router; if no other server has the room, they hear that it is lost. Called with mu held.
func (r *Registry) lose(e *entry, why string) {
	l := e.leading
	r.log.Error("a room is given up", "room", e.id, "epoch", l.epoch, "error", why)
	r.remove(e)
	_ = l.room.QueueDepose(proto.Moved{}) // an ended room is lost already
	r.settle(l, errDeposed)
	r.dismiss(l, why)
	r.history.add(Event{Kind: EventLost, Room: e.id, From: r.self, Epoch: l.epoch, Why: why})
}

// dismiss tells all standbys that they are not needed any more. Called with mu held.
func (r *Registry) dismiss(l *leader, why string) {
	for _, f := range l.feeds {
		f.end(why)
	}
	l.feeds = nil
}
