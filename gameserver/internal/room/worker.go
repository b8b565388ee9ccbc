package room

import (
	"context"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
)

const (
	// measureEvery is how often a worker's busy share is brought up to date; below it, one tick would be most of a sample.
	measureEvery = 250 * time.Millisecond
	// busyMemory is how long the past counts in it: longer than a garbage collection, and short enough to refuse new rooms
	// before the players of the others notice.
	busyMemory = time.Second
	// A worker above MaxBusy takes new rooms up to mostBusy, as long as 99 of 100 ticks begin before maxDelay of their period is over.
	mostBusy = 0.95
	maxDelay = 0.25
	// stallTime without a turn is a pause after which a standby may have taken over.
	stallTime = time.Second
	// maxUnflushed bounds how long what was queued for standbys waits on a worker that never rests.
	maxUnflushed = 5 * time.Millisecond
	// probationInterval is how often a room on probation handles its inbox: others wait for its first tick.
	probationInterval = time.Millisecond
)

// worker ticks its rooms one after another, each at its due time, in one goroutine with one alarm. A room changes its worker
// seldom, so its memory stays with one core.
type worker struct {
	pool   *Pool
	number int
	alarm  alarm         // rung when a room was added
	load   atomic.Int64  // what its rooms cost, in nanoseconds a second
	busy   atomic.Uint64 // share of time, as math.Float64bits
	late   atomic.Uint64 // ticks that began more than a period late
	p99    atomic.Int64  // of the time that recent ticks took, in nanoseconds
	delay  atomic.Int64  // 99th percentile of how late they began, in billionths of a period

	// What the watchdog looks at.
	call  call
	beat  atomic.Uint64 // counts passes
	still atomic.Bool   // it has made none for loopLimit
	label atomic.Value  // string: of the goroutine that runs it
	shed  atomic.Int64  // load that it is to give to shedTo
	to    atomic.Pointer[worker]

	mu      sync.Mutex
	stopped bool
	added   []*Room // not yet in schedule; Start is bounded by MaxBusy, so is this

	// The goroutine that runs the worker only. See watchdog.go.
	runs     int // goroutines that have run it
	schedule schedule
	slots    map[int]*slots // by tick rate; none in the slow lane
	times    tickTimes
	delays   tickTimes     // a second stands for a period
	spent    time.Duration // in ticks since measured
	measured time.Duration
	ran      time.Duration // when it had its last turn
	clock    time.Time     // the wall clock then
	unsent   bool          // rooms have ticked since the last flush, the first at since
	since    time.Duration
}

func newWorker(p *Pool, number int) *worker {
	return &worker{pool: p, number: number, alarm: newGoAlarm(), slots: make(map[int]*slots)}
}

func (w *worker) share() float64 { return math.Float64frombits(w.busy.Load()) }

// admits reports whether the worker may take a new room when so much of its time is spent. Time that other processes took counts as
// spent, so only ticks that begin late show that there is too little of it.
func (w *worker) admits(busy float64) bool {
	late := time.Duration(w.delay.Load()).Seconds() > maxDelay
	return busy <= w.pool.config.MaxBusy || busy <= mostBusy && !late
}

// add gives a new room to the worker; false when it has stopped.
func (w *worker) add(r *Room) bool {
	if !w.take(r) {
		return false
	}
	w.pool.config.Metrics.Rooms.Inc()
	if r.spec.Suspended != 0 {
		w.pool.config.Metrics.RoomsSuspended.Inc()
	}
	return true
}

// take puts a room into the worker's queue; false when it has stopped. The caller does not touch the room after it.
func (w *worker) take(r *Room) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return false
	}
	w.load.Add(r.cost.load)
	w.added = append(w.added, r)
	w.alarm.ring()
	return true
}

