// Package routertest runs whole routers for the tests of their parts. Nothing but tests imports it.
package routertest

import (
	"context"
	"crypto/ed25519"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// Router is a gateway that runs, with a view that a test sets.
type Router struct {
	*gateway.Gateway
	Config gateway.Config
	URL    string
	Source *membership.Static
	Table  *lookup.Table // as the router's own
}

// Start runs a router until the test ends. change, which may be nil, changes its settings; members are the others of its fleet.
func Start(t *testing.T, change func(*gateway.Config), members ...membership.Member) *Router {
	t.Helper()
	c := gateway.DefaultConfig()
	c.Signer = ticket.NewSigner(ticket.DevKey())
	c.Operator, _ = ticket.NewOperator("", true)
	if change != nil {
		change(&c)
	}
	self := membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving, URL: "http://127.0.0.1:1"}
	source := membership.NewStatic(self, members...)
	g, err := gateway.New(c, source)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancelCause(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- g.Run(ctx, listener, nil, Member{source}) }()
	t.Cleanup(func() {
		stop(membership.ErrKilled)
		if err := <-ended; err != nil {
			t.Errorf("the router ended with %v", err)
		}
	})
	return &Router{g, c, "http://" + listener.Addr().String(), source, lookup.NewTable(source)}
}

// Member is a membership that changes when a test says so.
type Member struct{ *membership.Static }

// Run waits for ctx to end.
func (Member) Run(ctx context.Context) error { <-ctx.Done(); return nil }

// ProxyMode is a change for Start.
func ProxyMode(c *gateway.Config) { c.Mode = gateway.Proxy }

// OperatorToken is for tests that need one.
const OperatorToken = "0123456789abcdef"

// Operated is a change for Start: operators have this token, and with open those of this machine need none.
func Operated(t *testing.T, token string, open bool) func(*gateway.Config) {
	t.Helper()
	o, err := ticket.NewOperator(token, open)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *gateway.Config) { c.Operator = o }
}

// Call sends a request; header is name, value, name, value.
func (r *Router) Call(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, r.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost:8080"
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Timeout: fake.Timeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// DialRoom upgrades at the router and gives the answer; the connection is nil unless it is 101.
func (r *Router) DialRoom(t *testing.T, path string) (*fake.Conn, *http.Response) {
	t.Helper()
	return fake.Dial(t, r.URL, path, proto.Subprotocol)
}

// Claims reads the ticket of an answer.
func Claims(t *testing.T, signed string) ticket.Claims {
	t.Helper()
	c, err := ticket.NewVerifier(ticket.DevKey().Public().(ed25519.PublicKey)).Verify(signed, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}
