package front

import (
	"bufio"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/lookup"
)

// tunnels owns the sockets that this router carries to game servers. At most max at once, and beyond that 503;
// ringside_tunnels shows how many.
type tunnels struct {
	table  *lookup.Table
	reach  reach
	max    int
	logger *slog.Logger
	gauge  prometheus.Gauge

	mu      sync.Mutex
	count   int // open and being opened
	stopped bool
	open    map[*tunnel]struct{}
	running sync.WaitGroup // one for each open tunnel
}

func newTunnels(table *lookup.Table, c Config) *tunnels {
	return &tunnels{table: table, reach: reach{certs: c.Certs, tunnels: true}, max: c.MaxTunnels, logger: c.Logger, gauge: c.Metrics.Tunnels, open: map[*tunnel]struct{}{}}
}

// serve opens the upgrade at the room's server and, when that accepts it, at the client, and leaves a tunnel running.
// Until then nothing has been answered, so that whatever fails can be a plain answer. The server named first is tried
// before the room's home; empty: none.
func (t *tunnels) serve(w http.ResponseWriter, r *http.Request, room proto.RoomID, first membership.ServerName) error {
	if !t.reserve() {
		return tryLater("this router carries all the connections it can (%d); try again, or at another router", t.max)
	}
	upgrade := newUpgrade(room, r, t.table.Fleet().View.Self.Name)
	upgrade.reach = t.reach
	server, resp, err := dialFirst(r.Context(), t.table, first, upgrade)
	if err != nil {
		t.release()
		return err
	}
	if server == nil {
		t.release()
		return passOn(w, resp)
	}
	client, err := hijack(w, resp)
	if err != nil {
		t.release()
		_ = server.Close()
		t.logger.Debug("client left during its upgrade", "room", room, "err", err)
		return nil
	}
	t.run(&tunnel{table: t.table, logger: t.logger, upgrade: upgrade, client: client, server: server})
	return nil
}

// hijack takes the client's connection and passes on the server's 101. The answer to the same key and subprotocol is the
// same from every server, so the client need not know when it is moved to another one.
func hijack(w http.ResponseWriter, resp *http.Response) (*stream, error) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return nil, err
	}
	limitBuffer(conn, (*net.TCPConn).SetWriteBuffer)
	pending, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	s := &stream{Conn: network.Raw(conn), pending: append([]byte(nil), pending...)}
	out := bufio.NewWriter(conn)
	fmt.Fprint(out, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n")
	for _, name := range []string{"Sec-WebSocket-Accept", "Sec-WebSocket-Protocol"} {
		if v := resp.Header.Get(name); v != "" {
			fmt.Fprintf(out, "%s: %s\r\n", name, v)
		}
	}
	fmt.Fprint(out, "\r\n")
	if err := out.Flush(); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

func (t *tunnels) reserve() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped || t.count >= t.max {
		return false
	}
	t.count++
	return true
}

func (t *tunnels) release() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.count--
}

// run starts the tunnel's goroutine; the handler's own can end, and its buffers with it.
func (t *tunnels) run(tun *tunnel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
		t.count--
		tun.close()
		return
	}
	t.open[tun] = struct{}{}
	t.gauge.Inc()
	t.running.Go(func() {
		tun.run()
		t.gauge.Dec()
		t.mu.Lock()
		defer t.mu.Unlock()
		delete(t.open, tun)
		t.count--
	})
}

// carried is how many tunnels there are, those that are being opened included.
func (t *tunnels) carried() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.count
}

// closeStep is the time between two steps of closing tunnels.
const closeStep = 10 * time.Millisecond

// stop opens no more tunnels, closes all that there are, in small steps over a time of at most over, and waits for them.
// Their clients come back through another router, with their resume tokens, and all that were closed at one instant would
// be there at one instant: they do not wait before their first tries.
func (t *tunnels) stop(over time.Duration) {
	t.mu.Lock()
	t.stopped = true
	left := slices.Collect(maps.Keys(t.open))
	t.mu.Unlock()
	steps := max(1, int(over/closeStep))
	each := (len(left) + steps - 1) / steps
	for i, tun := range left {
		if over > 0 && i > 0 && i%each == 0 {
			time.Sleep(closeStep)
		}
		tun.close()
	}
	t.running.Wait()
}
