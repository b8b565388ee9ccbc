package goclient

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// backoff is the longest of the first wait; it doubles with each wait up to maxBackoff. A wait is drawn at random below it:
	// thousands of clients may have lost the same server.
	backoff    = 50 * time.Millisecond
	maxBackoff = 4 * time.Second
	// stable is how long a connection must have lasted for the waits to begin anew.
	stable = 5 * time.Second
)

// place is where to go: a room's URL, or, when url is empty, the router (without one: the configured URL).
type place struct {
	url    string
	ticket string // replaces the client's when not empty
}

var router = place{}

// plan is where a client that is not in its room goes next. It knows no clock and no socket.
type plan struct {
	here      place
	fallbacks []place
	proxied   bool // here is a router, which may be all that can be reached

	in     bool          // the client is in the room
	round  []place       // all places, in the order in which they are tried
	queue  []place       // what is left of the round
	waits  int           // since the last stable connection
	silent int           // attempts since the last wait, or since the client was in the room, one for that included
	hops   int           // moved messages followed in a row
	wait   time.Duration // before the next place
}

// firstPlan is that of a client that was nowhere yet.
func firstPlan() plan { return plan{round: []place{router}, queue: []place{router}} }

// entered notes that the client is in the room at url, and where it may go when that is lost.
func (p *plan) entered(url string, fallbacks []string, proxied bool) {
	p.here, p.proxied, p.in, p.hops = place{url: url}, proxied, true, 0
	p.fallbacks = p.fallbacks[:0]
	for _, f := range fallbacks {
		p.fallbacks = append(p.fallbacks, place{url: f})
	}
}

// left makes the round anew. A connection that was lost without a word most likely had its server lost, whose standby
// takes over as soon as somebody comes: the fallbacks are first, and here is tried again after them.
func (p *plan) left(lost bool) {
	if !p.in {
		return
	}
	p.in = false
	p.round = p.round[:0]
	if lost && !p.proxied {
		p.round = append(append(p.round, p.fallbacks...), p.here, router)
	} else {
		p.round = append(append(append(p.round, p.here), p.fallbacks...), router)
	}
	p.queue = p.round
}

// prefer puts a place before all others, to be tried at once.
func (p *plan) prefer(to place) {
	p.queue, p.wait = append([]place{to}, p.queue...), 0
}

// ended notes that the connection, or the attempt to make one, ended with err after it had been in the room for
// lasted. It reports whether to forget the resume token, and whether to go on at all.
func (p *plan) ended(err error, lasted time.Duration) (forget, goOn bool) {
	if lasted >= stable {
		p.waits, p.silent = 0, 0
	}
	var closed *CloseError
	var problem *Problem
	spoken := errors.As(err, &closed) || errors.As(err, &problem) && !problem.Foreign
	p.left(!spoken)
	follows := closed != nil && closed.next() == proto.Follow && closed.Moved != nil && p.hops < maxHops
	if p.wait = 0; !follows {
		p.silent++ // a server that is moved to, and is gone, counts
	}
	if spoken && !follows || p.silent > len(p.round) { // else another place may answer
		p.wait = drawWait(p.waits)
		p.waits, p.silent = p.waits+1, 1
	}
	switch {
	case errors.Is(err, ErrSchema):
		return false, false
	case problem != nil:
		p.wait = max(p.wait, problem.Retry)
		return false, problem.Foreign || problem.passing()
	case closed == nil:
		return false, true
	}
	if follows {
		p.hops++
		p.queue = append([]place{{closed.Moved.URL, closed.Moved.Ticket}}, p.queue...)
		return false, true
	}
	p.wait = max(p.wait, closed.Retry)
	switch closed.next() {
	case proto.Stop:
		return false, false
	case proto.Follow:
		p.queue, p.hops = []place{router}, 0
	case proto.Router:
		p.queue = []place{router}
	case proto.Ticket:
		p.queue = []place{router}
		forget = true
	}
	return forget, true
}

// next takes the next place and the time to wait before going there.
func (p *plan) next() (place, time.Duration) {
	if len(p.queue) == 0 {
		p.queue = p.round
	}
	next := p.queue[0]
	p.queue = p.queue[1:]
	return next, p.wait
}

// drawWait draws a wait that follows so many.
func drawWait(waits int) time.Duration {
	limit := min(maxBackoff, backoff<<min(waits, 20))
	return rand.N(limit)
}
