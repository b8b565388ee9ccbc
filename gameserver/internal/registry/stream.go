package registry

import (
	"errors"
	"slices"
	"sync/atomic"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// stream is the leader's end of one stream: room.Standby for the room, replication.StreamEvents for the link.
type stream struct {
	e      *entry
	id     int
	server string
	acked  func(id int, tick proto.Tick) // of the room
	ready  func(id, waiting int)
	stale  func(id int)
	out    Stream
	caught atomic.Bool // the standby has acknowledged something
	stay   atomic.Bool // a room that is handed over stays there
}

// open opens a stream to a standby.
func (e *entry) open(a ownership.Open) {
	r, led := e.r, e.led
	if led == nil {
		return
	}
	s := &stream{e: e, id: a.ID, server: a.Server, acked: led.Acked, ready: led.Ready, stale: led.NeedKeyframe}
	e.streams[a.ID] = s
	s.out = r.config.Links.Open(a.Server, r.current().address(a.Server), replication.Open{
		Room: e.id, Game: e.game, Options: e.options, Schema: r.games[e.game].schema, Epoch: e.machine.Epoch(),
		Process: r.machine.Self.Boot, Others: without(e.machine.Standbys(), a.Server), HasBase: a.Base, Base: e.base, BaseEpoch: a.From,
	}, s)
	_ = led.QueueStandby(a.ID, s, e.base, a.Base)
}

// without are the servers beside server that may have a replica: as many as a standby is told of.
func without(names []string, server string) []string {
	names = slices.DeleteFunc(slices.Clone(names), func(n string) bool { return n == server })
	return names[:min(len(names), replication.MaxOthers)]
}

// setOthers keeps who may have a replica, for the final tick.
func (e *entry) setOthers() {
	names := slices.Clone(e.machine.Standbys())
	e.others.Store(&names)
}

// update tells all standbys the epoch, whether they have been heard, and who else has a replica.
func (e *entry) update() {
	e.setOthers()
	for _, s := range e.streams {
		s.out.QueueUpdate(e.machine.Epoch(), s.caught.Load(), without(e.machine.Standbys(), s.server))
	}
}

// remove ends a stream; outcomes do not wait for the standby any more.
func (e *entry) remove(a ownership.Remove) {
	if s := e.streams[a.ID]; s != nil {
		s.out.Stop(a.Why)
		delete(e.streams, a.ID)
	}
	if e.led != nil {
		_ = e.led.QueueRemoveStandby(a.ID)
	}
}

// tell gives the machine an event of s, unless another stream has taken its place.
func (s *stream) tell(f func() ownership.Event) {
	e := s.e
	e.r.posts.add(func() {
		e.mu.Lock()
		defer e.unlock()
		if e.streams[s.id] == s || e.handoff == s {
			e.step(f())
		}
	})
}

// QueueKeyframe, QueueTick, QueueFinal and QueueHanded are room.Standby's.
func (s *stream) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	return s.out.QueueKeyframe(tick, public, secret)
}

func (s *stream) QueueTick(tick proto.Tick, public, secret []byte) bool {
	return s.out.QueueTick(tick, public, secret)
}

func (s *stream) QueueFinal(last replication.FinalTick) bool {
	if names := s.e.others.Load(); names != nil {
		last.Others = without(*names, s.server)
	}
	last.Stay = s.stay.Load()
	return s.out.QueueFinal(last)
}

func (s *stream) QueueHanded(leader string, epoch proto.Epoch) { s.out.QueueHanded(leader, epoch) }

// Acked and the methods below are replication.StreamEvents'.
func (s *stream) Acked(tick proto.Tick) {
	s.acked(s.id, tick)
	if !s.caught.Swap(true) {
		s.tell(func() ownership.Event { return ownership.StandbyCaught{ID: s.id, Boot: s.out.Process()} })
	}
}

func (s *stream) Ready(waiting int) { s.ready(s.id, waiting) }

func (s *stream) NeedKeyframe() { s.stale(s.id) }

func (s *stream) Probation() {
	s.tell(func() ownership.Event { return ownership.StandbyAnnounced{ID: s.id} })
}

func (s *stream) Took(epoch proto.Epoch) {
	s.tell(func() ownership.Event { return ownership.StandbyTook{ID: s.id, Epoch: epoch} })
}

func (s *stream) Rejected(j ownership.Rejection) {
	s.tell(func() ownership.Event {
		if j.Code == ownership.RejectIncompatible {
			s.e.r.incompatible(s.e, s.server, j.Text)
		}
		if j.Code == ownership.RejectSize {
			s.e.later = append(s.e.later, func() {
				s.e.r.log.Warn("a room is too large for a standby: it is lost with this server", "room", s.e.id, "error", j.Text)
			})
		}
		return ownership.StandbyRejected{ID: s.id, Rejection: j}
	})
}

func (s *stream) Lost(err error) {
	if errors.Is(err, replication.ErrStopped) {
		return
	}
	s.tell(func() ownership.Event {
		return ownership.StandbyLost{ID: s.id, Evidence: evidence(err), Boot: s.out.Process()}
	})
}
