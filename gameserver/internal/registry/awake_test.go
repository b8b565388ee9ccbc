package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

func goneAll(context.Context, string, proto.RoomID) (replication.Answer, error) {
	return replication.Answer{}, replication.ErrGone
}

// A process that stood still takes nothing over and makes nothing before it has had the time to hear who came meanwhile: the
// room may be with a server that it has never seen.
func TestNothingIsDoneHalfAwake(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "s", goneAll, "l")
		s.serve(func() {
			mine := homed(t, []string{"l", "s"}, "s")
			c := s.copyOf(t, &hearing{})
			s.Stalled(3 * time.Second)
			c.Lost(errors.New("broke"))
			wantRefusal(t, s.enter(t.Context(), spec(mine)), proto.CloseOverloaded)
			time.Sleep(wakeTime - 100*time.Millisecond)
			if got := s.Holding("x", "r"); got.Holding != replication.Following {
				t.Errorf("half awake it has %+v", got)
			}
			time.Sleep(time.Second)
			if got := s.Holding("x", "r"); got.Holding != replication.Leading {
				t.Errorf("awake it has %+v", got)
			}
			if err := s.enter(t.Context(), spec(mine)); err != nil {
				t.Errorf("awake it makes no room: %v", err)
			}
		})
	})
}

// It finds out by itself, without a room that ticks, and before it acts.
func TestStandingStillIsNoticed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "s", goneAll, "l")
		at := func(since time.Duration) (drowsy bool) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.drowsy(time.Now().Add(since))
		}
		if at(0) || at(time.Hour) {
			t.Error("drowsy before it has begun")
		}
		s.look(time.Now())
		if at(0) || at(stallTime-1) || !at(stallTime) {
			t.Error("standing still is not noticed")
		}
		time.Sleep(time.Minute)
		s.look(time.Now())
		if !at(0) || !at(lookInterval) {
			t.Error("what was noticed is forgotten at once")
		}
		for range wakeTime / lookInterval {
			time.Sleep(lookInterval)
			s.look(time.Now())
		}
		if at(0) {
			t.Error("it does not wake up")
		}
	})
}

// Who takes over goes on in an epoch above those that the waiting clients have seen, within reason.
func TestWaitingClientsHaveSeenMore(t *testing.T) {
	for _, c := range []struct{ seen, want uint32 }{{0, 2}, {1, 2}, {4, 5}, {1 + maxSeen, 2 + maxSeen}, {2 + maxSeen, 2}, {1 << 31, 2}} {
		w := waiting{{seen: proto.Epoch{Counter: c.seen, Server: "x"}}, {seen: proto.Epoch{Counter: 1, Server: "l"}}}
		if got := w.above(proto.Epoch{Counter: 1, Server: "l"}, "s"); got != (proto.Epoch{Counter: c.want, Server: "s"}) {
			t.Errorf("seen %d: %v, want %d", c.seen, got, c.want)
		}
	}
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "s", goneAll, "l")
		rooms, err := room.NewPool(room.DefaultConfig()) // that is not running: no room ticks
		if err != nil {
			t.Fatal(err)
		}
		s.Registry.pool = rooms
		s.serve(func() {
			s.copyOf(t, &hearing{})
			later := spec("r")
			later.Seen = proto.Epoch{Counter: 3, Server: "x"}
			if err := s.enter(t.Context(), later); err != nil {
				t.Fatal(err)
			}
			want := proto.Epoch{Counter: 4, Server: "s"}
			if got := s.Holding("x", "r"); got.Holding != replication.Leading || got.Epoch != want {
				t.Errorf("it is led in %v, want %v", got.Epoch, want)
			}
			// One who comes later has seen more yet: the room goes on above that, for as long as this may be so.
			later.Seen.Counter = 7
			if err := s.enter(t.Context(), later); err != nil {
				t.Fatal(err)
			}
			if got := s.Holding("x", "r").Epoch.Counter; got != 8 {
				t.Errorf("it is led in %v, want 8", got)
			}
			time.Sleep(traceTime)
			later.Seen.Counter = 12
			wantRefusal(t, s.enter(t.Context(), later), proto.CloseLost)
		})
	})
}
