package front

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/lookup"
)

const (
	// firstWait is how long a server's first message may take before the tunnel gives up to look at it: long enough for
	// the claims that come before a room is made, and shorter than proto.SilenceTimeout, since the client's pings wait too.
	firstWait = 10 * time.Second
	// goodbyeTimeout bounds telling a client that its room cannot be reached.
	goodbyeTimeout = time.Second
)

// tunnel carries one client's socket. It follows MOVED for a client that cannot reach the game servers itself: until
// the server's first message is seen to be no Moved, the client's first message (its hello) is kept, to be said again
// to the next server. Whatever it does not understand it relays: the game server is the judge of all messages.
type tunnel struct {
	table   *lookup.Table
	logger  *slog.Logger
	upgrade *upgrade
	client  *stream

	mu     sync.Mutex
	server *stream // replaced when the client is moved
	closed bool
}

// run relays until both ends are closed. It returns with both closed.
func (t *tunnel) run() {
	defer t.close()
	hello, ok := t.readHello()
	for hops := 0; ok; hops++ {
		if _, err := t.server.Write(hello); err != nil {
			return
		}
		moved := t.readFirst()
		if moved == nil {
			break
		}
		if moved.Ticket != "" { // the client must say another hello: it has to follow by itself
			break
		}
		next, known := t.table.Fleet().Server(moved.URL)
		if !known {
			t.logger.Warn("server names a new place that is no member; its message goes to the client",
				"room", t.upgrade.room, "url", shorten(moved.URL))
			break
		}
		if hops == maxHops {
			t.goodbye(proto.CloseInternal, fmt.Sprintf("the room was moved %d times while you came; ask the router again", hops))
			return
		}
		server, resp, err := open(context.Background(), t.table, next, t.upgrade)
		if err == nil && server == nil {
			err = fmt.Errorf("it answered %s", resp.Status)
		}
		if err != nil {
			t.logger.Info("moved client cannot reach its server", "room", t.upgrade.room, "server", next.Name, "err", err)
			t.goodbye(proto.CloseInternal, fmt.Sprintf("server %s cannot be reached; ask the router again", next.Name))
			return
		}
		if !t.replace(server) {
			return
		}
	}
	t.upgrade = nil // its headers are of no more use, and the tunnel may live for hours
	relay(t.client, t.server)
}

// readHello reads the client's first message; ok is false when it is not to be had (too long, too late, no WebSocket),
// and what was read is then pending to be relayed.
func (t *tunnel) readHello() (hello []byte, ok bool) {
	deadline := time.Now().Add(proto.HelloTimeout)
	for {
		end, ok, err := firstMessage(t.client.pending)
		if ok {
			hello, t.client.pending = t.client.pending[:end:end], t.client.pending[end:]
			return hello, true
		}
		if err != nil || t.client.more(deadline) != nil {
			return nil, false
		}
	}
}

// readFirst reads what the server says first; nil stands for anything but a Moved. What was read is pending to be relayed.
func (t *tunnel) readFirst() *proto.Moved {
	deadline := time.Now().Add(firstWait)
	for {
		moved, more := firstMoved(t.server.pending)
		if !more || len(t.server.pending) > 2*maxMoved || t.server.more(deadline) != nil {
			return moved
		}
	}
}

// more reads once into pending, until deadline.
func (s *stream) more(deadline time.Time) error {
	if err := s.SetReadDeadline(deadline); err != nil {
		return err
	}
	var b [2048]byte
	n, err := s.Read(b[:])
	s.pending = append(s.pending, b[:n]...)
	if n > 0 || err == nil {
		return nil
	}
	return err
}

// replace goes on with another server; false when the tunnel was closed meanwhile.
func (t *tunnel) replace(server *stream) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_ = t.server.Close()
	t.server = server
	if t.closed {
		_ = server.Close()
	}
	return !t.closed
}

// goodbye tells the client why the tunnel ends. Nothing of a server has been passed on yet, so this stands at the
// beginning of a frame.
func (t *tunnel) goodbye(code proto.CloseCode, text string) {
	_ = t.client.SetDeadline(time.Now().Add(goodbyeTimeout))
	if _, err := t.client.Write(appendGoodbye(nil, code, text)); err != nil {
		return
	}
	closeWrite(t.client.Conn)
	_, _ = io.Copy(io.Discard, t.client.Conn) // unread bytes would turn the close into a reset and lose the message
}

// close closes both ends, from any goroutine and any number of times.
func (t *tunnel) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	_ = t.client.Close()
	_ = t.server.Close()
}
