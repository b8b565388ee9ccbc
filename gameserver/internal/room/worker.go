package room

import (
	"context"
	"math"
	"sync"
	"sync/atomic"
	"time"
)

const (
	// measureEvery is how often a worker's busy share is brought up to date; below it, one tick would be most of a sample.
	measureEvery = 250 * time.Millisecond
	// busyMemory is how long the past counts in it: longer than a garbage collection, and short enough to refuse new rooms
	// before the players of the others notice.
	busyMemory = time.Second
	// stallTime without a turn is a pause after which a standby may have taken over.
	stallTime = time.Second
	// maxUnflushed bounds how long what was queued for standbys waits on a worker that never rests.
	maxUnflushed = 5 * time.Millisecond
	// probationInterval is how often a room on probation handles its inbox: others wait for its first tick.
	probationInterval = time.Millisecond
	// noPhase is the phase of a room whose grid begins at Spec.Due.
	noPhase = -1
)

// worker ticks its rooms one after another, each at its due time, in one goroutine with one timer. A room stays with its
// worker, so its memory stays with one core.
type worker struct {
	pool *Pool
	wake chan struct{} // holds one: a room was added
	load atomic.Int64  // ticks a second of its rooms
	busy atomic.Uint64 // share of time, as math.Float64bits
	late atomic.Uint64 // ticks that began more than a period late
	p99  atomic.Int64  // of the time that recent ticks took, in nanoseconds

	mu      sync.Mutex
	stopped bool
	added   []*Room // not yet in schedule; Start is bounded by MaxBusy, so is this

	// The worker's goroutine only.
	schedule schedule
	phases   map[int]*phases // by tick rate
	times    tickTimes
	spent    time.Duration // in ticks since measured
	measured time.Duration
	ran      time.Duration // when it had its last turn
	clock    time.Time     // the wall clock then
	unsent   bool          // rooms have ticked since the last flush, the first at since
	since    time.Duration
}

func newWorker(p *Pool) *worker {
	return &worker{pool: p, wake: make(chan struct{}, 1), phases: make(map[int]*phases)}
}

func (w *worker) share() float64 { return math.Float64frombits(w.busy.Load()) }

// add gives r to the worker; false when it has stopped.
func (w *worker) add(r *Room) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.added = append(w.added, r)
	w.load.Add(int64(r.settings.TickRate))
	w.pool.config.Metrics.Rooms.Inc()
	if r.spec.Suspended != 0 {
		w.pool.config.Metrics.RoomsSuspended.Inc()
	}
	select {
	case w.wake <- struct{}{}:
	default:
	}
	return true
}

// run ticks until ctx ends, then ends every room.
func (w *worker) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	defer w.stop()
	now := w.pool.now()
	for w.ran = now; ctx.Err() == nil; {
		w.begin(now)
		w.noticeStall(now)
		w.measure(now)
		if len(w.schedule) > 0 && w.schedule[0].due <= now {
			now = w.tickFirst(now)
			if now-w.since >= maxUnflushed {
				w.flush()
			}
			continue
		}
		w.flush()
		timer.Reset(w.idleFor(now))
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-timer.C:
		}
		now = w.pool.now()
	}
}

// begin schedules the rooms that were added.
func (w *worker) begin(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.added {
		rate := r.settings.TickRate
		if r.spec.Due != 0 {
			r.cadence = cadenceFrom(rate, r.due)
		} else {
			if w.phases[rate] == nil {
				w.phases[rate] = &phases{}
			}
			r.phase = w.phases[rate].take()
			r.cadence = newCadence(rate, r.phase, now)
		}
		r.due, r.idleSince = r.cadence.due(), now
		w.schedule.push(r)
		w.added[i] = nil
	}
	w.added = w.added[:0]
}

// tickFirst runs the tick of the room that is due first and returns the time after it.
func (w *worker) tickFirst(now time.Duration) (after time.Duration) {
	r, m := w.schedule[0], w.pool.config.Metrics
	if !w.unsent {
		w.unsent, w.since = true, now
	}
	probation := r.suspension.reasons == ReasonProbation
	if !probation {
		m.TickLateness.Observe((now - r.due).Seconds())
		if r.cadence.advance(now) {
			m.TicksLate.Inc()
			w.late.Add(1)
			r.late++
		}
	}
	r.due = r.cadence.due()
	goesOn := r.tick(now)
	switch {
	case r.suspension.reasons == ReasonProbation:
		r.due = now + probationInterval
	case probation:
		r.cadence = cadenceFrom(r.settings.TickRate, now+time.Second/time.Duration(r.settings.TickRate))
		r.due = r.cadence.due()
	}
	if goesOn {
		w.schedule.fixFirst()
	} else {
		w.schedule.removeFirst()
		if r.phase != noPhase {
			w.phases[r.settings.TickRate].release(r.phase)
		}
		w.load.Add(-int64(r.settings.TickRate))
	}
	after = w.pool.now()
	w.spent += after - now
	w.times.add(after - now)
	m.TickDuration.Observe((after - now).Seconds())
	return after
}

// flush sends what ticks have queued for standbys since the last call.
func (w *worker) flush() {
	if w.unsent && w.pool.config.Flush != nil {
		w.pool.config.Flush()
	}
	w.unsent = false
}

// noticeStall suspends all rooms if this turn comes long after the last one. In a virtual machine that was paused only the
// wall clock shows it. A wall clock that was set forward looks the same and costs one query of the other servers.
func (w *worker) noticeStall(now time.Duration) {
	clock := w.pool.config.WallClock().Round(0) // without the monotonic part
	gap := now - w.ran
	if !w.clock.IsZero() && clock.Sub(w.clock) >= gap+stallTime {
		gap = clock.Sub(w.clock)
	}
	w.ran, w.clock = now, clock
	if gap < stallTime || w.pool.config.Stalled == nil {
		return
	}
	for _, r := range w.schedule {
		r.suspend(ReasonPaused, now, pausedText)
	}
	w.pool.config.Stalled(gap)
}

// idleFor is how long nothing is due.
func (w *worker) idleFor(now time.Duration) time.Duration {
	if len(w.schedule) == 0 {
		return measureEvery // lets the busy share fall
	}
	return min(w.schedule[0].due-now, measureEvery)
}

// measure updates the busy share, weighting the newest sample by its length, and publishes how long ticks take.
func (w *worker) measure(now time.Duration) {
	elapsed := now - w.measured
	if elapsed < measureEvery {
		return
	}
	weight := 1 - math.Exp(-elapsed.Seconds()/busyMemory.Seconds())
	share := w.share()
	share += weight * (min(1, w.spent.Seconds()/elapsed.Seconds()) - share)
	w.busy.Store(math.Float64bits(share))
	w.spent, w.measured = 0, now
	w.p99.Store(int64(w.times.p99()))
	w.times.turn(now)
	w.pool.config.Metrics.WorkerBusy.Set(w.pool.Busy())
}

// stop refuses new rooms and ends those that are there.
func (w *worker) stop() {
	w.mu.Lock()
	w.stopped = true
	w.mu.Unlock()
	w.begin(w.pool.now())
	for _, r := range w.schedule {
		r.shutDown()
	}
	w.schedule = nil
	w.load.Store(0)
}
