package simnet

import (
	"math/rand/v2"
	"sync"
	"time"
)

// flow is one direction of a connection: what is on its way, in order.
type flow struct {
	net      *Net
	path     path
	rng      *rand.Rand
	from, to *end

	flight []segment
	busy   time.Time // until when what was sent takes the bandwidth
	last   time.Time // when the newest segment arrives
	timer  *time.Timer
	pause  time.Duration // how long the path was cut: the bound of what resuming takes
	unread int           // bytes that were sent and whose reading the sender has not heard of
	owed   int           // of them, those read while the way back was cut
}

// segment is what one write, close or reset sends.
type segment struct {
	at       time.Time
	data     []byte
	fin, rst bool
}

func (f *flow) send(s segment) {
	d, lost := f.net.delay(f.path, f.rng)
	if lost {
		d += retransmission
	}
	f.busy = later(f.busy, time.Now())
	if width := f.net.link(f.path).Bandwidth; width > 0 {
		f.busy = f.busy.Add(time.Duration(len(s.data)) * time.Second / time.Duration(width))
	}
	f.last = later(f.last, f.busy.Add(d))
	s.at = f.last
	f.unread += len(s.data)
	f.flight = append(f.flight, s)
	if len(f.flight) == 1 {
		f.arm()
	}
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}

// arm makes land be called when the next segment arrives.
func (f *flow) arm() {
	d := time.Until(f.flight[0].at)
	if f.timer == nil {
		f.timer = time.AfterFunc(d, f.land)
	} else {
		f.timer.Reset(d)
	}
}

// land hands over what has arrived.
func (f *flow) land() {
	f.net.mu.Lock()
	defer f.net.mu.Unlock()
	if !f.net.isOpen(f.path) {
		f.hold()
		return
	}
	now := time.Now()
	for len(f.flight) > 0 && !f.flight[0].at.After(now) {
		s := f.flight[0]
		f.flight = f.flight[1:]
		f.to.arrive(s)
	}
	if len(f.flight) > 0 {
		f.arm()
	}
}

// hold keeps the flight until the path opens. A reset is not sent a second time, so it is lost.
func (f *flow) hold() {
	kept := f.flight[:0]
	for _, s := range f.flight {
		if !s.rst {
			kept = append(kept, s)
		}
	}
	f.flight = kept
	f.net.held[f] = struct{}{}
}

// resume sends what was held, if its path is open.
func (f *flow) resume() {
	if f.owed > 0 && f.net.isOpen(f.path.back()) {
		owed := f.owed
		f.owed = 0
		f.acknowledge(owed)
	}
	if len(f.flight) > 0 && f.net.isOpen(f.path) {
		again := time.Now().Add(time.Duration(f.rng.Float64() * float64(f.pause)))
		for i := range f.flight {
			f.flight[i].at = later(f.flight[i].at, again)
		}
		f.last = later(f.last, again)
		f.arm()
	}
	if f.owed == 0 && (len(f.flight) == 0 || f.net.isOpen(f.path)) {
		f.pause = 0
		delete(f.net.held, f)
	}
}

// acknowledge tells the sender that n bytes were read.
func (f *flow) acknowledge(n int) {
	if !f.net.isOpen(f.path.back()) {
		f.owed += n
		f.net.held[f] = struct{}{}
		return
	}
	f.unread -= n
	f.from.wait.Broadcast()
}

// deadline is a point in time that ends calls which wait on a condition.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

// set moves the deadline and wakes who waits, so that they look at it; the caller holds wait.L.
func (d *deadline) set(t time.Time, wait *sync.Cond) {
	d.stop()
	d.at = t
	if left := time.Until(t); left <= 0 {
		wait.Broadcast()
	} else if d.timer != nil {
		d.timer.Reset(left)
	} else {
		d.timer = time.AfterFunc(left, func() {
			wait.L.Lock()
			defer wait.L.Unlock()
			wait.Broadcast()
		})
	}
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
	}
}
