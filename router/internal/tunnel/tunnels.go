package tunnel

import (
	"context"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/relay"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// Tunnels owns the sockets that this router carries to game servers. The gate limits them; ringside_tunnels shows how many there
// are, those without a hello included.
type Tunnels struct {
	table  *lookup.Table
	links  *links
	gate   *edge.Gate
	logger *slog.Logger
	gauge  prometheus.Gauge
	loops  *relay.Loops // Run runs them

	mu      sync.Mutex
	stopped bool
	open    map[*tunnel]struct{}
	running sync.WaitGroup // one for each open tunnel
}

// New makes Tunnels. Run must run while they are used.
func New(table *lookup.Table, gate *edge.Gate, fleet *certs.Fleet, logger *slog.Logger, gauge prometheus.Gauge) *Tunnels {
	loops := relay.New(relayIdle)
	return &Tunnels{table: table, links: newLinks(&servers.Dialer{Certs: fleet, Wrap: wrap}, loops, logger), gate: gate, logger: logger, gauge: gauge,
		loops: loops, open: map[*tunnel]struct{}{}}
}

// Run runs the loops that relay until ctx ends, by when Stop must have returned.
func (t *Tunnels) Run(ctx context.Context) error { return t.loops.Run(ctx) }

// serve takes the upgrade and leaves a tunnel running, which opens the one at the room's server when the client has said hello:
// whoever says none costs the game servers nothing. The server named first is tried before the room's home; empty: none.
func (t *Tunnels) serve(w http.ResponseWriter, r *http.Request, room proto.RoomID, first membership.ServerName) error {
	if status, err := edge.CheckUpgrade(r.Header, proto.Subprotocol); err != nil {
		return api.Problemf(status, "%v", err)
	}
	if t.ended() {
		return api.TryLater("this router is stopping")
	}
	place, err := t.gate.Upgrade(r)
	if err != nil {
		return api.TryLater("%v", err)
	}
	upgrade := newUpgrade(room, r, t.table.Fleet().View.Self.Name)
	upgrade.links = t.links
	client, err := hijack(w, r)
	if err != nil {
		place.Release()
		t.logger.Debug("client left during its upgrade", "room", room, "err", err)
		return nil
	}
	place.Hijacked(client.Conn)
	ctx, cancel := context.WithCancel(context.Background())
	t.run(&tunnel{loops: t.loops, table: t.table, logger: t.logger, upgrade: upgrade, first: first, place: place, client: client, ctx: ctx, cancel: cancel})
	return nil
}

// hijack takes the client's connection and answers 101. The game servers' answers to the same key and subprotocol are the same, so
// the client need not know them.
func hijack(w http.ResponseWriter, r *http.Request) (*stream, error) {
	conn, buffered, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return nil, err
	}
	pending, _ := buffered.Reader.Peek(buffered.Reader.Buffered())
	socket, more := edge.Unwrap(conn)
	limitBuffer(socket, (*net.TCPConn).SetWriteBuffer)
	s := &stream{Conn: network.Raw(socket), pending: slices.Concat(pending, more)}
	if _, err := conn.Write(edge.Handshake(r.Header.Get("Sec-WebSocket-Key"), proto.Subprotocol)); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

// run starts the tunnel's goroutine; the handler's own can end, and its buffers with it.
func (t *Tunnels) run(tun *tunnel) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.stopped {
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
	})
}

func (t *Tunnels) ended() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.stopped
}

// Carried is how many tunnels there are.
func (t *Tunnels) Carried() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}

// closeStep is the time between two steps of closing tunnels.
const closeStep = 10 * time.Millisecond

// Stop opens no more tunnels, closes all that there are, in small steps over a time of at most over, and waits for them.
// Their clients come back through another router, with their resume tokens, and all that were closed at one instant would
// be there at one instant: they do not wait before their first tries.
func (t *Tunnels) Stop(over time.Duration) {
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
	t.links.close()
}
