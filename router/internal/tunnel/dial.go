package tunnel

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

const (
	// upgradeTimeout bounds a game server's answer to the upgrade.
	upgradeTimeout = 3 * time.Second
	// dialPatience is how long a home that cannot be reached is tried again: gossip needs about a second to see that a
	// process is gone, and then the room has another home. dialPause is the time between tries while the view stands still.
	dialPatience = 2 * time.Second
	dialPause    = 200 * time.Millisecond
	// maxHops bounds how often a client is sent on before it reaches its room. One hop is usual after a change of the
	// view, a second one when the change is still spreading.
	maxHops = 4
	// maxAnswerHeader bounds the header of a game server's answer in bytes.
	maxAnswerHeader = 16 << 10
	// tunnelBuffer is the size of the kernel's buffer for a client. What waits in it is stale when it arrives, so it is small, as is what
	// waits before it (multiplex.Window); the server's outbox then drops to the latest state as it does for a direct client.
	tunnelBuffer = 64 << 10
)

// upgrade is what a client's upgrade says to each game server that it is tried at.
type upgrade struct {
	room   proto.RoomID
	query  string
	header http.Header
	links  *links
}

// newUpgrade makes it of the client's request; router is the name of this one.
func newUpgrade(room proto.RoomID, r *http.Request, router membership.ServerName) *upgrade {
	u := &upgrade{room: room, query: r.URL.RawQuery, header: http.Header{}}
	// No Sec-WebSocket-Extensions: compression is not for game sockets, and a server that the client is moved to could
	// not take over the state of one.
	for _, name := range []string{"Sec-WebSocket-Key", "Sec-WebSocket-Version", "Sec-WebSocket-Protocol", "Origin", "User-Agent"} {
		if v := r.Header.Values(name); len(v) > 0 {
			u.header[http.CanonicalHeaderKey(name)] = v
		}
	}
	u.header.Set("Connection", "Upgrade")
	u.header.Set("Upgrade", "websocket")
	u.header.Set(proto.RouterHeader, string(router))
	if host, _, err := net.SplitHostPort(r.RemoteAddr); err == nil { // the client's, as trusted proxies say
		u.header.Set("X-Forwarded-For", host)
	}
	return u
}

// stream is a connection with the bytes that were read from it and are not passed on yet.
type stream struct {
	net.Conn
	pending []byte
}

// dialFirst opens the upgrade at the server named first, if it is one that answers, and else at the room's home.
func dialFirst(ctx context.Context, table *lookup.Table, first membership.ServerName, u *upgrade) (*stream, *http.Response, error) {
	if m, ok := table.Fleet().Named(first); ok {
		if s, resp, err := open(ctx, table, m, u); err == nil {
			return s, resp, nil
		}
	}
	return dialHome(ctx, table, u)
}

// dialHome opens the upgrade at the room's home, for dialPatience, following the view. A home that refuses connections is
// gone, though gossip does not know it yet, and the next server in the room's order has its copy. It gives an open stream
// with its 101 answer, or the server's refusal; err is a *api.Problem.
func dialHome(ctx context.Context, table *lookup.Table, u *upgrade) (*stream, *http.Response, error) {
	ctx, cancel := context.WithTimeout(ctx, dialPatience+servers.DialTimeout+upgradeTimeout)
	defer cancel()
	for deadline := time.Now().Add(dialPatience); ; {
		changed := table.Changed()
		fleet := table.Fleet()
		home, ok := fleet.Home(u.room)
		if !ok {
			return nil, nil, servers.None(fleet)
		}
		s, resp, err := open(ctx, table, home, u)
		if next, ok := fleet.Next(u.room); ok && errors.Is(err, syscall.ECONNREFUSED) {
			s, resp, err = open(ctx, table, next, u)
		}
		if err == nil {
			return s, resp, nil
		}
		if time.Now().After(deadline) || ctx.Err() != nil {
			return nil, nil, api.TryLater("the room's server %s cannot be reached: %v; try again in a moment", home.Name, err)
		}
		select {
		case <-changed:
		case <-time.After(dialPause):
		case <-ctx.Done():
		}
	}
}

// open dials m and follows the redirects with which game servers answer. They may name members only.
func open(ctx context.Context, table *lookup.Table, m membership.Member, u *upgrade) (*stream, *http.Response, error) {
	for range maxHops {
		s, resp, err := dial(ctx, m, u)
		if err != nil || resp.StatusCode < 300 || resp.StatusCode > 399 {
			return s, resp, err
		}
		location := resp.Header.Get("Location")
		next, ok := table.Fleet().Server(location)
		if !ok {
			return nil, nil, fmt.Errorf("%s redirects to %q, which is no game server of this fleet", m.Name, location)
		}
		m = next
	}
	return nil, nil, fmt.Errorf("redirected %d times, last by %s", maxHops, m.Name)
}

// dial opens the upgrade at one game server. resp is its answer; the stream is nil unless that is 101, and resp.Body is
// then held in memory, at most api.MaxBody of it.
func dial(ctx context.Context, m membership.Member, u *upgrade) (*stream, *http.Response, error) {
	base, err := url.Parse(m.Inside())
	if err != nil {
		return nil, nil, err
	}
	conn, err := u.links.open(ctx, m)
	if err != nil {
		return nil, nil, err
	}
	s, resp, err := u.shake(conn, base)
	if s == nil {
		_ = conn.Close()
	}
	return s, resp, err
}

// shake does the WebSocket handshake over conn with the server whose base URL is base.
func (u *upgrade) shake(conn net.Conn, base *url.URL) (*stream, *http.Response, error) {
	target := *base
	target.Path, target.RawQuery = strings.TrimSuffix(base.Path, "/")+lookup.ConnectPath(u.room), u.query
	req := &http.Request{Method: http.MethodGet, URL: &target, Host: base.Host, Header: u.header, ProtoMajor: 1, ProtoMinor: 1}
	if err := conn.SetDeadline(time.Now().Add(upgradeTimeout)); err != nil {
		return nil, nil, err
	}
	if err := req.Write(conn); err != nil {
		return nil, nil, err
	}
	limited := &io.LimitedReader{R: conn, N: maxAnswerHeader}
	reader := bufio.NewReader(limited)
	resp, err := http.ReadResponse(reader, req)
	if err != nil {
		return nil, nil, fmt.Errorf("the answer to the upgrade cannot be read: %w", err)
	}
	if resp.StatusCode != http.StatusSwitchingProtocols {
		limited.N = api.MaxBody
		body, _ := io.ReadAll(io.LimitReader(resp.Body, api.MaxBody))
		resp.Body = io.NopCloser(strings.NewReader(string(body)))
		return nil, resp, nil
	}
	pending, _ := reader.Peek(reader.Buffered())
	return &stream{Conn: conn, pending: append([]byte(nil), pending...)}, resp, conn.SetDeadline(time.Time{})
}

// wrap readies a connection to a game server for the loops of package relay.
func wrap(conn net.Conn, secure bool) net.Conn {
	if secure {
		return network.Underlie(conn, nil)
	}
	return network.Raw(conn)
}

func limitBuffer(conn net.Conn, set func(*net.TCPConn, int) error) {
	if c := network.TCP(conn); c != nil {
		_ = set(c, tunnelBuffer) // a hint
	}
}
