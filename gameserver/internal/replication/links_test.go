package replication

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// rooms answers queries with a function, and rejects all streams.
type rooms func(asker string, q ownership.Query) ownership.Answer

func (f rooms) Query(asker string, q ownership.Query) ownership.Answer { return f(asker, q) }

func (f rooms) Offer(string, Open, Back) (Replica, error) { return nil, errors.New("no") }

var nothing = rooms(func(string, ownership.Query) ownership.Answer { return ownership.Answer{} })

func config(t testing.TB, name string) Config {
	return Config{Listen: "127.0.0.1:0", Name: name, Cluster: "test", Certs: member(t, writeCA(t), "gameserver", name), Logger: slog.New(slog.DiscardHandler)}
}

var (
	testCA    sync.Mutex
	testFiles [2][]byte // of the CA of all tests outside bubbles
)

// writeCA writes the CA of all tests, and returns its files.
func writeCA(t testing.TB) certs.FleetFiles {
	t.Helper()
	testCA.Lock()
	defer testCA.Unlock()
	f := strangers(t)
	for i, file := range []string{f.Cert, f.Key} {
		var err error
		if testFiles[i] == nil {
			testFiles[i], err = os.ReadFile(file)
		} else {
			err = os.WriteFile(file, testFiles[i], 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return f
}

// strangers writes a CA that no other test has.
func strangers(t testing.TB) certs.FleetFiles {
	t.Helper()
	f, err := certs.WriteCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func member(t testing.TB, files certs.FleetFiles, role, name string) *certs.Fleet {
	t.Helper()
	f, err := certs.LoadFleet(files, certs.NewID(role, name), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f
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
		"another CA":          {func(c *Config) { c.Certs = member(t, strangers(t), "gameserver", "a") }, "b", ErrIncompatible, "bad certificate"},
		"another cluster":     {func(c *Config) { c.Cluster = "prod" }, "b", ErrIncompatible, "the clusters differ"},
		"no certificate":      {func(c *Config) { c.Certs = nil }, "b", ErrIncompatible, "one side has a certificate"},
		"another's":           {func(c *Config) { c.Certs = member(t, writeCA(t), "gameserver", "x") }, "b", ErrIncompatible, "a is here, not x"},
		"a router":            {func(c *Config) { c.Certs = member(t, writeCA(t), "router", "a") }, "b", ErrIncompatible, "not a game server"},
		"another server here": {func(*Config) {}, "c", ErrGone, "ringside://gameserver/b in place of ringside://gameserver/c"},
	} {
		t.Run(name, func(t *testing.T) {
			b, _ := start(t, config(t, "b"), nothing)
			conf := config(t, "a")
			c.change(&conf)
			a, _ := start(t, conf, nothing)
			_, err := a.Query(within(t, 10*time.Second), c.server, b.Addr().String(), ownership.Query{Room: "r"})
			if !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// A server whose certificates the other side does not trust hears of it, whichever side dials.
func TestUntrustedAcceptor(t *testing.T) {
	c := config(t, "b")
	c.Certs = member(t, strangers(t), "gameserver", "b")
	b, _ := start(t, c, nothing)
	a, _ := start(t, config(t, "a"), nothing)
	_, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), ownership.Query{Room: "r"})
	if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "-fleet-cert") {
		t.Errorf("got %v", err)
	}
}

func TestLoopbackOnlyWithoutCertificates(t *testing.T) {
	c := config(t, "a")
	c.Certs, c.Listen = nil, "0.0.0.0:0"
	if _, err := New(c); err == nil || !strings.Contains(err.Error(), "-fleet-cert") {
		t.Errorf("listening beyond loopback without certificates: %v", err)
	}
	outside := outsideAddr(t)
	with := config(t, "b")
	with.Listen = net.JoinHostPort(outside, "0")
	b, _ := start(t, with, nothing)
	c.Listen = "127.0.0.1:0"
	a, _ := start(t, c, nothing)
	_, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), ownership.Query{Room: "r"})
	if !errors.Is(err, ErrIncompatible) || !strings.Contains(err.Error(), "not a loopback address") {
		t.Errorf("dialling beyond loopback without certificates: %v", err)
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

// Whatever a stranger sends ends its connection; other links go on, and the stranger reads no name and no cluster label.
func TestHostileBytes(t *testing.T) {
	c := config(t, "the-name-of-b")
	c.Cluster = "the-label"
	b, _ := start(t, c, nothing)
	c = config(t, "a")
	c.Cluster = "the-label"
	a, _ := start(t, c, nothing)
	ctx := within(t, 10*time.Second)
	introduction := encode(kindHello, &hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "the-label", Name: "a"})
	for name, bytes := range map[string][]byte{
		"nothing":       nil,
		"http":          []byte("GET / HTTP/1.1\r\n\r\n"),
		"a hello":       introduction,
		"endless hello": {byte(kindHello), 0xff, 0xff, 0xff, 0xff, 0x0f},
		"an alert":      {0x15, 3, 3, 0, 2, 2, 40},
		"a long record": {0x16, 3, 3, 0xff, 0xff},
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
			tellsNothing(t, all)
			if _, err := a.Query(ctx, "the-name-of-b", b.Addr().String(), ownership.Query{Room: "r"}); err != nil {
				t.Errorf("the other link: %v", err)
			}
		})
	}
}

func tellsNothing(t *testing.T, wire []byte) {
	t.Helper()
	for _, secret := range []string{"the-label", "the-name-of-b", "ringside"} {
		if strings.Contains(string(wire), secret) {
			t.Errorf("a stranger reads %q", secret)
		}
	}
}

// A stranger that speaks TLS, with a certificate of its own or without, does not see this side's.
func TestStrangersSeeNoCertificate(t *testing.T) {
	b, _ := start(t, config(t, "the-name-of-b"), nothing)
	stranger := member(t, strangers(t), "gameserver", "x").Config("")
	var shown [][]byte
	stranger.VerifyConnection = nil
	stranger.VerifyPeerCertificate = func(raw [][]byte, _ [][]*x509.Certificate) error {
		shown = append(shown, raw...)
		return nil
	}
	for name, handshake := range map[string]func(net.Conn) error{
		"as links do":   func(nc net.Conn) error { return tls.Server(nc, stranger).Handshake() },
		"as clients do": func(nc net.Conn) error { return tls.Client(nc, stranger).Handshake() },
		"without any":   func(nc net.Conn) error { return tls.Client(nc, &tls.Config{InsecureSkipVerify: true}).Handshake() },
		"and says hello": func(nc net.Conn) error {
			_, err := nc.Write(encode(kindHello, &hello{Name: "x"}))
			return errors.Join(err, io.EOF)
		},
	} {
		nc, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		nc.SetDeadline(time.Now().Add(10 * time.Second))
		if err := handshake(nc); err == nil {
			t.Errorf("%s: a stranger's handshake succeeds", name)
		}
		nc.Close()
	}
	if len(shown) > 0 {
		t.Error("a stranger sees a certificate, with the server's name in it")
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
			a, _ := start(t, config(t, "a"), nothing)
			b, _ := start(t, config(t, "b"), nothing)
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

// Silent connections hold places for pending handshakes. At the limits the oldest ones lose theirs, and a server that
// restarts links at once.
func TestSilentConnections(t *testing.T) {
	var logged syncBuffer
	var mu sync.Mutex
	refused := map[string]int{}
	c := config(t, "b")
	c.Logger = slog.New(slog.NewTextHandler(&logged, nil))
	c.Refused = func(reason string) {
		mu.Lock()
		defer mu.Unlock()
		refused[reason]++
	}
	b, _ := start(t, c, nothing)
	const silent = 280
	var open []net.Conn
	for range silent {
		nc, err := net.Dial("tcp", b.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		open = append(open, nc)
	}
	for range 3 { // three lives of one server
		a, stop := start(t, config(t, "a"), nothing)
		began := time.Now()
		if _, err := a.Query(within(t, 10*time.Second), "b", b.Addr().String(), ownership.Query{Room: "r"}); err != nil {
			t.Fatalf("a restarted server among silent connections, after %v: %v", time.Since(began), err)
		}
		stop()
	}
	for _, nc := range open { // the limits close some at once, and time the others
		nc.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := io.Copy(io.Discard, nc); errors.Is(err, os.ErrDeadlineExceeded) {
			t.Fatal("a silent connection stays open")
		}
	}
	counted := func() (n int) {
		mu.Lock()
		defer mu.Unlock()
		for _, of := range refused {
			n += of
		}
		return n
	}
	for limit := time.Now().Add(10 * time.Second); counted() < silent; time.Sleep(time.Millisecond) { // goroutines end after their sockets
		if time.Now().After(limit) {
			t.Fatalf("%d of %d are counted: %v", counted(), silent, refused)
		}
	}
	mu.Lock()
	defer mu.Unlock()
	if counts := refused[network.RefusedByAddress]; counts < silent-DefaultHandshakesPerAddress-3 || refused["timeout"] == 0 {
		t.Errorf("counted %v", refused)
	}
	if n := strings.Count(logged.String(), "a handshake failed"); n != 1 {
		t.Errorf("%d log lines for %d failed handshakes, want 1: %s", n, silent, logged.String())
	}
}

type syncBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}

func TestStopped(t *testing.T) {
	a, stop := start(t, config(t, "a"), nothing)
	stop()
	if _, err := a.Query(t.Context(), "b", "127.0.0.1:1", ownership.Query{Room: "r"}); !errors.Is(err, ErrStopped) {
		t.Errorf("got %v, want ErrStopped", err)
	}
}
