//go:build unix

package session

import (
	"net"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ringside-go/ringside/internal/multiplex"
)

func newWriter(conn net.Conn, buffers *sync.Pool) (writer, error) {
	if s, ok := conn.(*multiplex.Stream); ok {
		return &streamedWriter{streamWriter{conn, buffers}, s}, nil
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return &streamWriter{conn: conn, buffers: buffers}, nil
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return nil, err
	}
	t := &tcpWriter{raw: raw}
	t.once = func(fd uintptr) bool {
		t.sent, t.err = write(fd, t.bytes)
		return true
	}
	return t, nil
}

// tcpWriter writes to the descriptor of a TCP socket, which Go keeps in non-blocking mode, without a deadline and
// without the poller unless the kernel takes no more.
//
// RawConn.Write holds the socket's write lock while it waits. Therefore sendNow must not be called while sendRest runs.
type tcpWriter struct {
	raw   syscall.RawConn
	once  func(fd uintptr) bool // made once, so that sendNow allocates nothing
	bytes []byte                // once's argument and results
	sent  int
	err   error
}

func (t *tcpWriter) sendNow(b []byte) (int, error) {
	t.bytes, t.sent = b, 0
	err := t.raw.Write(t.once)
	t.bytes = nil
	if err != nil {
		return 0, err
	}
	return t.sent, t.err
}

// sendRest waits by returning false to RawConn.Write. It must have seen EAGAIN by then: the poller reports a change to
// writable once, so write until the kernel says no.
func (t *tcpWriter) sendRest(step func(takeFunc) bool) error {
	return t.raw.Write(func(fd uintptr) bool {
		return step(func(b []byte) (sent int, err error) {
			for sent < len(b) {
				n, err := write(fd, b[sent:])
				if n == 0 || err != nil {
					return sent, err
				}
				sent += n
			}
			return sent, nil
		})
	})
}

// write is one write(2) that does not wait: 0 and no error when the socket is full.
func write(fd uintptr, b []byte) (int, error) {
	for {
		n, err := unix.Write(int(fd), b)
		switch err {
		case nil:
			return n, nil
		case unix.EINTR:
		case unix.EAGAIN:
			return 0, nil
		default:
			return 0, err
		}
	}
}
