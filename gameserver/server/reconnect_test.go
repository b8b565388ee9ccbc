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

// client is an occupant that notes when it gets reconnect requests.
type client struct {
	begun time.Time

	mu       sync.Mutex
	requests []time.Duration
	url      string
	gone     []string
}

func (w *client) QueueInput(proto.Input, time.Time, time.Duration) error { return nil }
func (w *client) QueueCustom([]byte) error                               { return nil }
func (w *client) QueueLeave()                                            { w.gone = append(w.gone, "leave") }
func (w *client) QueueLost()                                             { w.gone = append(w.gone, "lost") }
func (w *client) QueueReconnect(url string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests, w.url = append(w.requests, time.Since(w.begun)), url
}

// requestedAt gives the times since the test began.
func (w *client) requestedAt() []time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Clone(w.requests)
}

// bubble is reconnects that run in a bubble.
type bubble struct {
	*reconnects
	t       *testing.T
	members *membership.Static
	begun   time.Time
}

func inBubble(t *testing.T, f func(c *bubble)) {
	synctest.Test(t, func(t *testing.T) {
		members := membership.NewStatic(membership.Member{Name: "game-1", Role: membership.GameServer, State: membership.Serving})
		c := &bubble{newReconnects(members, "http://lb/v1/servers/game-1", slog.New(slog.DiscardHandler)), t, members, time.Now()}
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

// fleet sets the routers: each "name" or, if it drains, "-name".
func (c *bubble) fleet(names ...string) {
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

func (c *bubble) enter(router string, n int) (all []*client) {
	for range n {
		all = append(all, &client{begun: c.begun})
		c.entered(router, "a-room", all[len(all)-1])
	}
	return all
}

func (c *bubble) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// The clients of a draining router get a request after a delay, one after another, and again if they stay. No others do.
func TestClientsOfADrainingRouterGetRequests(t *testing.T) {
	inBubble(t, func(c *bubble) {
		c.fleet("r-1", "r-2")
		left, right, direct := c.enter("r-1", 100), c.enter("r-2", 10), c.enter("", 10)
		c.pass(time.Minute)
		c.fleet("-r-1", "r-2")
		c.pass(0)
		drained := time.Since(c.begun)
		c.pass(reconnectDelay + roundTime + roundPause/2)
		var times []time.Duration
		for _, w := range left {
			at := w.requestedAt()
			if len(at) != 1 || w.url != "ws://lb/v1/servers/game-1/v1/rooms/a-room/connect" {
				t.Fatalf("requests at %v with %q", at, w.url)
			}
			times = append(times, at[0]-drained)
		}
		slices.Sort(times)
		for i, at := range times {
			if turn := reconnectDelay + roundTime*time.Duration(i)/100; at < turn || at > turn+requestStep {
				t.Errorf("client %d got its request after %v, want %v", i, at, turn)
			}
		}
		late := c.enter("r-1", 1)[0] // a load balancer that has not noticed
		c.pass(roundPause/2 + roundTime)
		if at := late.requestedAt(); len(at) != 1 {
			t.Errorf("a late client got requests at %v", at)
		}
		for _, w := range left {
			if at := w.requestedAt(); len(at) != 2 {
				t.Fatalf("a client that stayed got requests at %v", at)
			}
		}
		for _, w := range append(right, direct...) {
			if at := w.requestedAt(); len(at) != 0 {
				t.Fatalf("a client of another router got requests at %v", at)
			}
		}
		c.fleet("r-1", "r-2") // a new process of that name
		c.pass(time.Minute)
		if at := late.requestedAt(); len(at) != 1 {
			t.Errorf("requests at %v after the router was back", at)
		}
	})
}

// There are no requests while no other router serves.
func TestNoRequestsWithoutAnotherRouter(t *testing.T) {
	inBubble(t, func(c *bubble) {
		w := c.enter("r-1", 1)[0]
		c.fleet("-r-1", "-r-2")
		c.pass(10 * time.Second)
		if at := w.requestedAt(); len(at) != 0 {
			t.Fatalf("requests at %v", at)
		}
		c.fleet("-r-1", "-r-2", "r-3")
		c.pass(0)
		if at := w.requestedAt(); len(at) != 1 {
			t.Errorf("requests at %v", at)
		}
	})
}

// A client that left gets no request, and the room hears of its end.
func TestNoRequestAfterTheEnd(t *testing.T) {
	inBubble(t, func(c *bubble) {
		c.fleet("-r-1", "r-2")
		for _, end := range []func(session.Occupant){session.Occupant.QueueLeave, session.Occupant.QueueLost} {
			w := &client{begun: c.begun}
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
	d := newReconnects(membership.NewStatic(membership.Member{}), "http://lb", slog.New(slog.DiscardHandler))
	o := d.entered("r-1", "a-room", &client{})
	in := proto.Input{First: 1, Count: 1, Samples: []byte{0}}
	if n := testing.AllocsPerRun(100, func() { _ = o.QueueInput(in, time.Time{}, 0) }); n != 0 {
		t.Errorf("%v allocations an input", n)
	}
}

// The cost of a look at 10,000 clients, which takes no lock.
func BenchmarkReconnects(b *testing.B) {
	members := membership.NewStatic(membership.Member{Name: "game-1"}, membership.Member{Name: "r-1", Role: membership.Router, State: membership.Serving})
	d := newReconnects(members, "http://lb", slog.New(slog.DiscardHandler))
	for i := range 10_000 {
		d.entered(fmt.Sprint("r-", i%4), "a-room", &client{})
	}
	b.Run("steady", func(b *testing.B) {
		for b.Loop() {
			d.send(time.Now())
		}
	})
	b.Run("through", func(b *testing.B) {
		for b.Loop() {
			d.through("r-1")
		}
	})
}
