package session

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

const (
	// readBuffer is what a connection's goroutine has to read into, unless a longer frame comes. An input message is below 300 B.
	readBuffer = 1 << 10
	// sendBuffer bounds what the kernel holds for a client, which it would let grow to megabytes: a client that stops
	// reading is noticed after seconds, and what reaches a slow one is not minutes old. It does for 640 KB/s at 100 ms.
	sendBuffer = 64 << 10
	// unsentLimit bounds what of that is not on its way yet, where the system can: a client that takes few bytes a second would read what
	// waits there first, however old. A tick's frame is smaller.
	unsentLimit = 4 << 10
	// retryAfter is in seconds; by then a connection that never says hello has been closed.
	retryAfter = int(proto.HelloTimeout / time.Second)
)

// ServeHTTP upgrades a request to a client connection, which goes on in a goroutine of its own: nothing of net/http is
// kept. All that can be refused is refused before, as a problem document.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	room, status, err := s.check(r)
	if err != nil {
		switch status {
		case http.StatusMethodNotAllowed:
			w.Header().Set("Allow", http.MethodGet)
		case http.StatusUpgradeRequired:
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Sec-WebSocket-Version", "13")
		}
		obs.Problem(w, status, err.Error())
		return
	}
	place, err := s.admit(r)
	if err != nil {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		obs.Problem(w, http.StatusServiceUnavailable, err.Error())
		return
	}
	c := &Conn{server: s, place: place, room: room, router: router(r.Header), remote: strings.Clone(r.RemoteAddr),
		out: outbox{pool: &s.buffers, limit: s.config.OutboxBytes}}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.release(c)
		obs.Problem(w, http.StatusHTTPVersionNotSupported, "a WebSocket needs HTTP/1.1: "+err.Error())
		return
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		c.in = bytes.Clone(early)
	}
	socket, pending := edge.Unwrap(conn)
	c.conn, c.in = socket, append(c.in, pending...)
	place.Hijacked(socket)
	if err := s.upgrade(c, r.Header.Get("Sec-WebSocket-Key")); err != nil {
		s.config.Logger.Debug("session: upgrade failed", "room", room, "remote", c.remote, "error", err)
		c.end()
		return
	}
	s.opened(c)
	go c.run()
}

// router gives the name of the router that passes the request on, if it says one. Anybody can say anything there.
func router(h http.Header) string {
	name := h.Get(proto.RouterHeader)
	if len(name) > proto.MaxServerName {
		return ""
	}
	return strings.Clone(name) // the header is not kept
}

// check finds out what is wrong with a request before anything is spent on it.
func (s *Server) check(r *http.Request) (room proto.RoomID, status int, err error) {
	id := r.PathValue("room")
	if id == "" {
		id = strings.TrimSuffix(strings.TrimPrefix(r.URL.Path, "/v1/rooms/"), "/connect")
	}
	room, err = proto.ParseRoomID(strings.Clone(id))
	switch {
	case err != nil:
		return "", http.StatusBadRequest, err
	case r.Method != http.MethodGet:
		return "", http.StatusMethodNotAllowed, fmt.Errorf("method is %s; a WebSocket is opened with GET", r.Method)
	case !s.config.originAllowed(r.Header.Get("Origin")):
		return "", http.StatusForbidden, fmt.Errorf("origin %q is not allowed; add its host to the server's origins",
			r.Header.Get("Origin"))
	}
	status, err = edge.CheckUpgrade(r.Header, proto.Subprotocol)
	return room, status, err
}

// upgrade makes c's socket ready and answers the handshake on it.
func (s *Server) upgrade(c *Conn, key string) (err error) {
	if err = tune(c.conn); err != nil {
		return err
	}
	if c.writer, err = newWriter(c.conn, &s.buffers); err != nil {
		return err
	}
	c.canPoll = s.config.Poll && canPoll(c.conn)
	c.lastRead = time.Now()
	if err = c.conn.SetReadDeadline(c.lastRead.Add(proto.HelloTimeout)); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.out.raw(edge.Handshake(key, proto.Subprotocol))
	c.flushLocked()
	return nil
}

// tune sets the options of the TCP socket beneath conn, if there is one.
func tune(conn net.Conn) error {
	tcp := network.TCP(conn)
	if tcp == nil {
		return nil
	}
	if err := tcp.SetNoDelay(true); err != nil {
		return err
	}
	if err := tcp.SetWriteBuffer(sendBuffer); err != nil {
		return err
	}
	return limitUnsent(tcp)
}
