package goclient

import (
	"errors"
	"math/rand/v2"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// backoff is the longest wait before the first attempt to come back; it doubles with each up to maxBackoff. The wait is
	// drawn at random below it: thousands of clients may have lost the same server.
	backoff    = 50 * time.Millisecond
	maxBackoff = 5 * time.Second
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
	round   []place       // where the client was, the fallbacks, the router
	queue   []place       // what is left of the round
	attempt int           // since the last stable connection
	hops    int           // moved messages followed in a row
	wait    time.Duration // before the next place
}

// firstPlan is that of a client that was nowhere yet.
func firstPlan() plan { return plan{round: []place{router}, queue: []place{router}} }

// entered notes that the client is in the room at url, and where it may go when that is lost.
func (p *plan) entered(url string, fallbacks []string) {
	p.round = append(p.round[:0], place{url: url})
	for _, f := range fallbacks {
		p.round = append(p.round, place{url: f})
	}
	p.round = append(p.round, router)
	p.queue, p.hops = p.round, 0
}

// ended notes that the connection, or the attempt to make one, ended with err after it had been in the room for
// lasted. It reports whether to forget the resume token, and whether to go on at all.
func (p *plan) ended(err error, lasted time.Duration) (forget, goOn bool) {
	if lasted >= stable {
		p.attempt = 0
	}
	p.wait = drawWait(p.attempt)
	p.attempt++
	var closed *CloseError
	var problem *Problem
	switch {
	case errors.Is(err, ErrSchema):
		return false, false
	case errors.As(err, &problem):
		p.wait = max(p.wait, problem.Retry)
		return false, problem.passing()
	case !errors.As(err, &closed):
		return false, true
	}
	p.wait = max(p.wait, closed.Retry)
	switch closed.next() {
	case proto.Stop:
		return false, false
	case proto.Follow:
		if closed.Moved == nil || p.hops >= maxHops {
			p.queue, p.hops = []place{router}, 0
			break
		}
		p.wait = 0
		p.hops++
		p.attempt--
		p.queue = append([]place{{closed.Moved.URL, closed.Moved.Ticket}}, p.queue...)
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

// drawWait draws the wait before an attempt.
func drawWait(attempt int) time.Duration {
	limit := min(maxBackoff, backoff<<min(attempt, 20))
	return rand.N(limit)
}
