package edge

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/obs"
)

func newGate(t testing.TB, l Limits, trusted ...string) *Gate {
	t.Helper()
	var p Prefixes
	if err := p.Set(strings.Join(trusted, ",")); err != nil {
		t.Fatal(err)
	}
	g, err := New(Config{Limits: l, Trusted: p, Metrics: &obs.NewServerMetrics(nil).Shared})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func roomy() Limits {
	return Limits{Connections: 1000, Entered: 900, Unentered: 1000, Idle: 1000, Streams: 1000, AddressShare: 1}
}

// conn is a client's connection that notes its end.
type conn struct {
	net.Conn
	from   string
	closed bool
}

func (c *conn) RemoteAddr() net.Addr { return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.from)) }
func (c *conn) Close() error         { c.closed = true; return nil }

// come accepts a connection from an address.
func come(g *Gate, from string) (*conn, *Place) {
	c := &conn{from: from}
	if _, ok := g.accept(c, false); !ok {
		return c, nil
	}
	return c, g.accepted[c]
}

// request is one on p's connection.
func request(p *Place, from string) *http.Request {
	r := httptest.NewRequest(http.MethodGet, "/", nil)
	r.RemoteAddr = from
	return r.WithContext(contextWith(r, p))
}

func TestTheOldestIdleConnectionGoes(t *testing.T) {
	l := roomy()
	l.Connections, l.Entered = 20, 20
	g := newGate(t, l)
	var all []*conn
	for i := range 30 {
		c, p := come(g, fmt.Sprintf("203.0.113.%d:1", i+1))
		if p == nil {
			t.Fatalf("connection %d was refused", i)
		}
		all = append(all, c)
	}
	for i, c := range all {
		if want := i < 10; c.closed != want {
			t.Errorf("connection %d is closed: %v, want %v", i, c.closed, want)
		}
	}
	if n := g.Connections(Idle); n != 20 {
		t.Errorf("%d idle connections, want 20", n)
	}
	if n := testutil.ToFloat64(g.config.Metrics.EdgeEvicted.WithLabelValues("idle", "connections")); n != 10 {
		t.Errorf("%v counted as evicted, want 10", n)
	}
}

// One address, of IPv6 a /64, costs others nothing.
func TestOneAddressClosesItsOwn(t *testing.T) {
	for name, attacker := range map[string]func(i int) string{
		"IPv4":     func(i int) string { return fmt.Sprintf("203.0.113.9:%d", i+1) },
		"IPv6 /64": func(i int) string { return fmt.Sprintf("[2001:db8:1:2::%x]:1", i+1) },
	} {
		t.Run(name, func(t *testing.T) {
			l := roomy()
			l.AddressShare = 0.1 // 100
			g := newGate(t, l)
			honest, _ := come(g, "198.51.100.1:1")
			neighbour, _ := come(g, "[2001:db8:1:3::1]:1")
			for i := range 500 {
				come(g, attacker(i))
			}
			if honest.closed || neighbour.closed || g.total != 102 {
				t.Errorf("honest closed %v, neighbour closed %v, %d open; want false, false, 102", honest.closed, neighbour.closed, g.total)
			}
		})
	}
}

// 1,000 upgrades without a hello keep nobody out: from one address they push each other out, from many the oldest go.
func TestUpgradesWithoutAHello(t *testing.T) {
	for name, address := range map[string]func(i int) string{
		"one address":    func(int) string { return "203.0.113.9:1" },
		"many addresses": func(i int) string { return fmt.Sprintf("203.0.%d.%d:1", i/250, i%250+1) },
	} {
		t.Run(name, func(t *testing.T) {
			l := roomy()
			l.Unentered, l.AddressShare = 200, 0.4
			g := newGate(t, l)
			var first *conn
			for i := range 1000 {
				c, p := come(g, address(i))
				if i == 0 {
					first = c
				}
				if _, err := g.Upgrade(request(p, address(i))); err != nil {
					t.Fatalf("upgrade %d: %v", i, err)
				}
			}
			if !first.closed {
				t.Error("the oldest is still open")
			}
			c, p := come(g, "198.51.100.1:1")
			if _, err := g.Upgrade(request(p, "198.51.100.1:1")); err != nil {
				t.Fatalf("an honest client is refused: %v", err)
			}
			if err := p.Enter(false); err != nil || c.closed {
				t.Errorf("an honest client cannot enter: %v", err)
			}
		})
	}
}

func TestReturningClientsEnterFirst(t *testing.T) {
	l := roomy()
	l.Connections, l.Entered = 20, 18
	g := newGate(t, l)
	enter := func(i int, returns bool) error {
		from := fmt.Sprintf("203.0.113.%d:1", i+1)
		_, p := come(g, from)
		if p == nil {
			return errors.New("refused at accept")
		}
		if _, err := g.Upgrade(request(p, from)); err != nil {
			return err
		}
		return p.Enter(returns)
	}
	for i := range 18 {
		if err := enter(i, false); err != nil {
			t.Fatal(err)
		}
	}
	var limit *LimitError
	if err := enter(18, false); !errors.As(err, &limit) || limit.reason != reasonKind {
		t.Errorf("a newcomer beyond -max-entered gets %v", err)
	}
	for i := 19; i < 21; i++ {
		if err := enter(i, true); err != nil {
			t.Errorf("a returning client gets %v", err)
		}
	}
	if err := enter(21, true); err == nil {
		t.Error("a client beyond -max-connections entered")
	}
}

