package registry

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// Of many clients who come at once, one makes the room and all get it.
func TestOneRoomForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "a", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			time.Sleep(10 * time.Millisecond)
			return replication.Answer{}, nil
		}, "b")
		id := homed(t, []string{"a", "b"}, "a")
		var wg sync.WaitGroup
		for range 50 {
			wg.Go(func() {
				if err := s.enter(limit(t), spec(id)); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		if n := s.pool.count(); n != 1 {
			t.Errorf("%d rooms were started, want 1", n)
		}
		if got := s.claimed("none"); got != 1 {
			t.Errorf("%v claims, want 1", got)
		}
	})
}

func TestNotHome(t *testing.T) {
	s := newServer(t, "a", nobody, "b", "c")
	id := homed(t, []string{"a", "b", "c"}, "b", "a")
	err := s.enter(limit(t), spec(id))
	wantMoved(t, err, id, "b")
	if got := testutil.ToFloat64(s.metrics.Moved); got != 1 {
		t.Errorf("%v clients counted as moved, want 1", got)
	}
	// The home has gone: the next in the order makes the room.
	s.members.Set(members("c")...)
	if err := s.enter(limit(t), spec(id)); err != nil {
		t.Error(err)
	}
}

// A leader keeps its room when its home becomes another server.
func TestLeaderAcceptsWhereverPlacementPoints(t *testing.T) {
	s := newServer(t, "a", nobody)
	id := homed(t, []string{"a", "b"}, "b")
	if err := s.enter(limit(t), spec(id)); err != nil {
		t.Fatal(err)
	}
	s.members.Set(members("b")...)
	if err := s.enter(limit(t), spec(id)); err != nil || s.pool.count() != 1 {
		t.Errorf("got %v and %d rooms", err, s.pool.count())
	}
	if a := s.Holding("b", id); a.Holding != replication.Leading || a.Leader != "a" || a.Epoch.Instance == 0 || a.Epoch != (proto.Epoch{Instance: a.Epoch.Instance, Counter: 1, Server: "a"}) {
		t.Errorf("answers the new home %+v", a)
	}
}

func TestClaimAnswers(t *testing.T) {
	servers := []string{"a", "b", "c"}
	led := replication.Answer{Holding: replication.Leading, Epoch: proto.Epoch{Counter: 1, Server: "c"}, Leader: "c"}
	newer := replication.Answer{Holding: replication.Leading, Epoch: proto.Epoch{Counter: 2, Server: "b"}, Leader: "b"}
	follows := replication.Answer{Holding: replication.Following, Epoch: proto.Epoch{Counter: 1, Server: "c"}, Leader: "c"}
	none := proto.Epoch{}
	type says struct {
		answer replication.Answer
		err    error
	}
	for _, c := range []struct {
		name   string
		b, c   says
		moved  string // empty: the room is made
		epoch  proto.Epoch
		counts map[string]float64
	}{
		{"nobody has it", says{}, says{}, "", none, map[string]float64{"none": 2}},
		{"one leads", says{}, says{answer: led}, "c", led.Epoch, nil},
		{"one follows", says{answer: follows}, says{}, "b", led.Epoch, map[string]float64{"none": 1, "following": 1}},
		{"two lead: the higher epoch counts", says{answer: newer}, says{answer: follows}, "b", newer.Epoch, nil},
		{"one is gone", says{err: replication.ErrGone}, says{}, "", none, map[string]float64{"none": 1, "refused": 1}},
		{"one is gone, the other leads", says{err: replication.ErrGone}, says{answer: led}, "c", led.Epoch, nil},
		{"one goes before", says{answer: replication.Answer{Holding: replication.Claiming, Leader: "b"}}, says{}, "b", none, map[string]float64{"none": 1, "claiming": 1}},
		{"hearsay about one who has given way", says{answer: replication.Answer{Holding: replication.Claiming, Leader: "c"}}, says{}, "", none, map[string]float64{"none": 1, "claiming": 1}},
		{"hearsay about one who is silent", says{answer: replication.Answer{Holding: replication.Claiming, Leader: "c"}}, says{err: replication.ErrTimeout}, "c", none, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t, "a", func(_ context.Context, server string, _ proto.RoomID) (replication.Answer, error) {
				if server == "b" {
					return c.b.answer, c.b.err
				}
				return c.c.answer, c.c.err
			}, "b", "c")
			id := homed(t, servers, "a")
			err := s.enter(limit(t), spec(id))
			if c.moved != "" {
				wantMoved(t, err, id, c.moved)
				if got := err.(*proto.Refusal).Moved.Epoch; got != c.epoch {
					t.Errorf("moved with epoch %v, want %v", got, c.epoch)
				}
			} else if err != nil {
				t.Fatal(err)
			}
			if made := s.pool.count() == 1; made != (c.moved == "") {
				t.Errorf("room made: %v", made)
			}
			for result, want := range c.counts {
				if got := s.claimed(result); got != want {
					t.Errorf("%v claims counted as %s, want %v", got, result, want)
				}
			}
		})
	}
}

