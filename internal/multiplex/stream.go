package multiplex

import (
	"io"
	"net"
	"os"
	"sync"
	"time"
)

// maxKept is the size up to which an empty stream keeps its buffer.
const maxKept = 4 << 10

// Stream is one of a link. It is a net.Conn.
type Stream struct {
	link *Link
	id   uint32

	// The rest is guarded by link.mu.
	cond     sync.Cond // of Read and Write
	in       []byte    // received
	at       int       // begin of what is not read of it
	unspoken int       // read, and not yet granted
	arrived  time.Time // when the newest bytes came
	credit   int       // bytes that may be sent
	notify   func()
	touched  bool  // in link.touched
	waiting  bool  // in link.blocked
	ended    bool  // the other side writes no more
	deaf     bool  // nor does it read
	shut     bool  // this side writes no more
	linger   bool  // SetLinger(0) was called
	closed   bool  // by this side
	err      error // the stream is broken
	reading  deadline
	writing  deadline
}

// deadline is of Read or Write.
type deadline struct {
	at    time.Time
	timer *time.Timer
}

func newStream(l *Link, id uint32) *Stream {
	s := &Stream{link: l, id: id, credit: Window}
	s.cond.L = &l.mu
	return s
}

// Notify has f called, from a goroutine of the link, which it must not keep waiting, after bytes have come, the other side has ended or
// broken the stream, or Send may take more; once it returns, and nothing happened since, Receive and Send know of all that was.
func (s *Stream) Notify(f func()) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.notify = f
}

// tell says that something has changed. Called by the link, without mu.
func (s *Stream) tell() {
	s.link.mu.Lock()
	s.touched, s.waiting = false, false
	f := s.notify
	s.cond.Broadcast()
	s.link.mu.Unlock()
	if f != nil {
		f()
	}
}

// receivedLocked keeps bytes that came.
func (s *Stream) receivedLocked(b []byte, now time.Time) error {
	if s.closed || s.err != nil {
		return nil
	}
	if s.ended || len(s.in)-s.at+s.unspoken+len(b) > Window {
		return errProtocol
	}
	if s.at > 0 && len(s.in)+len(b) > cap(s.in) {
		s.in, s.at = s.in[:copy(s.in, s.in[s.at:])], 0
	}
	s.in, s.arrived = append(s.in, b...), now
	s.link.touch(s)
	return nil
}

// Receive reads without waiting: 0 and no error when nothing has come, io.EOF at the end.
func (s *Stream) Receive(b []byte) (int, error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.receiveLocked(b)
}

func (s *Stream) receiveLocked(b []byte) (int, error) {
	switch {
	case s.closed:
		return 0, net.ErrClosed
	case s.at == len(s.in) && s.ended:
		return 0, io.EOF
	case s.at == len(s.in) && s.err != nil:
		return 0, s.err
	}
	n := copy(b, s.in[s.at:])
	if s.at += n; s.at == len(s.in) {
		if s.in, s.at = s.in[:0], 0; cap(s.in) > maxKept {
			s.in = nil
		}
	}
	if s.unspoken += n; s.unspoken >= Window/2 && !s.ended && s.err == nil {
		s.link.control(credit, s.id, s.unspoken/creditUnit)
		s.unspoken %= creditUnit
	}
	return n, nil
}

// Arrived is when the newest bytes came that may have been read.
func (s *Stream) Arrived() time.Time {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.arrived
}

// Send takes n bytes of b without waiting, in order and for good; 0 and no error when the other side is slow. When the other
// side has closed the stream, Send takes all bytes and drops them.
func (s *Stream) Send(b []byte) (n int, err error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	return s.sendLocked(b)
}

func (s *Stream) sendLocked(b []byte) (n int, err error) {
	l := s.link
	switch {
	case s.closed || s.shut:
		return 0, net.ErrClosed
	case s.err != nil:
		return 0, s.err
	case s.deaf:
		return len(b), nil
	}
	if n = min(len(b), s.credit, max(0, maxOut-len(l.out))); n > 0 {
		s.credit -= n
		l.out = append(appendHeader(l.out, data, s.id, n), b[:n]...)
		l.signal()
	}
	if n < len(b) && s.credit > 0 && !s.waiting {
		s.waiting = true
		l.blocked = append(l.blocked, s)
	}
	return n, nil
}

// Read implements net.Conn.
func (s *Stream) Read(b []byte) (n int, err error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for len(b) > 0 {
		if s.reading.passed() {
			return 0, os.ErrDeadlineExceeded
		}
		if n, err = s.receiveLocked(b); n > 0 || err != nil {
			return n, err
		}
		s.cond.Wait()
	}
	return 0, nil
}

// Write implements net.Conn.
func (s *Stream) Write(b []byte) (n int, err error) {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	for {
		if s.writing.passed() {
			return n, os.ErrDeadlineExceeded
		}
		sent, err := s.sendLocked(b[n:])
		if n += sent; err != nil || n == len(b) {
			return n, err
		}
		s.cond.Wait()
	}
}

// CloseWrite tells the other side that nothing more comes.
func (s *Stream) CloseWrite() error {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if !s.shut && !s.closed && s.err == nil {
		s.shut = true
		s.link.control(end, s.id, 0)
		s.cond.Broadcast()
	}
	return s.err
}

// SetLinger has Close break the stream: the other side need not be told what is on its way. It is as of a net.TCPConn, for 0.
func (s *Stream) SetLinger(int) error {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.linger = true
	return nil
}

// Close implements net.Conn. The other side receives what was sent, unless SetLinger was called.
func (s *Stream) Close() error {
	l := s.link
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	s.closed, s.in, s.notify = true, nil, nil
	s.at = 0
	delete(l.streams, s.id)
	s.reading.stop()
	s.writing.stop()
	if k := closed; s.err == nil && l.err == nil {
		if s.linger {
			k = reset
		}
		l.control(k, s.id, 0)
	}
	s.cond.Broadcast()
	return nil
}

// Link is the one of the stream.
func (s *Stream) Link() *Link { return s.link }

// LocalAddr is the link's.
func (s *Stream) LocalAddr() net.Addr { return s.link.local }

// RemoteAddr is the link's.
func (s *Stream) RemoteAddr() net.Addr { return s.link.remote }

// SetDeadline implements net.Conn.
func (s *Stream) SetDeadline(t time.Time) error {
	return s.set(t, &s.reading, &s.writing)
}

// SetReadDeadline implements net.Conn.
func (s *Stream) SetReadDeadline(t time.Time) error { return s.set(t, &s.reading) }

// SetWriteDeadline implements net.Conn.
func (s *Stream) SetWriteDeadline(t time.Time) error { return s.set(t, &s.writing) }

func (s *Stream) set(t time.Time, of ...*deadline) error {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	if s.closed {
		return net.ErrClosed
	}
	for _, d := range of {
		d.stop()
		if d.at = t; t.IsZero() {
			continue
		}
		if wait := time.Until(t); wait > 0 {
			d.timer = time.AfterFunc(wait, s.wake)
		} else {
			s.cond.Broadcast()
		}
	}
	return nil
}

// wake has Read and Write look at their deadlines.
func (s *Stream) wake() {
	s.link.mu.Lock()
	defer s.link.mu.Unlock()
	s.cond.Broadcast()
}

func (d *deadline) stop() {
	if d.timer != nil {
		d.timer.Stop()
		d.timer = nil
	}
}

func (d *deadline) passed() bool { return !d.at.IsZero() && !time.Now().Before(d.at) }

var _ interface {
	net.Conn
	CloseWrite() error
	SetLinger(int) error
} = (*Stream)(nil)
