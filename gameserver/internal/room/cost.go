package room

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const (
	// costEvery is how often a room's cost is brought up to date, and costMemory how long the past counts in it.
	costEvery  = 250 * time.Millisecond
	costMemory = time.Second
	// tickLoad is what a tick counts as besides the time that it took: what the worker does around it, and all that is known of a
	// new room.
	tickLoad = 5 * time.Microsecond
	// maxShare is a room's share: the part of one worker's time that it may take. Above it the room moves to the slow lane, a
	// worker for such rooms alone, and returns below half of it. Where the workers have no time to spare a room rests there for
	// as long as its tick took. A room at its share delays others by a quarter of its period.
	maxShare = 0.25
	// balanceLooks is how many looks of the watchdog are between two comparisons of the workers' loads.
	balanceLooks = 10
	// imbalance is the difference of two workers' loads, as a share of a worker's time, from which on rooms change over.
	imbalance = 0.2
)

// cost is what a room's ticks cost. It belongs to the worker's goroutine.
type cost struct {
	share  float64       // of a worker's time, in the last seconds
	load   int64         // what it counts as in its worker's load, in nanoseconds a second
	spent  time.Duration // since updated
	since  time.Duration // when updated
	rate   int64         // ticks a second
	total  prometheus.Counter
	unseen time.Duration // not yet in total
}

func newCost(rate int, now time.Duration, total prometheus.Counter) cost {
	return cost{rate: int64(rate), load: int64(rate) * int64(tickLoad), since: now, total: total}
}

// add notes a tick that took so long and ended at now. It returns by how much the room's load changes.
func (c *cost) add(took, now time.Duration) (change int64) {
	c.spent += took
	elapsed := now - c.since
	if elapsed < costEvery {
		return 0
	}
	weight := 1 - math.Exp(-elapsed.Seconds()/costMemory.Seconds())
	c.share += weight * (min(1, c.spent.Seconds()/elapsed.Seconds()) - c.share)
	c.unseen += c.spent
	c.report()
	c.spent, c.since = 0, now
	load := c.rate*int64(tickLoad) + int64(c.share*float64(time.Second))
	change = load - c.load
	c.load = load
	return change
}

// report brings the metric up to date.
func (c *cost) report() {
	c.total.Add(c.unseen.Seconds())
	c.unseen = 0
}

// next is the worker that goes on with r after a tick that took so long; nil: this one.
func (w *worker) next(r *Room, took time.Duration) *worker {
	p := w.pool
	switch {
	case took >= stallTime: // the worker is about to suspend its rooms, this one included
	case w == p.lane:
		if r.cost.share < maxShare/2 {
			return p.choose(true)
		}
	case r.cost.share > maxShare:
		if w.load.Load() > r.cost.load { // a room that is alone harms nobody here
			return p.lane
		}
	default:
		// The difference is twice shed. It must become clearly smaller, or rooms would go to and fro.
		if shed := w.shed.Load(); shed > 0 && r.cost.load <= shed+shed/2 {
			w.shed.Add(-r.cost.load)
			return w.to.Load()
		}
	}
	return nil
}

// balance has the worker with the most load give rooms to the one with the least, if that is worth it. The watchdog calls it.
func (p *Pool) balance() {
	most, least := p.workers[0], p.workers[0]
	for _, w := range p.workers {
		w.shed.Store(0)
		if w.load.Load() > most.load.Load() {
			most = w
		}
		if w.load.Load() < least.load.Load() {
			least = w
		}
	}
	difference := most.load.Load() - least.load.Load()
	if float64(difference) < imbalance*float64(time.Second) {
		return
	}
	most.to.Store(least)
	most.shed.Store(difference / 2)
}
