package network

import (
	"sync"
	"sync/atomic"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Poller tells with one system call which of many quiet sockets have something to read. It is for sockets that Go's poller does not
// know. The zero Poller is ready; it takes a descriptor when it first watches a socket. One goroutine calls Wait, any
// goroutine everything else. No method waits.
type Poller struct {
	asleep atomic.Int32 // watches

	mu      sync.Mutex // held for one system call at most
	fd      int        // of epoll; 0: none yet
	closed  bool
	watched []*Watch // by what epoll calls them; nil: free
}

// Watch is one socket's place in a Poller. The zero Watch is awake.
type Watch struct {
	poller *Poller // guarded by its mu, as are the next two; nil: it was never watched
	fd     int
	place  int
	asleep atomic.Bool
}

// Asleep reports whether nothing has come since Sleep. Only Wait, Stop and Close wake a watch.
func (w *Watch) Asleep() bool { return w.asleep.Load() }

// Sleep watches a socket until there is something to read, or it is at its end. false: it cannot be watched, and is to be read now and
// then. A watch sleeps with one poller and for one socket until Stop.
func (p *Poller) Sleep(w *Watch, fd int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed || w.asleep.Load() {
		return false
	}
	if p.fd == 0 {
		fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
		if err != nil {
			return false
		}
		p.fd = fd
	}
	op := unix.EPOLL_CTL_MOD
	if w.poller == nil {
		op, w.place = unix.EPOLL_CTL_ADD, p.free()
	}
	w.asleep.Store(true) // before Wait can find it
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLRDHUP | unix.EPOLLONESHOT, Fd: int32(w.place)}
	if err := unix.EpollCtl(p.fd, op, fd, &event); err != nil {
		w.asleep.Store(false)
		return false
	}
	w.poller, w.fd, p.watched[w.place] = p, fd, w
	p.asleep.Add(1)
	return true
}

// free is a free place.
func (p *Poller) free() int {
	for i, w := range p.watched {
		if w == nil {
			return i
		}
	}
	p.watched = append(p.watched, nil)
	return len(p.watched) - 1
}

// Wait wakes the watches of the sockets for which something has come. Without one that sleeps it costs nothing.
func (p *Poller) Wait() {
	for p.asleep.Load() > 0 {
		var events [64]unix.EpollEvent
		n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(p.descriptor()), uintptr(unsafe.Pointer(&events)), uintptr(len(events)), 0, 0, 0)
		if errno != 0 {
			if errno == unix.EINTR {
				continue
			}
			p.wakeAll()
			return
		}
		p.mu.Lock()
		for i := range events[:n] {
			p.wakeLocked(p.watched[events[i].Fd])
		}
		p.mu.Unlock()
		if int(n) < len(events) {
			return
		}
	}
}

func (p *Poller) descriptor() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.fd
}

// wakeLocked wakes w, unless it has stopped.
func (p *Poller) wakeLocked(w *Watch) {
	if w != nil && w.asleep.CompareAndSwap(true, false) {
		p.asleep.Add(-1)
	}
}

// wakeAll is for a poller that fails: its sockets are read all the same.
func (p *Poller) wakeAll() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, w := range p.watched {
		p.wakeLocked(w)
	}
}

// Stop ends the watching of the socket. It comes before the socket is closed.
func (w *Watch) Stop() {
	p := w.poller
	if p == nil {
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.closed {
		_ = unix.EpollCtl(p.fd, unix.EPOLL_CTL_DEL, w.fd, nil)
	}
	p.watched[w.place] = nil
	p.wakeLocked(w)
	w.poller = nil
}

// Close frees the poller's descriptor and wakes what sleeps. It watches nothing any more.
func (p *Poller) Close() {
	p.wakeAll()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.fd != 0 && !p.closed {
		_ = unix.Close(p.fd)
	}
	p.closed = true
}