// Draining servers are asked: they lead rooms until they have handed them off. Routers are not, and nobody twice.
func TestWhoIsAsked(t *testing.T) {
	var mu sync.Mutex
	asked := map[string]int{}
	s := newServer(t, "a", func(_ context.Context, server string, _ proto.RoomID) (replication.Answer, error) {
		mu.Lock()
		defer mu.Unlock()
		asked[server]++
		return replication.Answer{}, nil
	})
	draining, router := member("b"), member("r")
	draining.State, router.Role, router.Peer = membership.Draining, membership.Router, ""
	s.members.Set(draining, router, member("c"))
	if err := s.enter(limit(t), spec(homed(t, []string{"a", "c"}, "a"))); err != nil {
		t.Fatal(err)
	}
	if fmt.Sprint(asked) != "map[b:1 c:1]" {
		t.Errorf("asked %v", asked)
	}
}

// A claim that nobody answers takes claimTimeout, and only its first client has to be there.
func TestClaimIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "a", func(ctx context.Context, _ string, _ proto.RoomID) (replication.Answer, error) {
			<-ctx.Done()
			return replication.Answer{}, replication.ErrTimeout
		}, "b", "c", "d")
		id := homed(t, []string{"a", "b", "c", "d"}, "a")
		begun := time.Now()
		impatient, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() { s.enter(impatient, spec(id)) })
		synctest.Wait()
		wg.Go(func() {
			if err := s.enter(impatient, spec(id)); !errors.Is(err, context.DeadlineExceeded) || time.Since(begun) != 50*time.Millisecond {
				t.Errorf("the impatient one got %v after %v", err, time.Since(begun))
			}
		})
		wg.Go(func() {
			if err := s.enter(limit(t), spec(id)); !about(err, proto.CloseOverloaded) || time.Since(begun) != claimTimeout {
				t.Errorf("got %v after %v", err, time.Since(begun))
			}
		})
		wg.Wait()
	})
}

func TestRefusals(t *testing.T) {
	s := newServer(t, "a", nobody)
	if err := s.enter(limit(t), spec("running")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name string
		spec Spec
		code proto.CloseCode
		text string
	}{
		{"unknown game", Spec{Room: "x", Game: "chess"}, proto.CloseGame, `game "chess"`},
		{"the room runs another game", Spec{Room: "running", Game: "other"}, proto.CloseGame, "runs count, but the ticket is for other"},
		{"bad option", Spec{Room: "x", Game: "count", Options: []byte(`{"fail":"error"}`)}, proto.CloseOptions, `option "fail"`},
		{"a game that panics", Spec{Room: "x", Game: "count", Options: []byte(`{"fail":"panic"}`)}, proto.CloseCrashed, ""},
		{"resumed too late", Spec{Room: "x"}, proto.CloseSeat, "not running any more"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := s.enter(limit(t), c.spec)
			wantRefusal(t, err, c.code)
			if !strings.Contains(err.Error(), c.text) {
				t.Errorf("it says %q", err)
			}
			// Nothing is left behind: a right ticket makes the room.
			if c.spec.Room == "x" {
				if err := s.enter(limit(t), spec("x")); err != nil {
					t.Fatal(err)
				}
				s.pool.started[s.pool.count()-1].Ended(nil)
			}
		})
	}
	for err, code := range map[error]proto.CloseCode{
		fmt.Errorf("start: %w", room.ErrOverloaded): proto.CloseOverloaded,
		fmt.Errorf("start: %w", room.ErrStopped):    proto.CloseStopping,
	} {
		s.pool.err = err
		got := s.enter(limit(t), spec("y"))
		wantRefusal(t, got, code)
	}
}

// A client whose ticket has wrong options does not spoil the room for the one who waits behind him.
func TestWrongOptionsAreNotShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "a", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			time.Sleep(time.Millisecond)
			return replication.Answer{}, nil
		}, "b")
		id := homed(t, []string{"a", "b"}, "a")
		wrong := spec(id)
		wrong.Options = []byte(`{"fail":"error"}`)
		var wg sync.WaitGroup
		wg.Go(func() {
			err := s.enter(limit(t), wrong)
			wantRefusal(t, err, proto.CloseOptions)
		})
		synctest.Wait()
		wg.Go(func() {
			if err := s.enter(limit(t), spec(id)); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
	})
}

