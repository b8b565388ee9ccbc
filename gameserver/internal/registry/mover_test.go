package registry

import (
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// finals is how many rooms were handed to server so far.
func (l *testLinks) finals(server string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.streams {
		if s.server == server {
			s.note(func() { n += len(s.finals) })
		}
	}
	return n
}

// takeAll makes the servers of all streams lead what it is handed, and say so when it is asked.
func (s *server) takeAll() {
	s.links.mu.Lock()
	streams := slices.Clone(s.links.streams)
	s.links.mu.Unlock()
	for _, st := range streams {
		st.mu.Lock()
		finals := st.finals
		st.finals = nil
		st.mu.Unlock()
		for _, f := range finals {
			s.taken++
			s.links.set(st.server, says(ownership.Answer{Holding: ownership.Leading, Leader: st.server, Epoch: f.Epoch}))
			st.events.Took(f.Epoch)
		}
	}
	synctest.Wait()
}

// A draining server waits until it knows who else drains, and then hands its rooms off at an even rate, to the first server in
// each room's order that serves.
func TestDrainRate(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		s.links.prompt = true
		for _, id := range homedTimes(t, 30, names, "a", "c", "b") {
			s.creates(id)
		}
		s.pass(time.Second)
		s.Drain(time.Time{})
		s.members.Set(member("b"), draining("c"))
		s.pass(drainSettle - time.Millisecond)
		if n := s.mover.count(); n != 0 {
			t.Errorf("%d moves before others can be known to drain", n)
		}
		most := 0
		for begun := time.Now(); s.taken < 30 && time.Since(begun) < 10*time.Second; {
			s.pass(50 * time.Millisecond)
			most = max(most, s.mover.count())
			s.takeAll()
		}
		if s.taken != 30 || s.links.finals("c") != 0 {
			t.Errorf("%d rooms were taken, %d went to a server that drains", s.taken, s.links.finals("c"))
		}
		if most == 0 || most > 32 {
			t.Errorf("%d moves at once", most)
		}
		if got := s.happened(EventMove); got != 30 {
			t.Errorf("%d events", got)
		}
	})
}

// A move that fails is tried again, though nothing else changes.
func TestFailedMoveIsTriedAgain(t *testing.T) {
	names := []string{"a", "b"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		id := homed(t, names, "a", "b")
		s.creates(id)
		s.Drain(time.Time{})
		s.pass(20 * time.Second) // b never catches up
		if n := s.happened(EventFailed); n < 2 || n > 6 {
			t.Errorf("%d moves have failed", n)
		}
		s.links.prompt = true
		s.links.last("b", id).events.Lost(nil)
		s.pass(15 * time.Second)
		if n := s.links.finals("b"); n == 0 {
			t.Error("the room is not handed over")
		}
	})
}

// A room goes home when the view has settled, one that was moved on request stays until placement changes.
func TestRebalancing(t *testing.T) {
	names := []string{"a", "b"}
	serve(t, nil, func(t *testing.T, s *server) {
		s.links.prompt = true
		id, stays := homed(t, names, "b"), homed(t, names, "a")
		s.creates(id)
		s.creates(stays)
		s.members.Set(members("b")...)
		s.pass(homeSettle - 10*time.Millisecond)
		if n := s.mover.count(); n != 0 {
			t.Errorf("%d rooms move before the view has settled", n)
		}
		s.pass(2 * prepareTime)
		if n := s.links.finals("b"); n == 0 {
			t.Error("the room does not go home")
		}
		if b := s.links.last("b", stays); b == nil || len(b.finals) != 0 {
			t.Error("a room that is at home moves")
		}
	})
}

// A room that begins to be led while nothing else changes is moved home or drained all the same.
func TestNewRoomIsMoved(t *testing.T) {
	names := []string{"a", "l"}
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		s.links.prompt = true
		l := s.follows(homed(t, names, "l"))
		s.pass(time.Minute) // the mover has nothing to do and sleeps
		l.final(false)
		s.pass(time.Minute)
		if n := s.links.finals("l"); n == 0 {
			t.Error("the room does not go home")
		}
	})
}

// A change that comes just after the mover has looked is not missed.
func TestChangeJustAfterScan(t *testing.T) {
	names := []string{"a", "l"}
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		s.links.prompt = true
		l := s.follows(homed(t, names, "l"))
		s.pass(time.Minute)
		s.mover.wake()
		s.pass(10 * time.Millisecond)
		l.final(false)
		s.pass(10 * time.Second)
		if n := s.links.finals("l"); n == 0 {
			t.Error("the room does not go home")
		}
	})
}

