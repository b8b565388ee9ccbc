package replication

import (
	"bufio"
	"context"
	"errors"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rooms answers queries with a function, and rejects all streams.
type rooms func(asker string, q ownership.Query) ownership.Answer

func (f rooms) Query(asker string, q ownership.Query) ownership.Answer { return f(asker, q) }

func (f rooms) Offer(string, Open, Back) (Replica, error) { return nil, errors.New("no") }

var nothing = rooms(func(string, ownership.Query) ownership.Answer { return ownership.Answer{} })

func config(name string) Config {
	return Config{Listen: "127.0.0.1:0", Name: name, Cluster: "test", Key: []byte("0123456789abcdef"), Logger: slog.New(slog.DiscardHandler)}
}

// start runs links until the returned function is called, or until the test ends.
func start(t testing.TB, c Config, r Rooms) (*Links, func()) {
	t.Helper()
	l, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- l.Run(ctx, r, nil) }()
	stop := sync.OnceFunc(func() {
		cancel()
		if err := <-done; err != nil {
			t.Errorf("%s: %v", c.Name, err)
		}
	})
	t.Cleanup(stop)
	return l, stop
}

func within(t *testing.T, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestIncompatible(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		server string
		want   error
		text   string
	}{
		"another key":         {func(c *Config) { c.Key = []byte("another key 0123") }, "b", ErrIncompatible, "the cluster keys differ"},
		"another cluster":     {func(c *Config) { c.Cluster = "prod" }, "b", ErrIncompatible, "the clusters differ"},
		"no key":              {func(c *Config) { c.Key = nil }, "b", ErrIncompatible, "the cluster keys differ"},
		"another server here": {func(*Config) {}, "c", ErrGone, "b answers here, not c"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := start(t, config("b"), nothing)
			conf := config("a")
			c.change(&conf)
			a, _ := start(t, conf, nothing)
			_, err := a.Query(within(t, 10*time.Second), c.server, b.Addr().String(), ownership.Query{Room: "r"})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestLoopbackOnlyWithoutKey(t *testing.T) {
	c := config("a")
	c.Key, c.Listen = nil, "0.0.0.0:0"
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "cluster key") {
		t.Errorf("listening beyond loopback without a key: %v", err)
	}
	outside := outsideAddr(t)
	withKey := config("b")
	withKey.Listen = net.JoinHostPort(outside, "0")
	b, _ := start(t, withKey, nothing)
	c.Listen = "127.0.0.1:0"
	a, _ := start(t, c, nothing)
	_, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), ownership.Query{Room: "r"})
	if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "not a loopback address") {
		t.Errorf("dialling beyond loopback without a key: %v", err)
	}
}

// outsideAddr returns an address of this machine that is not loopback.
func outsideAddr(t *testing.T) string {
	all, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range all {
		if n, ok := a.(*net.IPNet); ok && n.IP.IsGlobalUnicast() && n.IP.To4() != nil {
			return n.IP.String()
		}
	}
	t.Skip("this machine has loopback addresses only")
	return ""
}

// Whatever a stranger sends closes its connection; other links continue.
func TestHostileBytes(t *testing.T) {
	b, _ := start(t, config("b"), nothing)
	a, _ := start(t, config("a"), nothing)
	ctx := within(t, 10*time.Second)
	future := hello{Versions: proto.Versions{Newest: Version + 2, Oldest: Version + 1}, Cluster: "test", Name: "x"}
	for name, bytes := range map[string][]byte{
		"http":           []byte("GET / HTTP/1.1\r\n\r\n"),
		"endless hello":  {byte(kindHello), 0xff, 0xff, 0xff, 0xff, 0x0f},
		"no hello":       query{1, testQuery}.append(nil),
		"empty hello":    {byte(kindHello), 0},
		"future version": future.append(nil),
		"no proof": append(hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "test", Name: "x"}.append(nil),
			query{1, testQuery}.append(nil)...),
		"false proof": append(hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "test", Name: "x"}.append(nil),
			proto.AppendRecord(nil, kindProof, make([]byte, 32))...),
	} {
		t.Run(name, func(t *testing.T) {
			nc, err := net.Dial("tcp", b.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer nc.Close()
			nc.SetDeadline(time.Now().Add(10 * time.Second))
			nc.Write(bytes)
			nc.(*net.TCPConn).CloseWrite()
			all, err := io.ReadAll(nc)
			var timeout net.Error
			if errors.As(err, &timeout) && timeout.Timeout() {
				t.Errorf("the connection stays open; it sent %x", all)
			}
			if _, err := a.Query(ctx, "b", b.Addr().String(), ownership.Query{Room: "r"}); err != nil {
				t.Errorf("the other link: %v", err)
			}
		})
	}
}

// Servers link when there is a version that both speak, whichever dials.
func TestVersions(t *testing.T) {
	for name, c := range map[string]struct {
		newest, oldest uint8 // of one; the other speaks this build's
		links          bool
	}{
		"the next release":         {Version + 1, Version, true},
		"a release that skips one": {Version + 2, Version + 1, false},
		"the release before":       {Oldest, Oldest - 1, true},
		"a release long before":    {Oldest - 1, Oldest - 2, false},
		"one that speaks them all": {Version + 3, 1, true},
	} {
		t.Run(name, func(t *testing.T) {
			a, _ := start(t, config("a"), nothing)
			b, _ := start(t, config("b"), nothing)
			b.id.versions = proto.Versions{Newest: c.newest, Oldest: c.oldest}
			for _, ends := range [2][2]*Links{{a, b}, {b, a}} {
				from, to := ends[0], ends[1]
				_, err := from.Query(within(t, 10*time.Second), to.id.name, to.Addr().String(), ownership.Query{Room: "r"})
				switch {
				case c.links && err != nil:
					t.Errorf("%s asks %s: %v", from.id.name, to.id.name, err)
				case !c.links && (!errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "update through a version")):
					t.Errorf("%s asks %s: %v, want it to be refused for its version", from.id.name, to.id.name, err)
				}
			}
		})
	}
}

// A proof is of no use to the other side, nor for other hellos.
func TestProofs(t *testing.T) {
	id := identity{key: []byte("key")}
	p := id.proof(roleDial, []byte("a"), []byte("b"))
	for _, other := range [][]byte{id.proof(roleAccept, []byte("a"), []byte("b")), id.proof(roleDial, []byte("b"), []byte("a")),
		(&identity{key: []byte("kez")}).proof(roleDial, []byte("a"), []byte("b"))} {
		if string(p) == string(other) {
			t.Error("two proofs are equal")
		}
	}
}

// Silent connections take the places for handshakes, at most dialTimeout long; a further one is closed at once.
func TestTooManyHandshakes(t *testing.T) {
	b, _ := start(t, config("b"), nothing)
	for range maxHandshakes {
		nc, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
	}
	extra, err := net.Dial("tcp", b.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer extra.Close()
	extra.SetDeadline(time.Now().Add(dialTimeout / 2))
	if _, err := bufio.NewReader(extra).ReadByte(); !errors.Is(err, io.EOF) {
		t.Errorf("got %v, want the connection closed at once", err)
	}
}

func TestStopped(t *testing.T) {
	a, stop := start(t, config("a"), nothing)
	stop()
	if _, err := a.Query(t.Context(), "b", "127.0.0.1:1", ownership.Query{Room: "r"}); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want ErrStopped", err)
	}
}
