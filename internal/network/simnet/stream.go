package simnet

import (
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"syscall"
	"time"
)

// end is one end of a connection: a net.Conn that behaves as a TCP connection does.
type end struct {
	host         *Host
	local, there netip.AddrPort
	dialled      bool  // by this end
	out          *flow // to the other end
	wait         *sync.Cond

	inbox  [][]byte // arrived, not read
	eof    bool     // the other end has sent all
	reset  bool     // the other end's kernel knows nothing of this connection
	done   bool     // this end has sent all
	closed bool

	readBy, writeBy deadline
}

// newConnection makes a connection of which mine dialled.
func newConnection(mine, theirs *Host, from, to netip.AddrPort) (a, b *end) {
	n := mine.net
	a = &end{host: mine, local: from, there: to, dialled: true, wait: sync.NewCond(&n.mu)}
	b = &end{host: theirs, local: to, there: from, wait: sync.NewCond(&n.mu)}
	a.out = &flow{net: n, path: path{from.Addr(), to.Addr()}, rng: n.rng('s', from, to), from: a, to: b}
	b.out = &flow{net: n, path: a.out.path.back(), rng: n.rng('s', to, from), from: b, to: a}
	mine.ends[a], theirs.ends[b] = struct{}{}, struct{}{}
	return a, b
}

func (e *end) LocalAddr() net.Addr  { return net.TCPAddrFromAddrPort(e.local) }
func (e *end) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(e.there) }

func (e *end) failed(op string, err error) error {
	return &net.OpError{Op: op, Net: "tcp", Source: e.LocalAddr(), Addr: e.RemoteAddr(), Err: err}
}

func (e *end) Read(b []byte) (int, error) {
	n := e.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		switch {
		case e.closed:
			return 0, e.failed("read", net.ErrClosed)
		case e.host.paused:
		case e.readBy.passed():
			return 0, e.failed("read", os.ErrDeadlineExceeded)
		case len(b) == 0:
			return 0, nil
		case len(e.inbox) > 0:
			read := 0
			for read < len(b) && len(e.inbox) > 0 {
				k := copy(b[read:], e.inbox[0])
				read += k
				if e.inbox[0] = e.inbox[0][k:]; len(e.inbox[0]) == 0 {
					e.inbox = e.inbox[1:]
				}
			}
			e.peerFlow().acknowledge(read)
			return read, nil
		case e.reset:
			return 0, e.failed("read", os.NewSyscallError("read", syscall.ECONNRESET))
		case e.eof:
			return 0, io.EOF
		}
		e.wait.Wait()
	}
}

// peerFlow is the direction that arrives here.
func (e *end) peerFlow() *flow { return e.out.to.out }

func (e *end) Write(b []byte) (written int, err error) {
	n := e.host.net
	n.mu.Lock()
	defer n.mu.Unlock()
	for {
		switch {
		case e.closed || e.done:
			return written, e.failed("write", net.ErrClosed)
		case e.host.paused:
		case e.writeBy.passed():
			return written, e.failed("write", os.ErrDeadlineExceeded)
		case e.reset:
			return written, e.failed("write", os.NewSyscallError("write", syscall.ECONNRESET))
		default:
			if k := min(len(b)-written, window-e.out.unread); k > 0 {
				e.out.send(segment{data: append([]byte(nil), b[written:written+k]...)})
				written += k
			}
			if written == len(b) {
				return written, nil
			}
		}
		e.wait.Wait()
	}
}

// CloseWrite ends the stream to the other end, as that of *net.TCPConn does.
func (e *end) CloseWrite() error {
	e.host.net.mu.Lock()
	defer e.host.net.mu.Unlock()
	if e.closed || e.done {
		return e.failed("close", net.ErrClosed)
	}
	e.done = true
	e.out.send(segment{fin: true})
	return nil
}

func (e *end) Close() error {
	e.host.net.mu.Lock()
	defer e.host.net.mu.Unlock()
	if e.closed {
		return e.failed("close", net.ErrClosed)
	}
	e.shut(false, false)
	return nil
}

// shut closes the end. What was written arrives all the same, and behind it the end of the stream, or a reset if that is
// wanted or something is unread.
func (e *end) shut(silent, reset bool) {
	if e.closed {
		return
	}
	e.closed = true
	e.wait.Broadcast()
	delete(e.host.ends, e)
	e.readBy.stop()
	e.writeBy.stop()
	switch {
	case silent:
	case reset || len(e.inbox) > 0:
		e.out.send(segment{rst: true})
	case !e.done:
		e.out.send(segment{fin: true})
	}
	e.inbox = nil
}

// arrive takes what the other end sent.
func (e *end) arrive(s segment) {
	switch {
	case e.closed:
		if len(s.data) > 0 {
			e.out.send(segment{rst: true})
		}
		return
	case e.reset:
	case s.rst:
		e.reset = true
	case s.fin:
		e.eof = true
	default:
		e.inbox = append(e.inbox, s.data)
	}
	e.wait.Broadcast()
}

func (e *end) SetDeadline(t time.Time) error {
	if err := e.SetReadDeadline(t); err != nil {
		return err
	}
	return e.SetWriteDeadline(t)
}

func (e *end) SetReadDeadline(t time.Time) error  { return e.setDeadline(&e.readBy, t) }
func (e *end) SetWriteDeadline(t time.Time) error { return e.setDeadline(&e.writeBy, t) }

func (e *end) setDeadline(d *deadline, t time.Time) error {
	e.host.net.mu.Lock()
	defer e.host.net.mu.Unlock()
	if e.closed {
		return e.failed("set", net.ErrClosed)
	}
	d.set(t, e.wait)
	return nil
}
