package edge

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
)

func contextWith(r *http.Request, p *Place) context.Context {
	return context.WithValue(r.Context(), placeKey{}, p)
}

func TestForwardedFor(t *testing.T) {
	for _, tt := range []struct{ peer, header, want string }{
		{"198.51.100.7:5", "", "198.51.100.7:5"},
		{"198.51.100.7:5", "203.0.113.1", "198.51.100.7:5"}, // not trusted
		{"10.0.0.1:5", "203.0.113.1", "203.0.113.1:0"},
		{"10.0.0.1:5", "6.6.6.6, 203.0.113.1", "203.0.113.1:0"}, // the client wrote the first
		{"10.0.0.1:5", "203.0.113.1, 10.0.0.2", "203.0.113.1:0"},
		{"10.0.0.1:5", "203.0.113.1:4711", "203.0.113.1:0"},
		{"10.0.0.1:5", "2001:db8::1", "[2001:db8::1]:0"},
		{"10.0.0.1:5", "::ffff:203.0.113.1", "203.0.113.1:0"},
		{"10.0.0.1:5", "6.6.6.6, nonsense", "10.0.0.1:5"},
		{"10.0.0.1:5", "10.0.0.3, 10.0.0.2", "10.0.0.3:0"},
	} {
		g := newGate(t, roomy(), "10.0.0.0/8")
		r := httptest.NewRequest(http.MethodGet, "/", nil)
		r.RemoteAddr = tt.peer
		if tt.header != "" {
			r.Header.Set(forwardedFor, tt.header)
		}
		g.readForwarded(r)
		if r.RemoteAddr != tt.want {
			t.Errorf("%s with %q: %s, want %s", tt.peer, tt.header, r.RemoteAddr, tt.want)
		}
	}
}

// A proxy on this machine that names nobody, as one that passes TCP on, is not taken for a program of this machine: its requests are
// marked as those of a proxy. Others are not.
func TestSilentProxyIsMarked(t *testing.T) {
	g := &Gate{}
	g.config.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}
	for _, tt := range []struct {
		remote, forwarded, want string
		internal                bool
	}{
		{"127.0.0.1:9", "", "for=unknown", false},
		{"127.0.0.1:9", "203.0.113.5", "", false},
		{"203.0.113.5:9", "", "", false},
		{"127.0.0.1:9", "", "", true}, // whoever reaches the internal listener is no stranger
	} {
		r := httptest.NewRequest("GET", "http://localhost/", nil)
		r.RemoteAddr = tt.remote
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		r = r.WithContext(contextWith(r, &Place{gate: g, internal: tt.internal}))
		g.readForwarded(r)
		if got := r.Header.Get("Forwarded"); got != tt.want {
			t.Errorf("%+v: Forwarded is %q", tt, got)
		}
	}
}

func TestPrefixes(t *testing.T) {
	var p Prefixes
	if err := p.Set("10.1.2.3/8, 192.0.2.1,2001:db8::/32"); err != nil || p.String() != "10.0.0.0/8,192.0.2.1/32,2001:db8::/32" {
		t.Errorf("%v, %v", p.String(), err)
	}
	if err := p.Set("proxy.example.com"); err == nil {
		t.Error("a name is taken for an address")
	}
}

// A trusted proxy says with the PROXY protocol who its client is; nobody else can.
func TestProxyProtocol(t *testing.T) {
	const get = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
	v2 := "\r\n\r\n\x00\r\nQUIT\n" + "\x21\x11\x00\x0c" + "\xcb\x00\x71\x05" + "\x7f\x00\x00\x01" + "\x12\x34\x00\x50"
	for _, tt := range []struct{ name, trusted, sends, want string }{
		{"version 1", "127.0.0.1", "PROXY TCP4 203.0.113.5 127.0.0.1 4660 80\r\n" + get, "203.0.113.5:4660"},
		{"version 2", "127.0.0.1", v2 + get, "203.0.113.5:4660"},
		{"none", "127.0.0.1", get, "127.0.0.1"},
		{"behind another proxy", "127.0.0.1,203.0.113.5", "PROXY TCP4 203.0.113.5 127.0.0.1 4660 80\r\n" + get[:len(get)-2] + "X-Forwarded-For: 198.51.100.1\r\n\r\n", "198.51.100.1:0"},
		{"not trusted", "10.0.0.0/8", "PROXY TCP4 203.0.113.5 127.0.0.1 4660 80\r\n" + get, "400 Bad Request"},
		{"broken", "127.0.0.1", "PROXY TCP4 nonsense\r\n" + get, "400 Bad Request"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			l, err := net.Listen("tcp", "127.0.0.1:0")
			if err != nil {
				t.Fatal(err)
			}
			g := newGate(t, roomy(), tt.trusted)
			server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, r.RemoteAddr) })}
			g.Attach(server)
			done := make(chan struct{})
			go func() { _ = server.Serve(g.Listener(l)); close(done) }()
			defer func() { _ = server.Close(); <-done }()
			c, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if _, err := io.WriteString(c, tt.sends); err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(c)
			if !strings.Contains(string(got), tt.want) {
				t.Errorf("answer is %q, want %q in it", got, tt.want)
			}
		})
	}
}

// The connection of a proxy carries several clients: limits go by the client of the request.
func TestLimitsByForwardedAddress(t *testing.T) {
	l := roomy()
	l.Unentered, l.AddressShare = 200, 0.4
	g := newGate(t, l, "10.0.0.1")
	upgrade := func(client string) *Place {
		c := &conn{from: "10.0.0.1:1"}
		got, ok := g.accept(c, false)
		if !ok {
			t.Fatal("the proxy is refused")
		}
		r := request(g.accepted[got], "10.0.0.1:1")
		r.Header.Set(forwardedFor, client)
		g.readForwarded(r)
		p, err := g.Upgrade(r)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	honest := upgrade("198.51.100.1")
	for range 300 {
		upgrade("203.0.113.9")
	}
	if n := g.Connections(Unentered); honest.closed || n != 81 {
		t.Errorf("honest closed %v, %d unentered; want false, 81", honest.closed, n)
	}
}
