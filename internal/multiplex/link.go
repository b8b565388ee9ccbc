// Package multiplex carries many streams over one connection: the tunnels of a router to one game server. What many streams have to
// send goes in one write, and what they receive comes in one read, so that a message costs no system call of its own.
//
// Each stream is a net.Conn. It can be used without waiting as well (Receive, Send, Notify), by one that reads and one that writes. A
// stream whose reader is slow stops its own sender after Window bytes, and no other stream.
//
// Somebody reads and writes for a link: two goroutines (Run), or a loop that polls its socket, and uses Deliver, Take and Check.
package multiplex

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"syscall"
	"time"
)

const (
	// pingAfter is how long nothing comes before the other side is asked for an answer, and patience how long none comes before the link
	// is given up. That is longer than what a paused process may need to come back, and players go elsewhere sooner.
	pingAfter = 5 * time.Second
	patience  = 40 * time.Second
	// fresh is how recent what came last must be for the other side to be there.
	fresh = time.Second
)

// errProtocol says that the other side sends what no link sends.
var errProtocol = errors.New("multiplex: the other side broke the protocol of links")

var errSilent = fmt.Errorf("multiplex: nothing has come for %v", patience)

// Link is one connection. Its methods may be called from any goroutine, but for Deliver and Take, which are of one reader and one writer.
type Link struct {
	local, remote net.Addr
	accept        func(*Stream) // nil: this side opens the streams

	mu      sync.Mutex // held for copying, never while anything waits
	signal  func()     // tells the writer that there is something for Take; called with mu held
	streams map[uint32]*Stream
	last    uint32    // id of the newest stream
	out     []byte    // to write
	blocked []*Stream // have seen out full
	heard   time.Time
	answer  chan struct{} // closed when something comes; nil: nobody waits for it
	closing bool          // what is in out is the last
	err     error         // set when the link is over

	// Of the reader.
	partial []byte  // a header that has begun
	current *Stream // has payload to come; nil: it is not wanted
	left    int     // bytes of that
	touched []*Stream
	opened  []*Stream
}

// New makes a link over conn. accept is called for each stream that the other side opens, from one goroutine, and must not wait; it is
// nil on the side that opens.
func New(conn net.Conn, accept func(*Stream)) *Link {
	return &Link{local: conn.LocalAddr(), remote: conn.RemoteAddr(), accept: accept, signal: func() {}, streams: map[uint32]*Stream{}, heard: time.Now()}
}

// Signal has the writer told, by f, that there is something for Take, or the link is closing or over. f is called with a lock of the link
// held, must not call it, and must not wait.
func (l *Link) Signal(f func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.signal = f
	f()
}

// Open begins a stream.
func (l *Link) Open() (*Stream, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.err != nil:
		return nil, l.err
	case l.closing || l.last == 1<<32-1:
		return nil, net.ErrClosed
	}
	l.last++
	s := newStream(l, l.last)
	l.streams[s.id] = s
	l.control(open, s.id, 0)
	return s, nil
}

// Streams is how many there are.
func (l *Link) Streams() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.streams)
}

// Err is why the link takes no more streams; nil: it does.
func (l *Link) Err() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closing && l.err == nil {
		return net.ErrClosed
	}
	return l.err
}

// Answer returns nil once something has come from the other side not longer than fresh ago, if need be after asking for it.
func (l *Link) Answer(ctx context.Context) error {
	l.mu.Lock()
	if l.err != nil || time.Since(l.heard) < fresh {
		defer l.mu.Unlock()
		return l.err
	}
	if l.answer == nil {
		l.answer = make(chan struct{})
		l.control(ping, 0, 0)
	}
	answer := l.answer
	l.mu.Unlock()
	select {
	case <-answer:
		return l.Err()
	case <-ctx.Done():
		return fmt.Errorf("it does not answer over the link that there is: %w", context.Cause(ctx))
	}
}

// Close ends the link when what was sent is written.
func (l *Link) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closing && l.err == nil {
		l.closing = true
		l.signal()
	}
}