// prepare comes before the first run.
func (w *worker) prepare() {
	if !w.pool.config.KernelTimers {
		return
	}
	a, err := newKernelAlarm()
	if err != nil {
		w.pool.config.Logger.Debug("room: there is no timer of the kernel; ticks begin up to 1 ms late", "error", err)
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.alarm.close()
	w.alarm = a
}

// run ticks until ctx ends, then ends every room. false: the watchdog has taken the worker, and another goroutine runs it.
func (w *worker) run(ctx context.Context) bool {
	w.runs++
	label := fmt.Sprintf("tick worker %d.%d", w.number, w.runs)
	w.label.Store(label)
	obs.Label(label)
	defer context.AfterFunc(ctx, w.alarm.ring)()
	now := w.pool.now()
	if w.runs == 1 {
		w.ran = now
	}
	for ctx.Err() == nil {
		w.begin(now)
		w.noticeStall(now)
		w.measure(now)
		if w.isDue(now) {
			var mine bool
			if now, mine = w.tickFirst(now); !mine {
				return false
			}
			if now-w.since >= maxUnflushed {
				w.flush()
			}
			continue
		}
		w.flush()
		w.alarm.sleep(w.idleFor(now))
		now = w.pool.now()
	}
	w.stop()
	return true
}

// begin schedules the rooms that were added. One that another worker had keeps its due times.
func (w *worker) begin(now time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i, r := range w.added {
		rate := r.settings.TickRate
		w.enterSlot(r)
		switch {
		case r.cadence.rate != 0:
		case r.spec.Due != 0:
			r.cadence = cadenceFrom(rate, r.due)
			r.due, r.idleSince = r.cadence.due(), now
		default:
			r.cadence = newCadence(rate, w.slots[rate].due(r.place), now)
			r.due, r.idleSince = r.cadence.due(), now
		}
		r.call = &w.call
		w.schedule.push(r)
		w.added[i] = nil
	}
	w.added = w.added[:0]
}

// enterSlot finds r its place among the worker's rooms of its rate. In the slow lane rooms are due when they are.
func (w *worker) enterSlot(r *Room) {
	if w == w.pool.lane {
		return
	}
	rate := r.settings.TickRate
	if w.slots[rate] == nil {
		w.slots[rate] = newSlots(rate)
	}
	r.weight = w.slots[rate].weigh(r.cost.load)
	r.place = w.slots[rate].enter(r.weight)
}

// unschedule takes r, the first room, out.
func (w *worker) unschedule(r *Room) {
	w.schedule.removeFirst()
	if r.place != nowhere {
		w.slots[r.settings.TickRate].leave(r.place, r.weight)
		r.place = nowhere
	}
	w.load.Add(-r.cost.load)
}

// charge notes what r's tick cost, and lets r change its slot where that makes passes more alike.
func (w *worker) charge(r *Room, took, now time.Duration) {
	change := r.cost.add(took, now)
	if change == 0 {
		return
	}
	w.load.Add(change)
	if r.place != nowhere {
		s := w.slots[r.settings.TickRate]
		was := r.weight
		r.weight = s.weigh(r.cost.load)
		r.place = s.review(r.place, was, r.weight)
	}
}

// isDue reports whether the first room is due, or so soon that the pass goes on with it.
func (w *worker) isDue(now time.Duration) bool {
	if len(w.schedule) == 0 {
		return false
	}
	r := w.schedule[0]
	return r.due <= now || w.unsent && r.begun && r.due <= now+early
}

// tickFirst runs the tick of the room that is due first and returns the time after it. mine: the caller still has the worker.
func (w *worker) tickFirst(now time.Duration) (after time.Duration, mine bool) {
	r, m := w.schedule[0], w.pool.config.Metrics
	if !w.unsent {
		w.unsent, w.since = true, now
	}
	probation := r.suspension.reasons == ReasonProbation
	if !probation {
		late := max(0, now-r.due)
		m.TickLateness.Observe(late.Seconds())
		w.delays.add(late * time.Duration(r.settings.TickRate))
		if r.cadence.advance(now) {
			m.TicksLate.Inc()
			w.late.Add(1)
			r.late++
		}
		if r.place != nowhere {
			r.cadence.approach(w.slots[r.settings.TickRate].due(r.place))
		}
	}
	r.due = r.cadence.due()
	v := r.tick(now)
	if v == seized {
		return 0, false
	}
	switch {
	case r.suspension.reasons == ReasonProbation:
		r.due = now + probationInterval
	case probation:
		r.cadence = cadenceFrom(r.settings.TickRate, now+time.Second/time.Duration(r.settings.TickRate))
		r.due = r.cadence.due()
	}
	after = w.pool.now()
	took := after - now
	w.spent += took
	w.times.add(took)
	m.TickDuration.Observe(took.Seconds())
	w.charge(r, took, after)
	if w == w.pool.lane && w.pool.average() > w.pool.config.MaxBusy {
		r.cadence.skipTo(after + took) // the workers need the time
		r.due = r.cadence.due()
	}
	switch to := w.next(r, took); {
	case v == ended:
		w.unschedule(r)
	case to != nil:
		w.unschedule(r)
		if !to.take(r) {
			r.shutDown()
		}
	default:
		w.schedule.fixFirst()
	}
	return after, true
}

// flush sends what ticks have queued for standbys since the last call, at the end of a pass.
func (w *worker) flush() {
	w.beat.Add(1)
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
	if gap < stallTime || w.pool.config.Stalled == nil || w == w.pool.lane && len(w.schedule) == 0 {
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
	w.delay.Store(int64(w.delays.p99()))
	w.delays.turn(now)
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
