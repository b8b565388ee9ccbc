package room

import (
	"math/bits"
	"time"
)

const (
	// slotCount is how many slots a period has at most: 3 ms apart at 20 ticks a second, 1 ms at 60.
	slotCount = 16
	// passTime is what the ticks of one slot should take together. A worker that wakes up for one room of 0.1 ms spends a sixth of
	// the time on waking up; longer passes save little more and delay the last room in them.
	passTime = time.Millisecond
	// leastTick is what a room's tick counts as at least. A new room has no cost yet, and an empty one fills.
	leastTick = 100 * time.Microsecond
	// early is how much before its time a room may tick rather than let the worker sleep between two rooms of a pass.
	early = passTime / 4
)

// slots are the places in the period at which a worker's rooms of one rate are due. Rooms of one slot follow each other, so that the
// worker wakes up once for about passTime of work. It opens as many slots as that needs and keeps their loads alike, by which
// rooms change over; they slide there (cadence.approach). It belongs to the worker's goroutine.
type slots struct {
	rate   int
	open   int               // a power of two: the first of slotOrder
	loads  [slotCount]int64  // in nanoseconds a second
	taken  [slotCount]uint64 // places, as bits
	rooms  [slotCount]int
	offset [slotCount]time.Duration
}

// slotOrder is the order in which slots open: any power of two of them is spread evenly over the period.
var slotOrder = [slotCount]int{0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15}

func newSlots(rate int) *slots {
	s := &slots{rate: rate, open: 1}
	for i, at := range slotOrder {
		s.offset[i] = time.Second * time.Duration(at) / time.Duration(rate*slotCount)
	}
	return s
}

// weigh is what a room of that load counts as in its slot.
func (s *slots) weigh(load int64) int64 { return max(load, int64(s.rate)*int64(leastTick)) }

// place is where a room is: behind so many others of its slot.
type place struct{ slot, behind int }

// nowhere is the place of a room whose due times follow no other room's.
var nowhere = place{slot: -1}

// enter gives a room of that weight a place in the slot with the least load.
func (s *slots) enter(weight int64) place {
	s.resize(weight)
	return s.add(s.least(), weight)
}

func (s *slots) add(slot int, weight int64) place {
	behind := bits.TrailingZeros64(^s.taken[slot]) // 64, which many may have, when all are taken
	s.taken[slot] |= 1 << behind
	s.loads[slot] += weight
	s.rooms[slot]++
	return place{slot, behind}
}

// leave takes a room of that weight out of its slot.
func (s *slots) leave(at place, weight int64) {
	s.taken[at.slot] &^= 1 << at.behind
	s.loads[at.slot] -= weight
	s.rooms[at.slot]--
}

// due is the offset of a place: a room is due when those before it, if they are as the others of their slot, have ticked.
func (s *slots) due(at place) time.Duration {
	tick := s.loads[at.slot] / int64(s.rooms[at.slot]*s.rate)
	return s.offset[at.slot] + time.Duration(int64(at.behind)*tick)
}

// review gives a room whose weight was another the place in which it should be from now on.
func (s *slots) review(at place, was, weight int64) place {
	slot := at.slot
	s.loads[slot] += weight - was
	s.resize(0)
	to := s.least()
	// The difference must become clearly smaller, or rooms would go to and fro.
	if slot < s.open && (s.loads[slot] <= s.pass() || s.loads[slot]-s.loads[to] < weight+weight/4) {
		if at.behind < s.rooms[slot] {
			return at
		}
		to = slot // others have left
	}
	s.leave(at, weight)
	return s.add(to, weight)
}

// pass is passTime in the unit of loads.
func (s *slots) pass() int64 { return int64(s.rate) * int64(passTime) }

// resize opens slots for what there is and more, and closes half of them when a quarter would do.
func (s *slots) resize(more int64) {
	for _, load := range s.loads {
		more += load
	}
	for s.open < slotCount && more > int64(s.open)*s.pass() {
		s.open *= 2
	}
	for s.open > 1 && more < int64(s.open)*s.pass()/4 {
		s.open /= 2
	}
}

// least is the open slot with the least load.
func (s *slots) least() int {
	least := 0
	for i, load := range s.loads[:s.open] {
		if load < s.loads[least] {
			least = i
		}
	}
	return least
}
