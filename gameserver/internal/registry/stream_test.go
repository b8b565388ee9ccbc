package registry

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// A leader opens a stream to the first server in the room's order, opens it again when it is lost, and tells it who else stands by.
func TestStreams(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		id := homed(t, names, "a", "b", "c")
		s.creates(id)
		b := s.links.last("b", id)
		if b == nil || b.open.HasBase || b.open.Game != "count" || string(b.open.Schema) != string(s.games["count"].schema) || b.open.Epoch != s.answers(id).Epoch {
			t.Fatalf("opened %+v", b)
		}
		s.pass(100 * time.Millisecond)
		b.catchUp()
		synctest.Wait()
		if i, _ := s.Find(id); !slices.Equal(i.Standbys, []string{"b"}) {
			t.Errorf("standbys %v", i.Standbys)
		}
		if !b.counted {
			t.Error("b is not told that it counts")
		}
		b.events.Lost(replication.ErrBroken)
		s.pass(100 * time.Millisecond)
		again := s.links.to("b", id)
		if len(again) != 2 {
			t.Fatalf("%d streams to b", len(again))
		}
		b.events.Took(proto.Epoch{Instance: 1, Counter: 9, Server: "b"}) // of a stream that was replaced: nothing
		b.events.Rejected(ownership.Rejection{Code: ownership.RejectEpoch, Leader: "b", Epoch: s.answers(id).Epoch.Next("b")})
		synctest.Wait()
		if !s.leads(id) {
			t.Error("a stream that was replaced ends the room")
		}
		again[1].events.Lost(replication.ErrTimeout)
		s.pass(time.Second) // another server stands by as well
		c := s.links.last("c", id)
		if c == nil || !slices.Equal(c.open.Others, []string{"b"}) {
			t.Fatalf("opened %+v to c", c)
		}
	})
}

// A standby that the room's order names no more is dismissed once the one that it names has the room.
func TestDismissal(t *testing.T) {
	serve(t, []string{"c"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b", "c"}, "a", "b", "c")
		s.creates(id)
		c := s.links.last("c", id)
		s.pass(100 * time.Millisecond)
		c.catchUp()
		s.members.Set(members("b", "c")...)
		s.pass(100 * time.Millisecond)
		b := s.links.last("b", id)
		if b == nil || len(c.dismissed) != 0 {
			t.Fatalf("opened %+v, c was dismissed %d times before b has the room", b, len(c.dismissed))
		}
		b.catchUp()
		s.pass(time.Millisecond)
		if len(c.dismissed) != 1 {
			t.Errorf("c was dismissed %d times", len(c.dismissed))
		}
		c.events.Rejected(ownership.Rejection{Code: ownership.RejectStopped})
		s.pass(time.Millisecond)
		if n := len(c.stopped); n != 1 {
			t.Errorf("its stream was stopped %d times", n)
		}
	})
}

// A standby that rejects a stream with a later epoch ends the room here, and its clients are sent to that leader.
func TestDeposed(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		c := s.creates(id)
		b, later := s.links.last("b", id), s.answers(id).Epoch.Next("b")
		b.events.Rejected(ownership.Rejection{Code: ownership.RejectEpoch, Leader: "b", Epoch: later})
		s.pass(100 * time.Millisecond)
		if c.code() != proto.CloseMoved || s.leads(id) || s.Running() != 0 || s.happened(EventDepose) != 1 {
			t.Errorf("closed with %v, %d running, %d events", c.code(), s.Running(), s.happened(EventDepose))
		}
		wantMoved(t, s.enter(Spec{Room: id, Game: "count", Seen: proto.Epoch{Instance: later.Instance, Counter: 1, Server: "a"}}), id, "b")
	})
}

// When a room ends by itself, its standbys' streams are stopped; when this server ends, they are not.
func TestStandbysOfRoomThatEnds(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		ids := homedTimes(t, 2, []string{"a", "b"}, "a")
		s.creates(ids[0])
		s.creates(ids[1])
		_ = s.find(ids[0]).led.QueueStop(proto.CloseEnded, "")
		s.pass(100 * time.Millisecond)
		if n := len(s.links.last("b", ids[0]).stopped); n != 1 {
			t.Errorf("its stream was stopped %d times", n)
		}
		s.close()
		if n := len(s.links.last("b", ids[1]).stopped); n != 0 {
			t.Error("a stream was stopped with this server")
		}
	})
}

// move begins a move of a room that s creates to b, which is up to date, and gives the stream.
func (s *server) move(id proto.RoomID) (*testStream, *testClient, <-chan error) {
	s.links.prompt = true
	c := s.creates(id)
	s.pass(100 * time.Millisecond)
	done := make(chan error, 1)
	go func() {
		_, err := s.Move(context.Background(), id, "b")
		done <- err
	}()
	s.pass(100 * time.Millisecond)
	return s.links.last("b", id), c, done
}

