package relay

import (
	"crypto/tls"
	"io"
	"net"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/network"
)

// end is the socket of a tunnel's client, or of a link. None of its methods waits.
type end struct {
	socket  network.Descriptor
	tls     *tls.Conn           // nil: none
	beneath *network.Underlying // beneath tls
	out     []byte              // of a socket without TLS: taken and not sent
	ready   bool                // there may be more to read
	final   bool                // the other side has ended, or reset: until then reading goes on
	ended   bool                // there is no more to read
	shut    bool                // it was told that nothing more comes
	heard   int64               // second in which something was read
}

// scratch is what a loop's calls of read use. plain holds all that sealed can hold when it is decrypted, and a record that was begun.
type scratch struct {
	sealed [16 << 10]byte
	plain  [34 << 10]byte
}

// canPoll reports whether newEnd can take conn over.
func canPoll(conn net.Conn) bool {
	if t, ok := conn.(*tls.Conn); ok {
		_, ok = t.NetConn().(*network.Underlying)
		return ok && network.TCP(conn) != nil
	}
	return network.Plain(conn)
}

// newEnd takes conn over unless there is an error.
func newEnd(conn net.Conn, socket network.Descriptor) *end {
	e := &end{socket: socket, ready: true}
	if t, ok := conn.(*tls.Conn); ok {
		e.tls, e.beneath = t, t.NetConn().(*network.Underlying)
		conn = e.beneath.Detach(socket.Send)
	}
	_ = conn.Close() // takes the socket out of Go's poller, and leaves it open
	return e
}

// note notes events of the socket.
func (e *end) note(events uint32) {
	e.ready = e.ready || events&unix.EPOLLIN != 0
	if events&(unix.EPOLLRDHUP|unix.EPOLLHUP|unix.EPOLLERR) != 0 {
		e.ready, e.final = true, true
	}
}

// read gives what has come, in s; io.EOF: nothing more comes, behind the bytes that it gives.
func (e *end) read(s *scratch) ([]byte, error) {
	if e.tls == nil {
		n, err := e.socket.Receive(s.plain[:])
		e.ready = n > 0 && (e.final || n == len(s.plain))
		return s.plain[:n], err
	}
	ended := false
	if e.beneath.Pending() == 0 {
		n, err := e.socket.Receive(s.sealed[:])
		if e.ready = n == len(s.sealed) || n > 0 && e.final; n > 0 {
			e.beneath.Feed(s.sealed[:n])
		}
		if ended = err == io.EOF; err != nil && !ended {
			return nil, err
		}
	}
	n := 0
	for { // until all is decrypted: s is another's next
		got, err := e.tls.Read(s.plain[n:])
		n += got
		all := err == network.ErrWouldBlock || err == nil && n < len(s.plain) && e.beneath.Pending() == 0
		switch {
		case all && ended:
			return s.plain[:n], io.EOF
		case all:
			return s.plain[:n], nil
		case err != nil:
			return s.plain[:n], err
		}
	}
}

// write takes all of b and sends what goes.
func (e *end) write(b []byte) error {
	if e.tls != nil {
		_, err := e.tls.Write(b)
		return err
	}
	sent := 0
	if len(e.out) == 0 {
		var err error
		if sent, err = e.socket.Send(b); err != nil {
			return err
		}
	}
	e.out = append(e.out, b[sent:]...)
	return nil
}

// blocked reports whether something was taken and is not sent.
func (e *end) blocked() bool {
	return len(e.out) > 0 || e.beneath != nil && e.beneath.Unsent() > 0
}

// flush sends what goes of that.
func (e *end) flush() error {
	if e.beneath != nil {
		return e.beneath.Flush()
	}
	if len(e.out) == 0 {
		return nil
	}
	n, err := e.socket.Send(e.out)
	if e.out = e.out[n:]; len(e.out) == 0 {
		e.out = nil
	}
	return err
}

// shutdown tells the other side that nothing more comes.
func (e *end) shutdown() {
	if e.shut {
		return
	}
	e.shut = true
	if e.tls != nil {
		_ = e.tls.CloseWrite()
		return
	}
	_ = unix.Shutdown(int(e.socket), unix.SHUT_WR)
}

func (e *end) close() {
	if e.tls != nil {
		e.shutdown()
	}
	_ = unix.Close(int(e.socket))
}
