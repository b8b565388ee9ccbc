package servers

import (
	"errors"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// fleetFiles writes a CA of its own.
func fleetFiles(t *testing.T) certs.FleetFiles {
	t.Helper()
	f, err := certs.WriteCA(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func fleetCerts(t *testing.T, files certs.FleetFiles, role membership.Role, name string) *certs.Fleet {
	t.Helper()
	f, err := certs.LoadFleet(files, certs.NewID(string(role), name), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return f
}

// listening is a game server's internal listener that notes what it is asked, whatever its certificate.
type listening struct {
	m     membership.Member
	mu    sync.Mutex
	asked []string // paths, and tokens
}

func (l *listening) heard() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Join(l.asked, " ")
}

// listen starts one at addr that calls itself name in gossip; shows is nil: in the clear.
func listen(t *testing.T, addr, name string, shows *certs.Fleet) *listening {
	t.Helper()
	inner, err := net.Listen("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	host, _, _ := net.SplitHostPort(inner.Addr().String())
	l := &listening{m: membership.Member{Name: membership.ServerName(name), Role: membership.GameServer, State: membership.Serving,
		URL: "http://" + inner.Addr().String(), Peer: net.JoinHostPort(host, "1"), Port: inner.Addr().(*net.TCPAddr).Port}}
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.asked = append(l.asked, r.URL.Path+r.Header.Get("Authorization"))
		_, _ = w.Write([]byte("{}"))
	}))
	s.Listener.Close()
	s.Listener = inner
	if shows != nil {
		s.Listener = shows.Listener(inner)
	}
	s.Start()
	t.Cleanup(s.Close)
	return l
}

const token = "a token of some bytes"

// A router's token goes to a server that has proved its name. An address in gossip proves nothing.
func TestTokensGoToProvedServersOnly(t *testing.T) {
	ours := fleetFiles(t)
	shows := func(name string) *certs.Fleet { return fleetCerts(t, ours, membership.GameServer, name) }
	for what, c := range map[string]struct {
		server *listening
		want   string // in the error; empty: it is sent
	}{
		"the server":               {listen(t, "127.0.0.1:0", "gs-1", shows("gs-1")), ""},
		"another server's process": {listen(t, "127.0.0.1:0", "gs-1", shows("gs-2")), "in place of ringside://gameserver/gs-1"},
		"a router's process":       {listen(t, "127.0.0.1:0", "gs-1", fleetCerts(t, ours, membership.Router, "gs-1")), "in place of ringside://gameserver/gs-1"},
		"a stranger":               {listen(t, "127.0.0.1:0", "gs-1", fleetCerts(t, fleetFiles(t), membership.GameServer, "gs-1")), "not of this fleet"},
		"a stranger without TLS":   {listen(t, "127.0.0.1:0", "gs-1", nil), "tls"},
		"one that gossips no port": {func() *listening { l := listen(t, "127.0.0.1:0", "gs-1", shows("gs-1")); l.m.Port = 0; return l }(), "-inside"},
	} {
		t.Run(what, func(t *testing.T) {
			operator, err := ticket.NewOperator(token, false)
			if err != nil {
				t.Fatal(err)
			}
			d := Dialer{Certs: fleetCerts(t, ours, membership.Router, "router-1")}
			a := NewClient(d, lookup.NewTable(membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router}, c.server.m)))
			defer a.Close()
			req, err := NewRequest(t.Context(), http.MethodPost, c.server.m, "/v1/server/drain", nil)
			if err != nil {
				t.Fatal(err)
			}
			operator.Sign(req)
			resp, err := a.DoSecret(req)
			if err == nil {
				resp.Body.Close()
			}
			sent := strings.Contains(c.server.heard(), token)
			if sent != (c.want == "") || (err == nil) != sent || err != nil && !strings.Contains(err.Error(), c.want) {
				t.Errorf("the token was sent: %v; %v, want %q", sent, err, c.want)
			}
			// A tunnel would carry a player's ticket there.
			conn, err := d.Dial(t.Context(), c.server.m)
			if err == nil {
				conn.Close()
			}
			if (err == nil) != sent {
				t.Errorf("a tunnel is opened: %v", err)
			}
		})
	}
}

// Without certificates a token does not leave this machine.
func TestTokensStayOnThisMachineWithoutCertificates(t *testing.T) {
	d := Dialer{}
	for addr, may := range map[string]bool{"127.0.0.1:1": true, "[::1]:1": true, "192.0.2.1:1": false, "8.8.8.8:443": false} {
		err := d.MayHear(addressed{addr: addr})
		if (err == nil) != may || err != nil && !errors.Is(err, errElsewhere) {
			t.Errorf("%s may hear tokens: %v, want %v", addr, err, may)
		}
	}
	own, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range own {
		ip := a.(*net.IPNet).IP.String()
		if err := d.MayHear(addressed{addr: net.JoinHostPort(ip, "1")}); err != nil {
			t.Errorf("%s is of this machine: %v", ip, err)
		}
	}
}

// addressed is a connection to an address.
type addressed struct {
	net.Conn
	addr string
}

func (c addressed) RemoteAddr() net.Addr {
	return net.TCPAddrFromAddrPort(netip.MustParseAddrPort(c.addr))
}
