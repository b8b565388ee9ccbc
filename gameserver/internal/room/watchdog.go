package room

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// A game may hang in a tick. Go cannot end a goroutine, so the watchdog takes everything else away from it: the worker with its
// other rooms continues on a new goroutine, and the room ends as crashed.
//
// Who may touch what is decided by one word, the worker's call. While it is odd, the worker's goroutine is in
// game.Simulation.Step and touches nothing but that simulation. The goroutine that makes it even owns the worker and the room from
// then on: usually the worker's own, after the step; otherwise the watchdog's. A goroutine that finds that it was not the one ends
// at once.

// call counts a worker's calls into games. It is odd during one.
type call struct{ n atomic.Uint64 }

// enter begins a call and gives its number.
func (c *call) enter() uint64 {
	n := c.n.Load() + 1
	c.n.Store(n)
	return n
}

// leave ends a call. false: the watchdog has ended it.
func (c *call) leave(number uint64) bool { return c.n.CompareAndSwap(number, number+1) }

// Hang is a room that hung in its game.
type Hang struct {
	Room  proto.RoomID
	Game  proto.GameName
	Stack string // of the goroutine that hangs
}

// loopLimit is how long a worker may be silent outside of games before Check reports it.
const loopLimit = 2 * time.Second

// watched is what the watchdog knows of one worker.
type watched struct {
	calls    obs.Watch
	call     uint64
	beat     uint64
	stillFor int // looks without a beat
}

// watch is the watchdog. It returns when stop is closed.
func (p *Pool) watch(ctx context.Context, stop <-chan struct{}) {
	timer := time.NewTicker(obs.HangInterval)
	defer timer.Stop()
	known := make([]watched, len(p.all))
	for looks := 1; ; looks++ {
		select {
		case <-stop:
			return
		case <-timer.C:
		}
		now := time.Now()
		for i, w := range p.all {
			p.look(ctx, w, &known[i], now)
		}
		if looks%balanceLooks == 0 {
			p.balance()
		}
	}
}

// look judges one worker.
func (p *Pool) look(ctx context.Context, w *worker, k *watched, now time.Time) {
	number, beat := w.call.n.Load(), w.beat.Load()
	hung := k.calls.Look(now, number == k.call && number%2 == 1, obs.HangLimit)
	k.call = number
	if beat != k.beat {
		k.beat, k.stillFor = beat, 0
	}
	k.stillFor++
	w.still.Store(time.Duration(k.stillFor)*obs.HangInterval > loopLimit)
	if hung {
		p.seize(ctx, w, number)
	}
}

// seize takes the worker from a goroutine that hangs in call number.
func (p *Pool) seize(ctx context.Context, w *worker, number uint64) {
	stack := obs.StackOf(w.label.Load().(string), "(*Simulation).Step")
	if !w.call.leave(number) {
		return // it has returned at last
	}
	r := w.schedule[0]
	w.unschedule(r)
	go p.run(ctx, w) // in the place of the one that hangs
	r.hang(stack)
	if p.config.Hung != nil {
		p.config.Hung(Hang{r.spec.ID, r.spec.Game, stack})
	}
}

// Check reports a tick worker that does not run any more, for another reason than a game that hangs; nil: there is none.
func (p *Pool) Check() error {
	for i, w := range p.all {
		if w.still.Load() {
			return fmt.Errorf("tick worker %d has not run for more than %v", i, loopLimit)
		}
	}
	return nil
}