// A room that is handed over: its clients are sent on, its state stays here as a replica, and the move is over when the target
// says that it leads.
func TestHandOff(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		id := homed(t, names, "a", "c", "b")
		b, c, done := s.move(id)
		if len(b.finals) != 0 {
			t.Fatal("the final tick comes before the clients are ready")
		}
		b.events.Ready(1)
		s.pass(100 * time.Millisecond)
		if len(b.finals) != 1 || c.code() != proto.CloseMoved {
			t.Fatalf("%d final ticks, closed with %v", len(b.finals), c.code())
		}
		f := b.finals[0]
		if !f.Stay || !slices.Equal(f.Others, []string{"c"}) {
			t.Errorf("final tick with stay %v, others %v", f.Stay, f.Others)
		}
		if got := s.links.last("c", id).handed; !slices.Equal(got, []string{"b"}) && len(got) == 0 {
			t.Errorf("c heard %v", got)
		}
		if got := s.answers(id); got.Holding != ownership.Standby || got.Epoch != f.Epoch || got.Tick != f.Tick {
			t.Errorf("answers %+v", got)
		}
		if s.Running() != 1 { // nobody but b has the room
			t.Errorf("%d running", s.Running())
		}
		b.events.Took(f.Epoch)
		synctest.Wait()
		if err := <-done; err != nil || s.happened(EventMove) != 1 {
			t.Errorf("the move ended with %v, %d events", err, s.happened(EventMove))
		}
	})
}

// Where a room has had the same standbys since it was started, the final tick names them.
func TestFinalTickNamesOtherStandbys(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		b, _, _ := s.move(homed(t, names, "a", "b", "c"))
		s.pass(5 * time.Second)
		if len(b.finals) != 1 || !slices.Equal(b.finals[0].Others, []string{"c"}) {
			t.Fatalf("final ticks %+v", b.finals)
		}
	}, standbys(2))
}

// A stream that the room did not know of at its final tick is told all the same.
func TestHandedStreamThatWasNotAttached(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, names, "a", "b", "c")
		b, _, _ := s.move(id)
		news := make(chan struct{})
		s.posts.add(func() { <-news })
		b.events.Ready(1)
		s.pass(100 * time.Millisecond) // the final tick is made, and the registry has not heard of it
		s.members.Set(members("b", "c")...)
		s.pass(time.Millisecond)
		close(news)
		s.pass(time.Millisecond)
		c := s.links.last("c", id)
		if c == nil {
			t.Fatal("no stream to c was opened")
		}
		if !slices.Equal(c.handed, []string{"b"}) {
			t.Errorf("c heard %v", c.handed)
		}
	}, standbys(2))
}

// A target that is gone before it took the room gives it back, and its stream of then says nothing about the standby of now.
func TestTakenBack(t *testing.T) {
	serve(t, []string{"b"}, func(t *testing.T, s *server) {
		id := homed(t, []string{"a", "b"}, "a")
		b, _, done := s.move(id)
		b.events.Ready(1)
		s.pass(100 * time.Millisecond)
		tick := s.answers(id).Tick
		s.links.set("b", says(ownership.Answer{Process: ownership.Process{Server: "b", Boot: boot + 1}}))
		s.pass(3 * time.Second)
		if !s.leads(id) || s.tick(id) <= tick {
			t.Fatalf("answers %+v", s.answers(id))
		}
		if err := <-done; err == nil {
			t.Error("the move is a success")
		}
		if s.happened(EventFailed) != 1 {
			t.Errorf("%d events", s.happened(EventFailed))
		}
		i, _ := s.Find(id)
		b.events.Lost(replication.ErrBroken) // the stream of the handoff
		synctest.Wait()
		if after, _ := s.Find(id); !slices.Equal(i.Standbys, after.Standbys) || len(i.Standbys) == 0 {
			t.Errorf("standbys %v, and %v after the old stream was lost", i.Standbys, after.Standbys)
		}
	})
}

// Moves that cannot be.
func TestMoveErrors(t *testing.T) {
	names := []string{"a", "b", "c"}
	serve(t, names[1:], func(t *testing.T, s *server) {
		id := homed(t, names, "a", "b", "c")
		s.creates(id)
		router := member("r")
		router.Role = membership.Router
		s.members.Set(member("b"), draining("c"), router)
		s.pass(time.Millisecond)
		move := func(id proto.RoomID, to string) error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			_, err := s.Move(ctx, id, to)
			return err
		}
		for name, c := range map[string]struct {
			id   proto.RoomID
			to   string
			want error
		}{
			"no such room":      {"x", "b", ErrNotLed},
			"to itself":         {id, "a", ErrTarget},
			"to a draining one": {id, "c", ErrTarget},
			"to a router":       {id, "r", ErrTarget},
			"to nobody":         {id, "z", ErrTarget},
		} {
			if err := move(c.id, c.to); !errors.Is(err, c.want) {
				t.Errorf("%s: %v, want %v", name, err, c.want)
			}
		}
		if err := move(id, ""); !errors.Is(err, context.DeadlineExceeded) { // b does not catch up
			t.Errorf("got %v", err)
		}
		if err := move(id, "b"); !errors.Is(err, ErrMoving) {
			t.Errorf("a second move: %v", err)
		}
		other := homedTimes(t, 2, names, "a", "b", "c")[1]
		s.creates(other)
		s.members.SetQuorum(false)
		s.pass(time.Second)
		if err := move(other, "b"); !errors.Is(err, ErrTarget) {
			t.Errorf("a suspended room: %v", err)
		}
	})
}