// Those who are in are never closed for those who come.
func TestEnteredAndStreamsStay(t *testing.T) {
	l := roomy()
	l.Connections, l.Entered, l.Streams = 16, 16, 4
	g := newGate(t, l)
	var in []*conn
	for i := range 12 {
		from := fmt.Sprintf("203.0.113.%d:1", i+1)
		c, p := come(g, from)
		_, err := g.Upgrade(request(p, from))
		if err = errors.Join(err, p.Enter(false)); err != nil {
			t.Fatal(err)
		}
		in = append(in, c)
	}
	for i := range 4 {
		from := fmt.Sprintf("203.0.114.%d:1", i+1)
		c, p := come(g, from)
		if _, err := g.Stream(request(p, from)); err != nil {
			t.Fatal(err)
		}
		in = append(in, c)
	}
	if _, p := come(g, "198.51.100.1:1"); p != nil {
		t.Error("a connection beyond the limit was accepted")
	}
	for i, c := range in {
		if c.closed {
			t.Errorf("connection %d was closed", i)
		}
	}
}

func TestReserveOfDescriptors(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	g := newGate(t, roomy())
	limited := g.Listener(l)
	dial := func() (client, server net.Conn) {
		client, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { client.Close() })
		if server, err = limited.Accept(); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { server.Close() })
		return client, server
	}
	oldest, first := dial()
	g.ceiling = descriptorOf(first) // from now on only the reserve is left
	dial()
	if _, err := oldest.Read(make([]byte, 1)); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("the oldest connection got %v, want a reset", err)
	}
	if n := g.Connections(Idle); n != 1 {
		t.Errorf("%d connections are open, want 1", n)
	}
}

// Whatever comes and goes, the counts agree with the connections and the limits hold.
func TestCountsProperty(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	l := Limits{Connections: 300, Entered: 200, Unentered: 80, Idle: 120, Streams: 90, AddressShare: 0.3}
	g := newGate(t, l)
	places := map[*conn]*Place{}
	for range 100_000 {
		if random.IntN(3) == 0 || len(places) == 0 {
			if c, p := come(g, fmt.Sprintf("203.0.113.%d:1", random.IntN(5)+1)); p != nil {
				places[c] = p
			}
		} else {
			for c, p := range places { // any one
				what := random.IntN(6)
				if p.kind == Entered {
					what = 5 // it is no HTTP connection any more
				}
				switch what {
				case 0:
					g.follow(c, http.StateActive)
				case 1:
					g.follow(c, http.StateIdle)
				case 2:
					_, _ = g.Upgrade(request(p, c.from))
				case 3:
					if p.kind == Unentered {
						_ = p.Enter(random.IntN(2) == 0)
					}
				case 4:
					_, _ = g.Stream(request(p, c.from))
				case 5:
					g.follow(c, http.StateClosed)
				}
				break
			}
		}
		for c := range places {
			if c.closed || g.accepted[c] == nil {
				g.follow(c, http.StateClosed)
				delete(places, c)
			}
		}
		if g.total != len(places) || g.total > l.Connections {
			t.Fatalf("%d counted of %d connections", g.total, len(places))
		}
	}
	sum, perAddress := 0, 0
	for k, limit := range g.limits {
		if n := g.kinds[k].n; limit > 0 && n > max(limit, l.Entered) {
			t.Errorf("%d of kind %d, limit %d", n, k, limit)
		}
		sum += g.kinds[k].n
	}
	for _, a := range g.addresses {
		perAddress += a.total
	}
	if sum != g.total || perAddress != g.total {
		t.Errorf("kinds have %d, addresses %d, in all %d", sum, perAddress, g.total)
	}
	for c := range places {
		g.follow(c, http.StateClosed)
	}
	if g.total != 0 || len(g.addresses) != 0 || len(g.accepted) != 0 {
		t.Errorf("at the end %d connections, %d addresses, %d accepted", g.total, len(g.addresses), len(g.accepted))
	}
}

func TestLimitsFor(t *testing.T) {
	for _, tt := range []struct {
		descriptors int
		memory      int64
		each        int
		want        Limits
	}{
		{0, 0, 1, Limits{20000, 18750, 1000, 5000, 200, 0.1, 0}},
		{1 << 20, 8 << 30, 1, Limits{20000, 18750, 1000, 5000, 200, 0.1, 1024}},
		{4096, 8 << 30, 2, Limits{1792, 1680, 224, 448, 112, 0.1, 512}},
		{256, 8 << 30, 1, Limits{192, 180, 24, 48, 16, 0.1, 64}},
		{1 << 20, 64 << 20, 1, Limits{3276, 3072, 409, 819, 200, 0.1, 1024}},
		{64, 0, 1, Limits{32, 30, 16, 16, 16, 0.1, 32}},
	} {
		got := limitsFor(tt.descriptors, tt.memory, tt.each)
		if got != tt.want {
			t.Errorf("%d descriptors, %d bytes, %d each: %+v, want %+v", tt.descriptors, tt.memory, tt.each, got, tt.want)
		}
		if err := got.Validate(); err != nil {
			t.Error(err)
		}
	}
}

func TestLimitsValidate(t *testing.T) {
	for says, set := range map[string]func(*Limits){
		"-max-connections is 0": func(l *Limits) { l.Connections = 0 },
		"-max-idle is -1":       func(l *Limits) { l.Idle = -1 },
		"-max-entered is 2000":  func(l *Limits) { l.Entered = 2000 },
		"-address-share is 0":   func(l *Limits) { l.AddressShare = 0 },
		"-address-share is 1.5": func(l *Limits) { l.AddressShare = 1.5 },
		"-reserve-descriptors":  func(l *Limits) { l.Descriptors = -1 },
	} {
		l := roomy()
		set(&l)
		if err := l.Validate(); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("error is %v, want %q", err, says)
		}
	}
}
