package session

import (
	"net"
	"sync"
)

// writer sends an outbox's bytes. There is one to a connection; it holds nothing back: what it has taken, it sends.
type writer interface {
	// sendNow sends what goes of b without waiting, with at most one system call, and returns how much that was; 0 is no
	// error. It is called with the connection locked and never while sendRest runs.
	sendNow(b []byte) (int, error)
	// sendRest sends what step gives, waiting for the client in between, until step returns true or the socket's write
	// deadline has passed. It runs on a goroutine of its own. Each call of step passes the bytes that are pending to its
	// argument, which returns how many of them it has taken.
	sendRest(step func(take takeFunc) (done bool)) error
}

type takeFunc func(b []byte) (int, error)

// streamWriter sends over any net.Conn, such as TLS: a Write may wait, so nothing goes now. It takes a little at a time,
// out of the outbox into a buffer of its own, since the outbox may change while Write waits.
type streamWriter struct {
	conn    net.Conn
	buffers *sync.Pool // *buffer
}

func (s *streamWriter) sendNow([]byte) (int, error) { return 0, nil }

func (s *streamWriter) sendRest(step func(takeFunc) bool) error {
	buf := s.buffers.Get().(*buffer)
	defer s.buffers.Put(buf)
	for {
		taken := 0
		done := step(func(b []byte) (int, error) {
			taken = copy(buf.bytes[:cap(buf.bytes)], b)
			return taken, nil
		})
		if taken > 0 {
			if _, err := s.conn.Write(buf.bytes[:taken]); err != nil {
				return err
			}
		}
		if done {
			return nil
		}
	}
}
