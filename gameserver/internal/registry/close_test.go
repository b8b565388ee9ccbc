package registry

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// Clients that wait, and moves, end with the registry; and nobody enters anew.
func TestCloseAnswersAll(t *testing.T) {
	names := []string{"a", "b"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		ids := homedTimes(t, 2, names, "a", "b")
		s.creates(ids[0])
		move := make(chan error, 1)
		go func() {
			_, err := s.Move(context.Background(), ids[0], "b")
			move <- err
		}()
		s.links.set("b", silent)
		s.links.through("b", silent)
		enter := s.entering(spec(ids[1]))
		closed := time.Now()
		s.Close()
		wantRefusal(t, <-enter, proto.CloseStopping)
		if err := <-move; !errors.Is(err, errClosed) {
			t.Errorf("the move ended with %v", err)
		}
		if d := time.Since(closed); d != 0 {
			t.Errorf("it took %v", d)
		}
		wantRefusal(t, s.enter(spec("new")), proto.CloseStopping)
	})
}

// From Close on no room is taken over, whatever was under way.
func TestCloseEndsTakeovers(t *testing.T) {
	serveNext(t, func(t *testing.T, s *server, gate chan error) {
		l := s.older("r", gate)
		l.dies()
		s.pass(time.Second) // it migrates
		s.Close()
		close(gate)
		s.pass(time.Second)
		if s.Running() != 0 {
			t.Error("the room is led by a server that stops")
		}
	})
}

// A room that ends with its server is asked after until the links end, too: it is led by nobody else.
func TestQueriesAfterClose(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		s.creates(id)
		e, epoch := s.find(id), s.answers(id).Epoch
		led := e.led
		_ = led.QueueStop(proto.CloseStopping, "")
		s.Close()
		s.pass(100 * time.Millisecond)
		e.ended(led)
		raised := s.Query("b", ownership.Query{Room: id, Leads: proto.Epoch{Instance: epoch.Instance, Counter: 5, Server: "b"}})
		if raised.Holding != ownership.Leading || raised.Epoch.Counter <= 5 {
			t.Errorf("answers %+v", raised)
		}
		s.links.last("b", id).events.Lost(replication.ErrBroken)
	})
}

// Questions that are under way end before Run returns, though the round was decided without them.
func TestRunWaitsForQuestions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, []string{"b", "c"})
		s.run()
		s.pass(homeSettle)
		leaves := make(chan struct{})
		s.links.set("c", func(ctx context.Context, _ ownership.Query) (ownership.Answer, error) {
			<-ctx.Done()
			<-leaves // it takes its time
			return ownership.Answer{}, ctx.Err()
		})
		s.links.set("b", says(ownership.Answer{Holding: ownership.Leading, Leader: "b", Epoch: proto.Epoch{Instance: 1, Counter: 1, Server: "b"}}))
		s.enter(spec(homed(t, []string{"a", "b", "c"}, "a")))
		s.stop()
		synctest.Wait()
		select {
		case <-s.ended:
			t.Error("Run has returned, and a question is under way")
		default:
		}
		close(leaves)
		<-s.ended
	})
}

// A resumed room that cannot be started leaves its replicas alone, here and at other standbys, and is led when it can be.
func TestFailedStartKeepsReplicas(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, []string{"l", "b"})
		s.run()
		defer s.close()
		s.pass(homeSettle)
		l := s.follows("r")
		l.to.Updated(l.epoch, true, []string{"b"})
		fake := &failing{pool: s.pool}
		s.config.Pool = fake
		l.dies()
		s.pass(time.Second)
		if fake.failed == 0 {
			t.Fatal("the room was not to be led")
		}
		if got := s.answers("r"); got.Holding != ownership.Standby {
			t.Errorf("answers %+v", got)
		}
		for _, b := range s.links.to("b", "r") {
			if len(b.stopped) > 0 {
				t.Error("the other standby was told to drop its replica")
			}
		}
		fake.works.Store(true)
		s.pass(3 * time.Second)
		if !s.leads("r") || s.tick("r") <= l.sim.Tick() {
			t.Errorf("answers %+v", s.answers("r"))
		}
	})
}

// Close at any moment of anything leaves no goroutine, and no client without an answer.
func TestCloseDuringEverything(t *testing.T) {
	names := []string{"a", "b", "l"}
	for after := range 40 {
		serve(t, names[1:], func(t *testing.T, s *server) {
			s.links.prompt = true
			s.links.set("b", func(context.Context, ownership.Query) (ownership.Answer, error) {
				time.Sleep(20 * time.Millisecond)
				return ownership.Answer{}, nil
			})
			ids := homedTimes(t, 6, names, "a", "b")
			l := s.follows("taken")
			dead := s.follows("dead")
			var entering []<-chan error
			for _, id := range ids {
				entering = append(entering, s.entering(spec(id)))
			}
			entering = append(entering, s.entering(spec("dead")))
			l.final(false, "b")
			dead.dies()
			s.Drain(time.Time{})
			s.Stalled(time.Second)
			time.Sleep(time.Duration(after) * 7 * time.Millisecond)
			s.stop()
			for _, e := range entering {
				<-e
			}
			<-s.ended
		})
	}
}
