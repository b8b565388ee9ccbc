package relay

import (
	"io"
	"sync"

	"golang.org/x/sys/unix"
)

// Tunnel relays between two sockets until both directions have ended, or it is closed.
type Tunnel struct {
	loop *loop
	slot int32 // in loop
	done chan struct{}

	mu       sync.Mutex // held for system calls that do not wait
	ends     [2]*end
	closed   bool
	deadline int64 // second at which it is closed, one direction having ended; 0: neither has
}

// Wait returns when both sockets are closed.
func (t *Tunnel) Wait() { <-t.done }

// Close closes both sockets. It may be called more than once.
func (t *Tunnel) Close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closeLocked()
}

func (t *Tunnel) closeLocked() {
	if t.closed {
		return
	}
	t.closed = true
	for _, e := range t.ends {
		e.close()
	}
	t.loop.forget(t)
	close(t.done)
}

// handle acts on events of an end.
func (t *Tunnel) handle(which int, events uint32, s *scratch, now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return
	}
	e, other := t.ends[which], t.ends[1-which]
	e.ready = e.ready || events&unix.EPOLLIN != 0
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.ready, e.final = true, true
	}
	err := e.flush()
	if err == nil {
		err = t.pump(e, other, s, now)
	}
	if err == nil {
		err = t.pump(other, e, s, now)
	}
	if err != nil || e.ended && other.ended && e.shut && other.shut {
		t.closeLocked()
	}
}

// pump passes on what can be read from one end, as long as the other one takes it, and the end of it.
func (t *Tunnel) pump(from, to *end, s *scratch, now int64) error {
	for from.ready && !from.ended && !to.blocked() {
		b, err := from.read(s)
		if len(b) > 0 {
			from.heard = now
			if err := to.write(b); err != nil {
				return err
			}
		}
		if from.ended = err == io.EOF; err != nil && !from.ended {
			return err
		}
	}
	if from.ended && !to.shut && !to.blocked() {
		to.shutdown()
		if t.deadline == 0 {
			t.deadline = now + int64(linger.Seconds())
		}
	}
	return nil
}

// check closes a tunnel whose time is over.
func (t *Tunnel) check(now int64) {
	t.mu.Lock()
	defer t.mu.Unlock()
	over := t.deadline > 0 && now >= t.deadline
	for _, e := range t.ends {
		over = over || !e.ended && now-e.heard > int64(t.loop.idle.Seconds())
	}
	if over {
		t.closeLocked()
	}
}
