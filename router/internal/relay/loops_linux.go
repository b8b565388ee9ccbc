// Package relay passes bytes on between sockets of clients and streams of game servers, which share a link (package multiplex). A few loops
// poll the sockets of clients and of links, each with an epoll of its own, so that a message to or from a client costs one system call, and no
// goroutine is woken for it.
//
// A loop that has much to do pauses between two looks, which waste less the more they find.
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

	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/internal/network"
)

const (
	// linger is how long the other direction may go on after one has ended.
	linger = 5 * time.Second
	// maxEvents is how many events one call gives.
	maxEvents = 256
	// pause is how long a loop rests that has found something, and busyAfter how soon after the one before it a look finds something if the
	// loop has much to do. A message waits for half of pause on the mean, each way.
	pause     = time.Millisecond
	busyAfter = 2 * time.Millisecond
)

// Loops are the loops of one process. A tunnel or a link belongs to one of them.
type Loops struct {
	loops []*loop
	next  atomic.Uint32
	spare sync.Pool // *scratch

	mu    sync.Mutex
	links map[*multiplex.Link]*loop // that are polled
}

// polled is what a loop polls, a tunnel or a link.
type polled interface {
	handle(events uint32, s *scratch, now time.Time)
	check(now time.Time)
}

// loop is one goroutine with an epoll. While it waits, and only then, gate has the epoll wake it: Go's poller waits for gate.
type loop struct {
	idle    time.Duration
	spare   *sync.Pool
	opened  chan struct{} // closed when there is the epoll
	gate    *os.File      // an epoll that has fd, one shot
	gateFD  int
	fd      int // of the epoll
	bell    int // an eventfd in it
	events  [maxEvents]unix.EpollEvent
	batch   [maxEvents]polled
	writing []*link // what dirty was
	scratch scratch

	mu    sync.Mutex // held for a moment, below that of a tunnel or a link
	slots []polled
	free  []int32
	dirty []*link // have something to write
	awake bool    // looks at dirty before it waits
}

// New makes a loop for each processor. A tunnel is closed when its client has sent nothing for idle.
func New(idle time.Duration) *Loops {
	l := &Loops{loops: make([]*loop, runtime.GOMAXPROCS(0)), spare: sync.Pool{New: func() any { return new(scratch) }}, links: map[*multiplex.Link]*loop{}}
	for i := range l.loops {
		l.loops[i] = &loop{idle: idle, spare: &l.spare, opened: make(chan struct{}), awake: true}
	}
	return l
}

func (l *Loops) pick() *loop { return l.loops[int(l.next.Add(1))%len(l.loops)] }

// Run runs the loops until ctx ends, by when all tunnels and links must be closed. A loop begins with its first.
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
		one.stop()
	}
	all.Wait()
	for _, one := range l.loops {
		one.close()
	}
	return errors.Join(errs...)
}

// Relay takes two connections over, the client's of TCP or TLS over a network.Underlying, and passes on what was read from them already and all that
// comes. nil: the client's cannot be polled, and both are as they were.
func (l *Loops) Relay(client net.Conn, server *multiplex.Stream, fromClient, fromServer []byte) *Tunnel {
	if !canPoll(client) {
		return nil
	}
	l.mu.Lock()
	one := l.links[server.Link()]
	l.mu.Unlock()
	if one == nil {
		one = l.pick()
	}
	if one.open() != nil {
		return nil
	}
	socket, err := network.Duplicate(network.TCP(client))
	if err != nil {
		return nil
	}
	t := &Tunnel{loop: one, slot: one.reserve(), client: newEnd(client, socket), server: server, done: make(chan struct{})}
	t.begin(fromClient, fromServer)
	return t
}

// reserve gives a slot, which is to be put into, or forgotten.
func (l *loop) reserve() (slot int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := len(l.free); n > 0 {
		slot, l.free = l.free[n-1], l.free[:n-1]
		return slot
	}
	l.slots = append(l.slots, nil)
	return int32(len(l.slots) - 1)
}

func (l *loop) put(slot int32, p polled) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots[slot] = p
}

