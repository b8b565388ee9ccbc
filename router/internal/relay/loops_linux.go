// Package relay passes bytes on between pairs of sockets. A few loops poll the sockets of all tunnels, each with an epoll of its own, so
// that a message costs two system calls and no goroutine is woken for it.
package relay

import (
	"context"
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
)

const (
	// linger is how long the other direction may go on after one has ended.
	linger = 5 * time.Second
	// maxEvents is how many events one call gives.
	maxEvents = 256
)

// Loops are the loops of one process. A tunnel belongs to one of them.
type Loops struct {
	loops []*loop
	next  atomic.Uint32
}

// loop is one goroutine with an epoll, which Go's poller waits for.
type loop struct {
	idle    time.Duration
	opened  chan struct{} // closed when there is the epoll
	epoll   *os.File
	fd      int
	events  [maxEvents]unix.EpollEvent
	batch   [maxEvents]*Tunnel
	scratch scratch

	mu    sync.Mutex // held for a moment, below that of a tunnel
	slots []*Tunnel
	free  []int32
}

// New makes a loop for each processor. A tunnel is closed when one of its sides has sent nothing for idle.
func New(idle time.Duration) *Loops {
	l := &Loops{loops: make([]*loop, runtime.GOMAXPROCS(0))}
	for i := range l.loops {
		l.loops[i] = &loop{idle: idle, opened: make(chan struct{})}
	}
	return l
}

// Run runs the loops until ctx ends, by when all tunnels must be closed. A loop begins with its first tunnel.
func (l *Loops) Run(ctx context.Context) error {
	var all sync.WaitGroup
	errs := make([]error, len(l.loops))
	for i, one := range l.loops {
		all.Go(func() {
			select {
			case <-one.opened:
				errs[i] = one.run(ctx)
			case <-ctx.Done():
			}
		})
	}
	<-ctx.Done()
	for _, one := range l.loops {
		one.close()
	}
	all.Wait()
	return errors.Join(errs...)
}

// open makes the epoll, once.
func (l *loop) open() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoll != nil {
		return nil
	}
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		return os.NewSyscallError("epoll", err)
	}
	_ = unix.SetNonblock(fd, true) // so that Go's poller takes it
	l.epoll, l.fd = os.NewFile(uintptr(fd), "epoll"), fd
	close(l.opened)
	return nil
}

func (l *loop) close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.epoll != nil {
		_ = l.epoll.Close()
	}
}

// Relay takes two connections over, TCP or TLS over a network.Underlying, and passes on what was read from them already and all that comes. nil: they
// cannot be polled and are as they were.
func (l *Loops) Relay(a, b net.Conn, fromA, fromB []byte) *Tunnel {
	if !canPoll(a) || !canPoll(b) {
		return nil
	}
	one := l.loops[int(l.next.Add(1))%len(l.loops)]
	if one.open() != nil {
		return nil
	}
	x, err := network.Duplicate(network.TCP(a))
	if err != nil {
		return nil
	}
	y, err := network.Duplicate(network.TCP(b))
	if err != nil {
		_ = unix.Close(int(x))
		return nil
	}
	t := &Tunnel{loop: one, ends: [2]*end{newEnd(a, x), newEnd(b, y)}, done: make(chan struct{})}
	t.loop.add(t, fromA, fromB)
	return t
}

// add begins t.
func (l *loop) add(t *Tunnel, fromA, fromB []byte) {
	t.mu.Lock()
	defer t.mu.Unlock()
	l.mu.Lock()
	if n := len(l.free); n > 0 {
		t.slot, l.free = l.free[n-1], l.free[:n-1]
		l.slots[t.slot] = t
	} else {
		t.slot = int32(len(l.slots))
		l.slots = append(l.slots, t)
	}
	l.mu.Unlock()
	now := time.Now().Unix()
	for i, pending := range [2][]byte{fromB, fromA} {
		e := t.ends[i]
		e.heard = now
		if len(pending) > 0 && e.write(pending) != nil {
			t.closeLocked()
			return
		}
	}
	for i, e := range t.ends { // tells of the state that it is in now
		event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | edgeTriggered, Fd: t.slot<<1 | int32(i)}
		if unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, int(e.socket), &event) != nil {
			t.closeLocked()
			return
		}
	}
}

// edgeTriggered is EPOLLET, which package unix gives as a negative number.
const edgeTriggered = 1 << 31

// forget ends t, whose descriptors are closed.
func (l *loop) forget(t *Tunnel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots[t.slot] = nil
	l.free = append(l.free, t.slot)
}

// run acts on events until the epoll is closed. Those of a tunnel that is closed are of no use, and may come to one that has got its slot,
// where they do no harm.
func (l *loop) run(ctx context.Context) error {
	raw, err := l.epoll.SyscallConn()
	if err != nil {
		return err
	}
	n := 0
	wait := func(fd uintptr) bool {
		n = l.poll(fd)
		return n > 0
	}
	for checked := (time.Time{}); ; {
		now := time.Now()
		l.handle(n, now.Unix())
		if now.Sub(checked) >= time.Second {
			checked = now
			l.check(now.Unix())
			_ = l.epoll.SetReadDeadline(now.Add(time.Second))
		}
		n = 0
		switch err := raw.Read(wait); {
		case ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

// poll is one epoll_wait that does not wait.
func (l *loop) poll(fd uintptr) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, fd, uintptr(unsafe.Pointer(&l.events[0])), maxEvents, 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (l *loop) handle(n int, now int64) {
	l.mu.Lock()
	for i := range n {
		l.batch[i] = l.slots[l.events[i].Fd>>1]
	}
	l.mu.Unlock()
	for i, t := range l.batch[:n] {
		if t != nil {
			t.handle(int(l.events[i].Fd&1), l.events[i].Events, &l.scratch, now)
		}
	}
	clear(l.batch[:n])
}

// check looks whether the time of tunnels is over.
func (l *loop) check(now int64) {
	l.mu.Lock()
	all := append([]*Tunnel(nil), l.slots...)
	l.mu.Unlock()
	for _, t := range all {
		if t != nil {
			t.check(now)
		}
	}
}