// Players of a draining server's room that no other server can take are told so, once; and when that has changed.
func TestStrandedRoom(t *testing.T) {
	names := []string{"a", "b"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		id := homed(t, names, "a", "b")
		c := s.creates(id)
		s.links.last("b", id).events.Rejected(ownership.Rejection{Code: ownership.RejectIncompatible, Text: "no"})
		s.pass(time.Second)
		s.Drain(time.Now().Add(time.Minute))
		s.pass(2 * time.Second)
		notices := func() (n int) {
			c.note(func() {
				for _, k := range c.events {
					if k == proto.KindNotice {
						n++
					}
				}
			})
			return n
		}
		if n := notices(); n != 1 || s.happened(EventStays) != 1 || s.logs.count("it ends with this one") != 1 {
			t.Errorf("%d notices, %d events", n, s.happened(EventStays))
		}
		s.Undrain()
		s.pass(homeSettle + time.Second)
		if n := notices(); n != 2 || !s.leads(id) {
			t.Errorf("%d notices after the drain was called off", n)
		}
	})
}

// A server that takes no rooms of a version is asked once for all of them, and again when its process is another one or a
// minute is over.
func TestIncompatibleServers(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		ids := homedTimes(t, 3, names, "a", "b", "c")
		s.creates(ids[0])
		s.links.last("b", ids[0]).events.Rejected(ownership.Rejection{Code: ownership.RejectIncompatible, Text: "no"})
		s.pass(time.Millisecond)
		if s.links.last("c", ids[0]) == nil || len(s.links.to("b", ids[0])) != 1 {
			t.Error("the next one in the order was not asked")
		}
		s.creates(ids[1])
		if s.links.last("b", ids[1]) != nil || s.links.last("c", ids[1]) == nil {
			t.Error("another room's leader asks it again")
		}
		if n := s.logs.count("takes no rooms of this version"); n != 1 {
			t.Errorf("it is logged %d times", n)
		}
		b := member("b")
		if s.fits("count", b) || !s.fits("other", b) {
			t.Error("it is not the game that counts")
		}
		b.Boot = "new"
		s.members.Set(b, member("c"))
		s.pass(time.Millisecond)
		s.creates(ids[2])
		if s.links.last("b", ids[2]) == nil {
			t.Error("another process of that name is not asked")
		}
		s.links.last("b", ids[2]).events.Rejected(ownership.Rejection{Code: ownership.RejectIncompatible, Text: "no"})
		s.pass(misfitTime + time.Second)
		if !s.fits("count", b) || len(s.misfits.by) != 0 {
			t.Error("the word of a server counts for ever")
		}
	})
}

// Whether a draining server keeps a room because of the others' versions.
func TestAlone(t *testing.T) {
	s := newServer(t, []string{"b"})
	alone := func() bool { return s.misfits.alone("count", s.look(s.members.View()), "a") }
	if alone() {
		t.Error("alone beside a server that was not asked")
	}
	s.misfits.by[misfit{"b", "count"}] = rejectedBy{"boot-b", time.Now().Add(misfitTime)}
	if !alone() {
		t.Error("not alone beside one that takes no rooms")
	}
	router := member("r")
	router.Role = membership.Router
	s.members.Set(draining("b"), router)
	if alone() {
		t.Error("alone where nobody serves: that is no matter of versions")
	}
}

// Which leaders a server stands by for, by the schema that they name.
func TestVersions(t *testing.T) {
	old := counters("count")
	one, err := new(Registry).host(old)
	if err != nil {
		t.Fatal(err)
	}
	next, strict := counters2(nil, one.fingerprint), counters2(nil)
	two, err := new(Registry).host(next)
	if err != nil {
		t.Fatal(err)
	}
	alone, err := new(Registry).host(strict)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		here   *hosted
		game   proto.GameName
		schema []byte
		want   bool
	}{
		"the same":                     {one, "count", one.schema, true},
		"an older one":                 {two, "count", one.schema, true},
		"an older one that is unknown": {alone, "count", one.schema, false},
		"a newer one":                  {one, "count", two.schema, false},
		"no schema":                    {one, "count", nil, false},
		"another game":                 {one, "chess", one.schema, false},
	} {
		s := newServer(t, []string{"l"})
		s.games["count"] = c.here
		l := s.newLeader("r", old)
		l.open.Game, l.open.Schema = c.game, c.schema
		l.offer()
		if r, ok := l.err.(*ownership.Rejection); (l.err == nil) != c.want || ok && r.Code != ownership.RejectIncompatible {
			t.Errorf("%s: %v", name, l.err)
		}
	}
}

// A drain passes by a server that sees too little of the fleet, though it is the next in the room's order and stands by.
func TestDrainNeedsTargetWithQuorum(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		s.links.prompt = true
		id := homed(t, names, "a", "b", "c")
		s.creates(id)
		b := member("b")
		b.Standing = membership.CutOff
		s.members.Set(b, member("c"))
		s.pass(time.Second)
		s.Drain(time.Time{})
		s.pass(20 * time.Second)
		if toB, toC := s.links.finals("b"), s.links.finals("c"); toB != 0 || toC == 0 {
			t.Errorf("handed over %d times to b, which has no quorum, and %d times to c", toB, toC)
		}
	})
}
