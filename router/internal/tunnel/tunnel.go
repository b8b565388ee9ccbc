package tunnel

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/multiplex"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/relay"
)

const (
	// firstWait is how long a server's first message may take before the tunnel gives up to look at it: long enough for
	// the claims that come before a room is made, and shorter than proto.SilenceTimeout, since the client's pings wait too.
	firstWait = 10 * time.Second
	// goodbyeTimeout bounds telling a client that its room cannot be reached.
	goodbyeTimeout = time.Second
)

// tunnel carries one client's socket. It opens the room's server once the client has said hello, and follows MOVED for a client
// that cannot reach the game servers itself: until the server's first message is seen to be no Moved, the hello is kept, to be
// said again to the next server. Whether a hello is a good one the game server judges.
type tunnel struct {
	loops   *relay.Loops
	table   *lookup.Table
	logger  *slog.Logger
	upgrade *upgrade
	first   membership.ServerName // is tried before the room's home; empty: none
	place   *edge.Place
	client  *stream
	ctx     context.Context // ends with the tunnel
	cancel  context.CancelFunc

	mu     sync.Mutex
	server *stream       // nil before the hello; replaced when the client is moved
	polled *relay.Tunnel // has taken both over
	closed bool
}

// run relays until both ends are closed. It returns with both closed.
func (t *tunnel) run() {
	defer t.close()
	hello := t.readHello()
	if hello == nil {
		t.goodbye(proto.CloseNoHello, proto.CloseCodes[proto.CloseNoHello].Text, time.Second)
		return
	}
	if err := t.place.Enter(resumes(hello)); err != nil {
		t.goodbye(proto.CloseOverloaded, err.Error(), time.Second)
		return
	}
	server, resp, err := dialFirst(t.ctx, t.table, t.first, t.upgrade)
	for hops := 0; ; hops++ {
		if err != nil {
			t.goodbye(proto.CloseOverloaded, err.Error(), time.Second)
			return
		}
		if server == nil {
			t.passOn(resp)
			return
		}
		if !t.replace(server) {
			return
		}
		if _, err := server.Write(hello); err != nil {
			return
		}
		moved := t.readFirst()
		if moved == nil || moved.Ticket != "" { // with a ticket the client must say another hello: it has to follow by itself
			break
		}
		next, known := t.table.Fleet().Server(moved.URL)
		if !known {
			t.logger.Warn("server names a new place that is no member; its message goes to the client",
				"room", t.upgrade.room, "url", api.Shorten(moved.URL))
			break
		}
		if hops == maxHops {
			t.goodbye(proto.CloseInternal, fmt.Sprintf("the room was moved %d times while you came; ask the router again", hops), time.Second)
			return
		}
		if server, resp, err = open(t.ctx, t.table, next, t.upgrade); err != nil {
			t.logger.Info("moved client cannot reach its server", "room", t.upgrade.room, "server", next.Name, "err", err)
			err = fmt.Errorf("server %s cannot be reached; ask the router again", next.Name)
		}
	}
	t.upgrade = nil // its headers are of no more use, and the tunnel may live for hours
	if p := t.poll(); p != nil {
		p.Wait()
		return
	}
	relayBoth(t.client, t.server)
}

// poll gives the sockets to the loops; nil: they do not take them, or the tunnel was closed.
func (t *tunnel) poll() *relay.Tunnel {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.closed {
		return nil
	}
	_, _ = t.client.SetDeadline(time.Time{}), t.server.SetDeadline(time.Time{})
	server, ok := t.server.Conn.(*multiplex.Stream)
	if !ok {
		return nil
	}
	if t.polled = t.loops.Relay(t.client.Conn, server, t.client.pending, t.server.pending); t.polled != nil {
		t.client.pending, t.server.pending = nil, nil
	}
	return t.polled
}

// passOn tells the client why a server refused the upgrade. What is wrong with the request stays wrong.
func (t *tunnel) passOn(resp *http.Response) {
	code, text := proto.CloseOverloaded, "the room's server answered "+resp.Status
	if resp.StatusCode < http.StatusInternalServerError {
		code = proto.CloseMalformed
	}
	var p struct{ Detail string }
	if json.NewDecoder(resp.Body).Decode(&p) == nil && p.Detail != "" {
		text = p.Detail
	}
	seconds, _ := strconv.Atoi(resp.Header.Get("Retry-After"))
	t.goodbye(code, text, time.Duration(max(seconds, 1))*time.Second)
}

// readHello reads the client's first message, in its frames; nil when it is not to be had: too long, too late, no WebSocket.
func (t *tunnel) readHello() []byte {
	deadline := time.Now().Add(proto.HelloTimeout)
	for {
		end, ok, err := firstMessage(t.client.pending)
		if ok {
			hello := t.client.pending[:end:end]
			t.client.pending = t.client.pending[end:]
			return hello
		}
		if err != nil || t.client.more(deadline) != nil {
			return nil
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
	if t.server != nil {
		_ = t.server.Close()
	}
	t.server = server
	if t.closed {
		_ = server.Close()
	}
	return !t.closed
}

// goodbye tells the client why the tunnel ends, and when to come back. Nothing of a server has been passed on yet, so this stands at
// the beginning of a frame.
func (t *tunnel) goodbye(code proto.CloseCode, text string, retry time.Duration) {
	_ = t.client.SetDeadline(time.Now().Add(goodbyeTimeout))
	if _, err := t.client.Write(appendGoodbye(nil, code, text, retry)); err != nil {
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
	t.cancel()
	t.place.Release()
	if t.polled != nil {
		t.polled.Close()
		return
	}
	_ = t.client.Close()
	if t.server != nil {
		_ = t.server.Close()
	}
}
