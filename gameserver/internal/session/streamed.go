package session

import (
	"net"
	"time"

	"github.com/ringside-go/ringside/internal/multiplex"
)

// streamed is the stream of a client that comes through a router. The link's goroutines read and write for all its streams: a call
// copies.
type streamed struct{ *multiplex.Stream }

func (s streamed) number() int { return -1 }

// receive implements pollable.
func (s streamed) receive(b *incoming, p []byte) (n int, more bool, waited time.Duration, err error) {
	if b.reads == 0 {
		return 0, false, 0, nil
	}
	b.reads--
	if n, err = s.Receive(p); n > 0 {
		waited = max(0, time.Since(s.Arrived()))
	}
	return n, n == len(p), waited, err
}

// send implements pollable.
func (s streamed) send(b []byte) (int, error) {
	if len(b) == 0 {
		return 0, nil
	}
	return s.Send(b)
}

// unsent implements pollable: the stream bounds what is under way, and counts it against the client's window.
func (s streamed) unsent() int { return 0 }

// conn implements pollable.
func (s streamed) conn() (net.Conn, error) { return s.Stream, nil }

// streamedWriter writes to a stream, at once as far as it takes.
type streamedWriter struct {
	streamWriter
	stream *multiplex.Stream
}

func (s *streamedWriter) sendNow(b []byte) (int, error) { return s.stream.Send(b) }