// After a room has ended the next client gets a new one, one who was in it is told so, and a late word about the old one
// changes nothing.
func TestEnded(t *testing.T) {
	s := newServer(t, "a", nobody)
	if err := s.enter(limit(t), spec("r")); err != nil {
		t.Fatal(err)
	}
	s.pool.started[0].Ended(nil)
	if len(s.All()) > 0 {
		t.Error("the room is still there")
	}
	back := spec("r")
	back.Seen = proto.Epoch{Counter: 1, Server: "a"}
	wantRefusal(t, s.enter(limit(t), back), proto.CloseEnded)
	if err := s.enter(limit(t), spec("r")); err != nil {
		t.Fatal(err)
	}
	s.pool.started[0].Ended(nil)
	if err := s.enter(limit(t), spec("r")); err != nil || s.pool.count() != 2 || s.Running() != 1 {
		t.Errorf("got %v, %d rooms made, %d running", err, s.pool.count(), s.Running())
	}
}

func TestDrain(t *testing.T) {
	s := newServer(t, "a", nobody, "b", "c")
	id := homed(t, []string{"a", "b", "c"}, "a", "c")
	running := homed(t, []string{"a", "b", "c"}, "a", "b")
	if err := s.enter(limit(t), spec(running)); err != nil {
		t.Fatal(err)
	}
	s.Drain(time.Time{})
	err := s.enter(limit(t), spec(id))
	wantMoved(t, err, id, "c")
	if err := s.enter(limit(t), spec(running)); err != nil {
		t.Errorf("a running room: %v", err)
	}
	s.members.Set()
	err = s.enter(limit(t), spec(id))
	wantRefusal(t, err, proto.CloseStopping)
}

// A client who was in a room that nobody has is told that it is lost, whatever his ticket: but not while somebody who may
// have it is silent, or the fleet has just changed.
func TestLost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var silent error
		s := newServer(t, "a", func(context.Context, string, proto.RoomID) (replication.Answer, error) {
			return replication.Answer{}, silent
		}, "b")
		id := homed(t, []string{"a", "b"}, "a")
		back := spec(id)
		back.Seen = proto.Epoch{Counter: 7, Server: "z"}
		wantRefusal(t, s.enter(limit(t), back), proto.CloseOverloaded)
		time.Sleep(settleTime)
		silent = replication.ErrTimeout
		wantRefusal(t, s.enter(limit(t), back), proto.CloseOverloaded)
		silent = replication.ErrGone
		wantRefusal(t, s.enter(limit(t), back), proto.CloseLost)
		if s.pool.count() != 0 || len(s.All()) > 0 {
			t.Error("the room was made all the same")
		}
		// Somebody else makes a new one. Those who were in the old one are not let into it.
		if err := s.enter(limit(t), spec(id)); err != nil {
			t.Fatal(err)
		}
		wantRefusal(t, s.enter(limit(t), back), proto.CloseOver)
		back.Seen = proto.Epoch{Instance: s.Holding("b", id).Epoch.Instance, Counter: 1, Server: "z"}
		wantRefusal(t, s.enter(limit(t), back), proto.CloseLost)
		back.Seen.Server = "a"
		if err := s.enter(limit(t), back); err != nil {
			t.Error(err)
		}
	})
}

func TestFallbacks(t *testing.T) {
	names := []string{"a", "b", "c", "d", "e", "f", "g"}
	s := newServer(t, "a", nobody, names[1:]...)
	id := homed(t, names, "a", "c", "b")
	if err := s.enter(limit(t), spec(id)); err != nil {
		t.Fatal(err)
	}
	urls := s.pool.started[0].Fallbacks()
	if len(urls) != proto.MaxFallbacks || urls[0] != ConnectURL("http://c:1", id) || urls[1] != ConnectURL("http://b:1", id) {
		t.Errorf("got %v", urls)
	}
}

func TestConnectURL(t *testing.T) {
	for base, want := range map[string]string{
		"http://h:1":             "ws://h:1/v1/rooms/r/connect",
		"https://h.example.com/": "wss://h.example.com/v1/rooms/r/connect",
	} {
		if got := ConnectURL(base, "r"); got != want {
			t.Errorf("%s gives %s, want %s", base, got, want)
		}
	}
}