// Fail ends all streams with err; only the first call counts. The link's reader and writer call it on errors, and end after it.
func (l *Link) Fail(err error) {
	l.mu.Lock()
	var all []*Stream
	if l.err == nil {
		if l.err = err; l.closing || err == nil {
			l.err = net.ErrClosed
		}
		for _, s := range l.streams {
			if s.err == nil {
				s.err = fmt.Errorf("the link of the stream ended: %v: %w", l.err, syscall.ECONNRESET)
			}
			all = append(all, s)
		}
		l.heardLocked()
		l.signal()
	}
	l.mu.Unlock()
	for _, s := range all {
		s.tell()
	}
}

// heardLocked ends the calls of Answer.
func (l *Link) heardLocked() {
	if l.answer != nil {
		close(l.answer)
		l.answer = nil
	}
}

// control queues a frame without payload. Called with mu held.
func (l *Link) control(k kind, stream uint32, size int) {
	l.out = appendHeader(l.out, k, stream, size)
	l.signal()
}

// Take gives the bytes to write, which are the caller's; spare is used for what comes next. last: nothing comes, and the connection is to
// be told so.
func (l *Link) Take(spare []byte) (b []byte, last bool) {
	l.mu.Lock()
	b, blocked := l.out, l.blocked
	l.out, l.blocked = spare[:0], nil
	last = l.closing || l.err != nil
	l.mu.Unlock()
	for _, s := range blocked {
		s.tell()
	}
	return b, last
}

// Check asks the other side for an answer when nothing has come for a while; an error when it has been silent for too long.
func (l *Link) Check(now time.Time) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch silence := now.Sub(l.heard); {
	case silence >= patience:
		return errSilent
	case silence >= pingAfter:
		l.control(ping, 0, 0)
	}
	return nil
}

// Deliver takes what was read. The error, if the other side is none that speaks this protocol, is for ever.
func (l *Link) Deliver(b []byte, now time.Time) error {
	l.mu.Lock()
	l.heard = now
	l.heardLocked()
	err := l.err
	for err == nil {
		if l.left > 0 {
			n := min(l.left, len(b))
			if l.current != nil {
				err = l.current.receivedLocked(b[:n], now)
			}
			b, l.left = b[n:], l.left-n
		}
		if len(b) == 0 || err != nil {
			break
		}
		n := min(header-len(l.partial), len(b))
		l.partial, b = append(l.partial, b[:n]...), b[n:]
		if len(l.partial) == header {
			err = l.frame(parseHeader(l.partial))
			l.partial = l.partial[:0]
		}
	}
	if len(l.out) > 2*maxOut { // of answers, which the other side does not read
		err = errProtocol
	}
	touched, opened := l.touched, l.opened
	l.touched, l.opened = l.touched[:0], nil
	l.mu.Unlock()
	for _, s := range opened {
		l.accept(s)
	}
	for _, s := range touched {
		s.tell()
	}
	return err
}

// frame acts on a frame's header. Called with mu held.
func (l *Link) frame(k kind, id uint32, size int) error {
	s := l.streams[id]
	switch k {
	case open:
		if l.accept == nil || id <= l.last {
			return errProtocol
		}
		l.last = id
		s = newStream(l, id)
		l.streams[id] = s
		l.opened = append(l.opened, s)
		return nil
	case data:
		l.current, l.left = s, size
	case credit:
		if s != nil {
			if s.credit+size*creditUnit > Window {
				return errProtocol
			}
			s.credit += size * creditUnit
		}
	case end, closed:
		if s != nil {
			s.ended, s.deaf = true, s.deaf || k == closed
		}
	case reset:
		if s != nil {
			s.in, s.at, s.ended, s.err = nil, 0, false, syscall.ECONNRESET
		}
	case ping:
		l.control(pong, 0, 0)
		return nil
	case pong:
		return nil
	default:
		return errProtocol
	}
	if s != nil {
		l.touch(s)
	}
	return nil
}

// touch has deliver tell s. Called with mu held.
func (l *Link) touch(s *Stream) {
	if !s.touched {
		s.touched = true
		l.touched = append(l.touched, s)
	}
}
