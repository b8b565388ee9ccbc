package registry

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// announced is how often the newest stream of a room to server was told of probation.
func (s *server) announced(server string, id proto.RoomID) (n int) {
	if st := s.links.last(server, id); st != nil {
		st.note(func() { n = st.probation })
	}
	return n
}

// orphans makes n rooms that l has led and b has a replica of too, and kills l.
func (s *server) orphans(n int) (ids []proto.RoomID) {
	var leaders []*leader
	for _, id := range homedTimes(s.t, n, []string{"a", "b"}, "a") { // so that none moves home
		l := s.follows(id)
		l.to.Updated(l.epoch, true, []string{"b"})
		leaders, ids = append(leaders, l), append(ids, l.open.Room)
	}
	s.links.set("l", fails(replication.ErrGone))
	s.members.Lose("l", membership.Exited)
	for _, l := range leaders {
		l.to.Lost(replication.ErrBroken)
	}
	return ids
}

// turn gives the rooms whose first tick is announced, and has not been.
func (s *server) turn(ids []proto.RoomID) (on []proto.RoomID) {
	for _, id := range ids {
		if i, _ := s.Find(id); s.announced("b", id) > 0 && i.Reasons != "" {
			on = append(on, id)
		}
	}
	return on
}

// After a leader's death one room at a time is announced, runs its first tick once that was noted, and makes way for the next.
func TestOneRoomAtATimeIsOnProbation(t *testing.T) {
	serve(t, []string{"b", "l"}, func(t *testing.T, s *server) {
		s.links.prompt = true
		ids := s.orphans(4)
		s.pass(150 * time.Millisecond)
		seen := map[proto.RoomID]bool{}
		for range ids {
			on := s.turn(ids)
			if len(on) != 1 || seen[on[0]] {
				t.Fatalf("rooms %v are announced, %v were", on, seen)
			}
			id := on[0]
			seen[id] = true
			before := s.tick(id)
			s.pass(time.Second) // nothing happens before the standby has noted it
			if after := s.tick(id); after != before {
				t.Errorf("room %s ticks from %d to %d before that is noted", id, before, after)
			}
			s.links.last("b", id).events.Probation()
			s.pass(20 * time.Millisecond)
			if n := s.announced("b", id); n != 1 {
				t.Errorf("room %s: announced %d times", id, n)
			}
		}
		s.pass(time.Second)
		for _, id := range ids {
			if i, _ := s.Find(id); i.Tick < 10 || i.Reasons != "" {
				t.Errorf("room %s is at tick %d, suspended for %q", id, i.Tick, i.Reasons)
			}
		}
	})
}

// The next room goes on when the one on probation ends, or its standby is lost.
func TestProbationEndsWithRoomOrStandby(t *testing.T) {
	serve(t, []string{"b", "l"}, func(t *testing.T, s *server) {
		s.links.prompt = true
		ids := s.orphans(3)
		s.pass(150 * time.Millisecond)
		first := s.turn(ids)
		_ = s.find(first[0]).led.QueueStop(proto.CloseEnded, "")
		s.pass(50 * time.Millisecond)
		var rest []proto.RoomID
		for _, id := range ids {
			if id != first[0] {
				rest = append(rest, id)
			}
		}
		second := s.turn(rest)
		if len(second) != 1 {
			t.Fatalf("rooms %v are announced after one has ended", second)
		}
		s.links.last("b", second[0]).events.Lost(replication.ErrGone)
		s.pass(time.Second)
		third := s.turn(rest)
		if i, _ := s.Find(second[0]); i.Reasons != "" && len(third) != 1 {
			t.Errorf("suspended for %q, rooms %v are announced", i.Reasons, third)
		}
		for range 5 {
			for _, id := range s.turn(rest) {
				s.links.last("b", id).events.Probation()
			}
			s.pass(300 * time.Millisecond)
		}
		for _, id := range rest {
			if i, _ := s.Find(id); i.Reasons != "" {
				t.Errorf("room %s is suspended for %q", id, i.Reasons)
			}
		}
	})
}

// No room runs its first tick before every room that is taken over at the same time has a replica elsewhere: the first tick may
// kill this server.
func TestFirstTickWaitsForReplicasOfAllRooms(t *testing.T) {
	serve(t, []string{"b", "l"}, func(t *testing.T, s *server) {
		s.links.prompt = true
		slow := s.follows("slow") // its leader's link ends a little later than that of the others
		slow.to.Updated(slow.epoch, true, []string{"b"})
		ids := s.orphans(2)
		s.pass(20 * time.Millisecond)
		if on := s.turn(ids); len(on) != 0 {
			t.Errorf("rooms %v are announced while another has no replica elsewhere", on)
		}
		slow.to.Lost(replication.ErrBroken)
		s.pass(20 * time.Millisecond)
		if on := s.turn(append(ids, "slow")); len(on) != 1 {
			t.Errorf("rooms %v are announced when all have one", on)
		}
	})
}

// A replica that cannot be led, or whose standby does not come, delays the others only a moment.
func TestFirstTickDoesNotWaitForEver(t *testing.T) {
	serve(t, []string{"b", "l"}, func(t *testing.T, s *server) {
		ids := s.orphans(2) // b acknowledges nothing
		s.pass(time.Second)
		for _, id := range ids {
			if i, _ := s.Find(id); i.Reasons != "" {
				t.Errorf("room %s is suspended for %q", id, i.Reasons)
			}
		}
	})
}

// At the standby the announcement is acknowledged, and counts when the leader dies: the room is over, and its players are told.
func TestAnnouncedRoomIsNotTakenOver(t *testing.T) {
	for _, ticked := range []bool{false, true} {
		serve(t, []string{"l"}, func(t *testing.T, s *server) {
			l := s.follows("r")
			l.to.Probation()
			if l.back.noted != 1 {
				t.Errorf("noted %d times", l.back.noted)
			}
			if !s.answers("r").Announced {
				t.Error("it does not say so")
			}
			if ticked {
				if err := l.tick(); err != nil {
					t.Fatal(err)
				}
			}
			l.leads()
			back := spec("r")
			back.Seen, back.Hold = l.epoch, true
			waits := s.entering(back)
			l.dies()
			synctest.Wait()
			err := <-waits
			if ticked {
				if err != nil || !s.leads("r") {
					t.Errorf("got %v, answers %+v", err, s.answers("r"))
				}
				return
			}
			wantRefusal(t, err, proto.CloseCrashed)
			s.pass(time.Second)
			if got := s.answers("r"); got.Holding != ownership.Over || s.happened(EventLost) != 1 {
				t.Errorf("answers %+v, %d events", got, s.happened(EventLost))
			}
		})
	}
}
