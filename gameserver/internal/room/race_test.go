package room

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// counter is a client that counts its closes and sees whether anything follows them.
type counter struct{ closes, after atomic.Int32 }

func (c *counter) sent() bool {
	if c.closes.Load() > 0 {
		c.after.Add(1)
	}
	return true
}

func (c *counter) QueueFrame(own, shared []byte) bool      { return c.sent() }
func (c *counter) QueueKeyframe(own, shared []byte) bool   { return c.sent() }
func (c *counter) QueueEvent(records []byte) bool          { return c.sent() }
func (c *counter) Poll(*network.Poller)                    {}
func (c *counter) Flush()                                  {}
func (c *counter) Close(code proto.CloseCode, text string) { c.closes.Add(1) }

// Whoever gets in while a room ends, in whatever way, is closed exactly once: at the latest when Ended is called. Whoever
// does not get in is told so. Runs on the real clock, where joins and the end meet at any point.
func TestNobodyIsLostWhenARoomEnds(t *testing.T) {
	ways := map[string]func(r *Room, stopPool func()){
		"stop":  func(r *Room, _ func()) { r.QueueStop(proto.CloseEnded, "") },
		"pool":  func(_ *Room, stopPool func()) { stopPool() },
		"panic": func(r *Room, _ func()) { panicRoom(t, r) },
	}
	for name, way := range ways {
		t.Run(name, func(t *testing.T) {
			c := testConfig()
			p, err := NewPool(c)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { p.Run(ctx) })
			defer running.Wait()
			defer cancel()

			ended := make(chan struct{})
			r, err := p.Start(Spec{ID: "r", Game: "test", Sim: newTestGame(t, 60, 64), Ended: func(*Room) { close(ended) }})
			if err != nil {
				t.Fatal(err)
			}
			const senders, each = 4, 12
			var clients [senders][]*counter
			var joining sync.WaitGroup
			for s := range senders {
				joining.Go(func() {
					for i := range each {
						f := &counter{}
						o, err := r.QueueJoin(Join{Player: proto.PlayerID(fmt.Sprint(s, "-", i)), Client: f})
						if err == ErrStopped {
							return
						}
						if err != nil {
							t.Errorf("join: %v", err)
							return
						}
						clients[s] = append(clients[s], f)
						o.QueueInput(testInputs(1, 1), time.Now(), 0)
						if s == 0 && i == each/2 {
							way(r, cancel)
						}
					}
				})
			}
			joining.Wait()
			<-ended
			for s := range senders {
				for i, f := range clients[s] {
					if n := f.closes.Load(); n != 1 {
						t.Errorf("client %d-%d was closed %d times", s, i, n)
					}
					if n := f.after.Load(); n != 0 {
						t.Errorf("client %d-%d got %d messages after its close", s, i, n)
					}
				}
			}
			if _, err := r.QueueJoin(Join{Player: "late", Client: &counter{}}); err != ErrStopped {
				t.Errorf("join after the end: %v, want ErrStopped", err)
			}
		})
	}
}

// panicRoom lets one more player in who makes the game fail.
func panicRoom(t *testing.T, r *Room) {
	o, err := r.QueueJoin(Join{Player: "mallory", Client: &counter{}})
	if err != nil {
		t.Errorf("join: %v", err)
		return
	}
	o.QueueCustom([]byte("panic"))
}

// Start either gives a room, which ends, or refuses; there is no third way when the pool stops at that moment.
func TestStartWhileThePoolStops(t *testing.T) {
	p, err := NewPool(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var running, starting sync.WaitGroup
	running.Go(func() { p.Run(ctx) })
	var started, ended atomic.Int32
	for range 4 {
		sims := [8]Spec{}
		for i := range sims {
			sims[i] = Spec{ID: "r", Game: "test", Sim: newTestGame(t, 20, 2), Ended: func(*Room) { ended.Add(1) }}
		}
		starting.Go(func() {
			for i := range sims {
				if i == 4 {
					cancel()
				}
				if _, err := p.Start(sims[i]); err == nil {
					started.Add(1)
				}
			}
		})
	}
	starting.Wait()
	running.Wait()
	if started.Load() != ended.Load() || started.Load() == 0 {
		t.Errorf("%d rooms started, %d ended", started.Load(), ended.Load())
	}
}
