package registry

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// A server that answered "none" leaves the room to the asker, and tells others so, until the promise is over.
func TestPromise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "a", nobody, "b", "c")
		id := homed(t, []string{"a", "b", "c"}, "a")
		if got := s.Holding("b", id); got != (replication.Answer{}) {
			t.Fatalf("b is told %+v", got)
		}
		if got := s.Holding("c", id); got != (replication.Answer{Holding: replication.Claiming, Leader: "b"}) {
			t.Errorf("c is told %+v", got)
		}
		err := s.enter(limit(t), spec(id))
		wantMoved(t, err, id, "b")
		s.members.Set(members("c")...)
		err = s.enter(limit(t), spec(id))
		wantRefusal(t, err, proto.CloseOverloaded) // b is in no view that could tell its URL
		time.Sleep(replication.PromiseTime)
		if err := s.enter(limit(t), spec(id)); err != nil {
			t.Errorf("after the promise: %v", err)
		}
	})
}

// Promises do not pile up.
func TestPromisesAreSwept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newServer(t, "a", nobody, "b")
		for i := range 10_000 {
			s.Holding("b", proto.RoomID(fmt.Sprint("r", i)))
			time.Sleep(time.Millisecond)
		}
		if n := len(s.promises); n > int(2*replication.PromiseTime/time.Millisecond)+1 {
			t.Errorf("%d promises are kept", n)
		}
	})
}

// Of two servers that claim at the same time, the one that comes first makes the room, whoever asked first.
func TestClaimsMeet(t *testing.T) {
	for _, name := range []string{"a", "b"} {
		synctest.Test(t, func(t *testing.T) {
			f := newNet(t, 1, "a", "b")
			id := homed(t, []string{"a", "b"}, name)
			// Each sees itself as the home: the other drains, it believes.
			f.blind("a", "b")
			for _, s := range f.servers {
				f.clients.Go(func() { f.play(t, s, id) })
			}
			f.clients.Wait()
			if f.server(name).pool.count() != 1 || f.made() != 1 {
				t.Errorf("%s made %d rooms of %d", name, f.server(name).pool.count(), f.made())
			}
		})
	}
}

// Whatever the views and the delays, a room is made once, and everyone finds it when the views have come together.
func TestOneLeader(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		names := []string{"a", "b", "c", "d", "e"}[:rapid.IntRange(2, 5).Draw(rt, "servers")]
		seed := rapid.Uint64().Draw(rt, "delays")
		id := proto.RoomID(fmt.Sprint("room-", rapid.IntRange(0, 1000).Draw(rt, "room")))
		// Every server sees the witness and some of the others.
		views := map[string][]string{}
		for _, n := range names {
			for _, other := range names {
				if other != n && rapid.Bool().Draw(rt, n+" sees "+other) {
					views[n] = append(views[n], other)
				}
			}
		}
		starts := map[string]time.Duration{}
		for _, n := range names {
			starts[n] = time.Duration(rapid.IntRange(0, 400).Draw(rt, n+" starts")) * time.Millisecond
		}
		synctest.Test(t, func(t *testing.T) {
			f := newNet(t, seed, append(names, "witness")...)
			for _, n := range names {
				f.server(n).members.Set(members(append(views[n], "witness")...)...)
			}
			for _, n := range names {
				f.clients.Go(func() {
					time.Sleep(starts[n])
					f.play(t, f.server(n), id)
				})
			}
			time.Sleep(replication.PromiseTime / 2)
			for _, s := range f.servers {
				s.members.Set(members(without(append(slices.Clone(names), "witness"), s.name)...)...)
			}
			f.clients.Wait()
			if f.made() != 1 {
				rt.Errorf("%d rooms were made", f.made())
			}
			if f.failed {
				rt.Error("a client did not find the room")
			}
		})
	})
}

// net is servers that claim of each other with random delays.
type net struct {
	servers []*server
	clients sync.WaitGroup

	mu     sync.Mutex
	delays *rand.Rand
	failed bool
}

func newNet(t *testing.T, seed uint64, names ...string) *net {
	f := &net{delays: rand.New(rand.NewPCG(seed, 0))}
	for _, n := range names {
		f.servers = append(f.servers, newServer(t, n, func(ctx context.Context, server string, id proto.RoomID) (replication.Answer, error) {
			f.delay()
			a := f.server(server).Holding(n, id)
			f.delay()
			return a, nil
		}, without(slices.Clone(names), n)...))
	}
	return f
}

// delay is below half of claimTimeout: an answer always comes in time.
func (f *net) delay() {
	f.mu.Lock()
	d := time.Duration(f.delays.Int64N(int64(claimTimeout / 2)))
	f.mu.Unlock()
	time.Sleep(d)
}

func (f *net) server(name string) *server {
	for _, s := range f.servers {
		if s.name == name {
			return s
		}
	}
	return nil
}

func (f *net) made() (n int) {
	for _, s := range f.servers {
		n += s.pool.count()
	}
	return n
}

// play is a client: it begins at s, goes where it is sent, and comes back to s after a while when it is turned away.
func (f *net) play(t *testing.T, s *server, id proto.RoomID) {
	at := s
	for range 100 {
		err := at.enter(t.Context(), spec(id))
		var r *proto.Refusal
		switch {
		case err == nil:
			return
		case errors.As(err, &r) && r.Moved != nil:
			at = f.server(r.Moved.Server)
			time.Sleep(10 * time.Millisecond)
		case errors.As(err, &r) && r.Code == proto.CloseOverloaded:
			at = s
			time.Sleep(100 * time.Millisecond)
		default:
			t.Error(err)
			return
		}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failed = true
}

// blind makes each of two servers take the other for one that drains, and so itself for the home.
func (f *net) blind(a, b string) {
	for n, other := range map[string]string{a: b, b: a} {
		m := member(other)
		m.State = "draining"
		f.server(n).members.Set(m)
	}
}
