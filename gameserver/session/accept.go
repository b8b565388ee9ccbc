package session

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"encoding/base64"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

const (
	// readBuffer is the one buffer that a connection has for as long as it lives. An input message is below 300 B.
	readBuffer = 1 << 10
	// sendBuffer bounds what the kernel holds for a client, which it would let grow to megabytes: a client that stops
	// reading is noticed after seconds, and what reaches a slow one is not minutes old. It does for 640 KB/s at 100 ms.
	sendBuffer = 64 << 10
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
		problem(w, status, err.Error())
		return
	}
	if refused := s.admit(); refused != "" {
		w.Header().Set("Retry-After", strconv.Itoa(retryAfter))
		problem(w, http.StatusServiceUnavailable, refused)
		return
	}
	c := &Conn{server: s, room: room, out: outbox{pool: &s.buffers, limit: s.config.OutboxBytes}}
	conn, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		s.release(c)
		problem(w, http.StatusHTTPVersionNotSupported, "a WebSocket needs HTTP/1.1: "+err.Error())
		return
	}
	if n := buffered.Reader.Buffered(); n > 0 {
		early, _ := buffered.Reader.Peek(n)
		c.early = bytes.Clone(early)
	}
	c.conn = conn
	ws, err := s.upgrade(c, r)
	if err != nil {
		s.config.Logger.Debug("session: upgrade failed", "room", room, "remote", conn.RemoteAddr(), "error", err)
		c.end()
		return
	}
	s.opened(c)
	go c.run(ws)
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
	case !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"):
		return "", http.StatusUpgradeRequired, fmt.Errorf("this is a WebSocket; ask for the upgrade to it")
	case r.Header.Get("Sec-WebSocket-Version") != "13":
		return "", http.StatusUpgradeRequired, fmt.Errorf("Sec-WebSocket-Version is %q; use 13",
			r.Header.Get("Sec-WebSocket-Version"))
	case !hasToken(r.Header, "Sec-WebSocket-Protocol", proto.Subprotocol):
		return "", http.StatusBadRequest, fmt.Errorf("Sec-WebSocket-Protocol is %q; offer %s",
			strings.Join(r.Header.Values("Sec-WebSocket-Protocol"), ", "), proto.Subprotocol)
	}
	if key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-WebSocket-Key")); err != nil || len(key) != 16 {
		return "", http.StatusBadRequest, fmt.Errorf("Sec-WebSocket-Key is %q; send 16 random bytes in base64",
			r.Header.Get("Sec-WebSocket-Key"))
	}
	return room, 0, nil
}

// hasToken reports whether token is in the comma-separated lists of all header lines called name.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}

// upgrade answers the handshake on c's socket.
func (s *Server) upgrade(c *Conn, r *http.Request) (*gws.Conn, error) {
	err := tune(c.conn)
	if err != nil {
		return nil, err
	}
	if c.carrier, err = newCarrier(c.conn, &s.buffers); err != nil {
		return nil, err
	}
	c.lastRead = time.Now()
	if err := c.conn.SetReadDeadline(c.lastRead.Add(proto.HelloTimeout)); err != nil {
		return nil, err
	}
	// The library looks at the first line of these headers only; check has seen all of them.
	r.Header.Set("Connection", "Upgrade")
	r.Header.Set("Upgrade", "websocket")
	r.Header.Set("Sec-WebSocket-Protocol", proto.Subprotocol)
	return s.upgrader.UpgradeFromConn((*duplex)(c), bufio.NewReaderSize((*duplex)(c), readBuffer), r)
}

// tune sets the options of the TCP socket beneath conn, if there is one.
func tune(conn net.Conn) error {
	if t, ok := conn.(*tls.Conn); ok {
		conn = t.NetConn()
	}
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return nil
	}
	if err := tcp.SetNoDelay(true); err != nil {
		return err
	}
	return tcp.SetWriteBuffer(sendBuffer)
}

// newUpgrader sets the library up for the handshake, reading and control frames, and nothing else.
func newUpgrader() *gws.Upgrader {
	return gws.NewUpgrader(controlFrames{}, &gws.ServerOption{
		ReadBufferSize:      readBuffer,
		ReadMaxPayloadSize:  proto.MaxClientMessage,
		WriteMaxPayloadSize: maxControl,
		ParallelGolimit:     1, // a channel of this size is made for each connection, though messages are not parallel
		SubProtocols:        []string{proto.Subprotocol},
		NewSession:          func() gws.SessionStorage { return nil },
	})
}