// forget ends the use of a slot, whose descriptor is closed.
func (l *loop) forget(slot int32) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.slots[slot] = nil
	l.free = append(l.free, slot)
}

// watch has the loop hear of a socket, and first of the state that it is in now.
func (l *loop) watch(socket network.Descriptor, slot int32) error {
	event := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLOUT | unix.EPOLLRDHUP | edgeTriggered, Fd: slot}
	return os.NewSyscallError("epoll_ctl", unix.EpollCtl(l.fd, unix.EPOLL_CTL_ADD, int(socket), &event))
}

// edgeTriggered is EPOLLET, which package unix gives as a negative number.
const edgeTriggered = 1 << 31

// queue has the loop write for c.
func (l *loop) queue(c *link) {
	l.mu.Lock()
	if !c.queued {
		c.queued = true
		l.dirty = append(l.dirty, c)
	}
	asleep := !l.awake
	l.awake = true
	l.mu.Unlock()
	if asleep {
		var one = [8]byte{1} // of either byte order, it is not 0
		_, _ = unix.Write(l.bell, one[:])
	}
}

// run acts on events until gate is closed. An event of a closed tunnel may reach the tunnel that reuses its slot,
// which then makes one read that returns nothing.
func (l *loop) run(ctx context.Context) error {
	raw, err := l.gate.SyscallConn()
	if err != nil {
		return err
	}
	armed := false
	wait := func(uintptr) bool {
		armed = !armed
		if armed {
			l.arm()
		} else {
			var event [1]unix.EpollEvent
			_ = epollWait(l.gateFD, event[:]) // so that it tells of nothing more
		}
		return !armed
	}
	for checked, before := time.Now(), (time.Time{}); ; {
		now := time.Now()
		n := epollWait(l.fd, l.events[:])
		l.handle(n, now)
		more := l.write(now, n > 0)
		if now.Sub(checked) >= time.Second {
			checked = now
			l.check(now)
		}
		busy := now.Sub(before) < busyAfter
		if before = now; more {
			if busy && n < maxEvents {
				time.Sleep(pause)
			}
			continue
		}
		armed = false
		_ = l.gate.SetReadDeadline(now.Add(time.Second))
		switch err := raw.Read(wait); {
		case ctx.Err() != nil:
			return nil
		case err != nil && !errors.Is(err, os.ErrDeadlineExceeded):
			return err
		}
	}
}

// epollWait is one epoll_wait that does not wait.
func epollWait(fd int, events []unix.EpollEvent) int {
	n, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(fd), uintptr(unsafe.Pointer(&events[0])), uintptr(len(events)), 0, 0, 0)
	if errno != 0 {
		return 0
	}
	return int(n)
}

func (l *loop) handle(n int, now time.Time) {
	l.mu.Lock()
	for i := range n {
		if slot := l.events[i].Fd; slot != bellSlot {
			l.batch[i] = l.slots[slot]
		}
	}
	l.mu.Unlock()
	for i, p := range l.batch[:n] {
		if p != nil {
			p.handle(l.events[i].Events, &l.scratch, now)
		}
	}
	clear(l.batch[:n])
}

// write writes for the links that have something to write. It reports whether the loop is to look again before it waits.
func (l *loop) write(now time.Time, again bool) bool {
	for {
		l.mu.Lock()
		l.writing, l.dirty = l.dirty, l.writing[:0]
		if len(l.writing) == 0 {
			l.awake = again
			l.mu.Unlock()
			return again
		}
		for _, c := range l.writing {
			c.queued = false
		}
		l.mu.Unlock()
		for i, c := range l.writing {
			if !c.over {
				c.handle(0, &l.scratch, now)
			}
			l.writing[i] = nil
		}
		again = true
	}
}

// check looks whether the time of tunnels and links is over.
func (l *loop) check(now time.Time) {
	l.mu.Lock()
	all := append([]polled(nil), l.slots...)
	l.mu.Unlock()
	for _, p := range all {
		if p != nil {
			p.check(now)
		}
	}
}
