package room

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Pool is the tick workers and the rooms on them.
type Pool struct {
	config    Config
	started   time.Time // zero of the clock that workers and rooms use
	workers   []*worker
	lane      *worker        // the slow lane: rooms over their share
	all       []*worker      // with the slow lane
	running   sync.WaitGroup // for all, but not for goroutines that hang
	jobs      jobs
	batches   *sync.Pool // for the inboxes
	instances instances
}

// NewPool builds the workers; Run starts them.
func NewPool(c Config) (*Pool, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Workers == 0 {
		c.Workers = runtime.GOMAXPROCS(0)
	}
	if c.WallClock == nil {
		c.WallClock = time.Now
	}
	p := &Pool{config: c, started: time.Now(), jobs: newJobs(), batches: newBatches()}
	for i := range c.Workers + 1 {
		p.all = append(p.all, newWorker(p, i))
	}
	p.workers, p.lane = p.all[:c.Workers], p.all[c.Workers]
	return p, nil
}

// Run ticks the rooms until ctx ends. Then it ends all of them with proto.CloseStopping and returns nil once every worker
// is gone, but for goroutines that hang in a game. It is called once.
func (p *Pool) Run(ctx context.Context) error {
	for _, w := range p.all {
		w.prepare()
		p.running.Add(1)
		go p.run(ctx, w)
	}
	stop := make(chan struct{})
	var watchdog sync.WaitGroup
	if !p.config.NoWatchdog {
		watchdog.Go(func() { p.watch(ctx, stop) })
	}
	p.running.Wait()
	close(stop)
	watchdog.Wait()
	p.jobs.wait()
	for _, w := range p.all {
		w.alarm.close()
	}
	return nil
}

// run runs a worker. If the goroutine hangs in a game, another one takes its place, also in running.
func (p *Pool) run(ctx context.Context, w *worker) {
	if w.run(ctx) {
		p.running.Done()
	}
}

// Busy is the share of its time, 0 to 1, for which the busiest worker ticked in the last seconds, or all of them on average
// if that is more: the slow lane counts in the average, since it has no core of its own.
func (p *Pool) Busy() float64 {
	busy := p.average()
	for _, w := range p.workers {
		busy = max(busy, w.share())
	}
	return busy
}

// average is the share of the workers' time in which they, and the slow lane, ticked.
func (p *Pool) average() float64 {
	sum := 0.0
	for _, w := range p.all {
		sum += w.share()
	}
	return min(1, sum/float64(len(p.workers)))
}

// TickTime is the 99th percentile of the time that ticks of the last seconds took, on the slowest worker. It is up to a
// quarter too long.
func (p *Pool) TickTime() time.Duration {
	longest := int64(0)
	for _, w := range p.all {
		longest = max(longest, w.p99.Load())
	}
	return time.Duration(longest)
}

// Late counts the ticks that began more than a period late.
func (p *Pool) Late() uint64 {
	late := uint64(0)
	for _, w := range p.all {
		late += w.late.Load()
	}
	return late
}

// Start adds a room; its first tick comes within a period, or when s.Due says. It does not block, and may be called
// before Run. The error wraps ErrOverloaded, which a resumed room never gets, or ErrStopped; s.Ended is not called then,
// and the clients of s.Enter are closed with proto.CloseStopping.
func (p *Pool) Start(s Spec) (*Room, error) {
	w := p.choose(s.Resumed)
	if w == nil {
		p.config.Metrics.RoomsRefused.Inc()
		return nil, fmt.Errorf("start room %s: %w: all are more than %.0f %% busy, and late or more than %.0f %% busy; start another server", s.ID, ErrOverloaded, p.config.MaxBusy*100, mostBusy*100)
	}
	r := newRoom(p, s)
	p.instances.add(r)
	if s.Enter != nil {
		s.Enter(r)
	}
	if !w.add(r) {
		p.instances.remove(r)
		r.closeAll(proto.CloseStopping, "")
		return nil, fmt.Errorf("start room %s: %w", s.ID, ErrStopped)
	}
	return r, nil
}

// choose returns the worker with the least load among those that are not too busy; the busy share shows new rooms only after
// a second. A worker counts as at least as busy as the average of all, because the slow lane runs on the same cores. nil: all are too busy. With
// always, which is for a room that was led elsewhere, it ignores how busy they are.
func (p *Pool) choose(always bool) (best *worker) {
	all := p.average()
	for _, w := range p.workers {
		if (always || w.admits(max(w.share(), all))) && (best == nil || w.load.Load() < best.load.Load()) {
			best = w
		}
	}
	return best
}

// now is the time since NewPool. All due and arrival times are on this clock.
func (p *Pool) now() time.Duration { return time.Since(p.started) }
