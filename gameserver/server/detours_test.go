package server

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// walker is a guest that notes when he is asked to come by another router.
type walker struct {
	begun time.Time

	mu    sync.Mutex
	asked []time.Duration
	url   string
	gone  []string
}

func (w *walker) QueueInput(proto.Input, time.Time) error { return nil }
func (w *walker) QueueCustom([]byte) error                { return nil }
func (w *walker) QueueLeave()                             { w.gone = append(w.gone, "leave") }
func (w *walker) QueueLost()                              { w.gone = append(w.gone, "lost") }
func (w *walker) QueueDetour(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.asked, w.url = append(w.asked, time.Since(w.begun)), url
}

// askedAt gives the times since the test's begin.
func (w *walker) askedAt() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.asked)
}

// crossing is detours that run in a bubble.
type crossing struct {
	*detours
	t       *testing.T
	members *membership.Static
	begun   time.Time
}

func cross(t *testing.T, f func(c *crossing)) {
	synctest.Test(t, func(t *testing.T) {
		members := membership.NewStatic(membership.Member{Name: "game-1", Role: membership.GameServer, State: membership.Serving})
		c := &crossing{newDetours(members, "http://lb/v1/servers/game-1", slog.New(slog.DiscardHandler)), t, members, time.Now()}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- c.run(ctx) }()
		f(c)
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// fleet makes the routers be these, each "name" or, if it drains, "-name".
func (c *crossing) fleet(names ...string) {
	var all []membership.Member
	for _, n := range names {
		m := membership.Member{Name: membership.ServerName(n), Role: membership.Router, State: membership.Serving}
		if n[0] == '-' {
			m.Name, m.State = m.Name[1:], membership.Draining
		}
		all = append(all, m)
	}
	c.members.Set(all...)
}

func (c *crossing) enter(router string, n int) (all []*walker) {
	for range n {
		all = append(all, &walker{begun: c.begun})
		c.entered(router, "a-room", all[len(all)-1])
	}
	return all
}

func (c *crossing) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// The clients of a router that drains, and no others, are asked some time after, one after another, and again if they
// are still there.
func TestClientsOfADrainingRouterAreAsked(t *testing.T) {
	cross(t, func(c *crossing) {
		c.fleet("r-1", "r-2")
		left, right, direct := c.enter("r-1", 100), c.enter("r-2", 10), c.enter("", 10)
		c.pass(time.Minute)
		c.fleet("-r-1", "r-2")
		c.pass(0)
		drained := time.Since(c.begun)
		c.pass(turnAway + askTime + askPause/2)
		var times []time.Duration
		for _, w := range left {
			at := w.askedAt()
			if len(at) != 1 || w.url != "ws://lb/v1/servers/game-1/v1/rooms/a-room/connect" {
				t.Fatalf("asked at %v to come by %q", at, w.url)
			}
			times = append(times, at[0]-drained)
		}
		slices.Sort(times)
		for i, at := range times {
			if turn := turnAway + askTime*time.Duration(i)/100; at < turn || at > turn+askStep {
				t.Errorf("client %d was asked after %v, want %v", i, at, turn)
			}
		}
		late := c.enter("r-1", 1)[0] // a load balancer that has not noticed
		c.pass(askPause/2 + askTime)
		if at := late.askedAt(); len(at) != 1 {
			t.Errorf("one who came late was asked at %v", at)
		}
		for _, w := range left {
			if at := w.askedAt(); len(at) != 2 {
				t.Fatalf("one who stayed was asked at %v", at)
			}
		}
		for _, w := range append(right, direct...) {
			if at := w.askedAt(); len(at) != 0 {
				t.Fatalf("one who came another way was asked at %v", at)
			}
		}
		c.fleet("r-1", "r-2") // another one of that name
		c.pass(time.Minute)
		if at := late.askedAt(); len(at) != 1 {
			t.Errorf("asked at %v, when the router was back", at)
		}
	})
}

// Where no router serves nobody is asked until one does.
func TestNobodyIsAskedWhereThereIsNoOtherWay(t *testing.T) {
	cross(t, func(c *crossing) {
		w := c.enter("r-1", 1)[0]
		c.fleet("-r-1", "-r-2")
		c.pass(10 * time.Second)
		if at := w.askedAt(); len(at) != 0 {
			t.Fatalf("asked at %v", at)
		}
		c.fleet("-r-1", "-r-2", "r-3")
		c.pass(0)
		if at := w.askedAt(); len(at) != 1 {
			t.Errorf("asked at %v", at)
		}
	})
}

// Who has gone is forgotten, and his end is passed on.
func TestWhoHasGoneIsNotAsked(t *testing.T) {
	cross(t, func(c *crossing) {
		c.fleet("-r-1", "r-2")
		for _, end := range []func(session.Occupant){session.Occupant.QueueLeave, session.Occupant.QueueLost} {
			w := &walker{begun: c.begun}
			end(c.entered("r-1", "a-room", w))
			if len(w.gone) != 1 {
				t.Errorf("ends %v", w.gone)
			}
		}
		if left := c.through("r-1"); len(left) != 0 {
			t.Errorf("%d clients are left", len(left))
		}
	})
}

// What a client sends costs no more because it came through a router.
func TestATunnelledClientAllocatesNothing(t *testing.T) {
	d := newDetours(membership.NewStatic(membership.Member{}), "http://lb", slog.New(slog.DiscardHandler))
	o := d.entered("r-1", "a-room", &walker{})
	in := proto.Input{First: 1, Count: 1, Samples: []byte{0}}
	if n := testing.AllocsPerRun(100, func() { _ = o.QueueInput(in, time.Time{}) }); n != 0 {
		t.Errorf("%v allocations an input", n)
	}
}

// However many come, looking who came through one is not done under a lock.
func BenchmarkDetoursLook(b *testing.B) {
	members := membership.NewStatic(membership.Member{Name: "game-1"}, membership.Member{Name: "r-1", Role: membership.Router, State: membership.Serving})
	d := newDetours(members, "http://lb", slog.New(slog.DiscardHandler))
	for i := range 10_000 {
		d.entered(fmt.Sprint("r-", i%4), "a-room", &walker{})
	}
	b.Run("steady", func(b *testing.B) {
		for b.Loop() {
			d.look(time.Now())
		}
	})
	b.Run("through", func(b *testing.B) {
		for b.Loop() {
			d.through("r-1")
		}
	})
}
