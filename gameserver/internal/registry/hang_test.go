package registry

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// A game that does not return while its room is created costs one goroutine: the client is told within a second, the next one that
// wants the same at once, and all other rooms go on.
func TestHangWhileARoomIsCreated(t *testing.T) {
	hung := 0
	serve(t, nil, func(t *testing.T, s *server) {
		s.creates("running")
		bad := Spec{Room: "x", Game: "count", Options: []byte(`{"nap":60000}`)}
		begun := time.Now()
		wantRefusal(t, s.enter(bad), proto.CloseCrashed)
		if took := time.Since(begun); took > time.Second {
			t.Errorf("told after %v", took)
		}
		begun = time.Now()
		bad.Room = "y"
		wantRefusal(t, s.enter(bad), proto.CloseCrashed)
		if took := time.Since(begun); took > 100*time.Millisecond {
			t.Errorf("the second client was told after %v", took)
		}
		if hung != 1 || s.happened(EventCrash) != 1 || s.logs.count("a game does not return") != 1 || s.Check() != nil ||
			testutil.ToFloat64(s.metrics.RoomsHung) != 1 {
			t.Errorf("%d goroutines, %d events, %v", hung, s.happened(EventCrash), s.Check())
		}
		before := s.tick("running")
		s.pass(time.Second)
		if n := s.tick("running") - before; n < 19 {
			t.Errorf("the other room made %d ticks in a second", n)
		}
		s.creates("x") // with other options
		time.Sleep(time.Minute)
	}, func(c *Config) { c.Hung = func() { hung++ } })
}

// A game that does not return while a replica is made keeps the link's goroutine for less than a second, and once only.
func TestHangInAReplica(t *testing.T) {
	serve(t, []string{"l"}, func(t *testing.T, s *server) {
		l := s.newLeader("r", counters("count"))
		l.open.Options = []byte(`{"nap":60000}`)
		for i, limit := range []time.Duration{time.Second, 0} {
			l.offer()
			begun := time.Now()
			var r *ownership.Rejection
			if err := l.keyframe(); !errors.As(err, &r) || r.Code != ownership.RejectGame || !strings.Contains(r.Text, "does not return") {
				t.Errorf("try %d: got %v", i, err)
			}
			if took := time.Since(begun); took > limit {
				t.Errorf("try %d took %v", i, took)
			}
		}
		time.Sleep(time.Minute)
	})
}

// A migration that does not return ends the replica, and this server tries it once.
func TestHangInAMigration(t *testing.T) {
	serveNext(t, func(t *testing.T, s *server, gate chan error) {
		l := s.newLeader("r", counters("count"))
		for i := range 2 {
			l.offer()
			if err := l.keyframe(); err != nil {
				t.Fatal(err)
			}
			s.pass(6 * time.Second)
			if len(l.back.rejected) != 1 || l.back.rejected[0].Code != ownership.RejectGame {
				t.Errorf("try %d: its leader was told %+v", i, l.back.rejected)
			}
		}
		if s.happened(EventCrash) != 1 || s.replicas.Load() != 0 {
			t.Errorf("%d events, %d replicas", s.happened(EventCrash), s.replicas.Load())
		}
		close(gate)
	})
}

// doomed is a game that panics in its second tick.
type doomed struct{ counter }

func (d *doomed) Tick(*game.Room) {
	if d.Count.Get().N++; d.Count.Get().N == 2 {
		panic("out of cheese")
	}
}

// A room that fails shows among the events, with the reason.
func TestCrashedRoomIsAnEvent(t *testing.T) {
	dooms := game.Definition{Name: "doomed", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &doomed{}, game.Settings{TickRate: 20, Seats: 2}, nil
	}}
	serve(t, nil, func(t *testing.T, s *server) {
		c := s.creates("count")
		if err := s.enter(Spec{Room: "x", Game: "doomed"}); err != nil {
			t.Fatal(err)
		}
		s.pass(time.Second)
		events, counts := s.Events()
		if counts[EventCrash] != 1 || events[0].Room != "x" || events[0].From != "a" || events[0].Why != "out of cheese" {
			t.Errorf("events %+v", events)
		}
		if !s.leads("count") || c.code() != 0 {
			t.Error("the other room does not go on")
		}
	}, games(counters("count"), dooms))
}

// A loop of the registry that does not run any more shows, and one that runs does not.
func TestStuckLoopShows(t *testing.T) {
	serve(t, nil, func(t *testing.T, s *server) {
		s.pass(time.Minute)
		if err := s.Check(); err != nil {
			t.Error(err)
		}
		s.posts.add(func() { time.Sleep(2 * loopLimit) })
		s.pass(loopLimit + time.Second)
		if err := s.Check(); err == nil || !strings.Contains(err.Error(), "posts") {
			t.Errorf("posts are stuck: %v", err)
		}
		s.pass(loopLimit)
		if err := s.Check(); err != nil {
			t.Error(err)
		}
	})
}
