package gateway_test

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// echoResults says who the front takes for the caller.
type echoResults struct{ gateway.Results }

func (echoResults) Public(caller func(*http.Request) (bool, string, error)) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		operator, player, err := caller(r)
		_, _ = fmt.Fprintf(w, "operator %v, player %q, error %v", operator, player, err)
	})
}

func (echoResults) Internal() http.Handler        { return http.NotFoundHandler() }
func (echoResults) Run(ctx context.Context) error { return nil }

// Who reads results is the player whom the header proves, on the router's machine too, else an operator, else nobody.
func TestCallerOfResults(t *testing.T) {
	const secret = "the-secret-of-guest-ann"
	guest, err := ticket.Guest(secret)
	if err != nil {
		t.Fatal(err)
	}
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
		"aud": ticket.IdentityAudience, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(),
	}).SignedString(private)
	if err != nil {
		t.Fatal(err)
	}
	verifier := ticket.NewIdentityVerifier(public)
	operator, err := ticket.NewOperator("the-operators-token", false)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, authorization string
		change              func(*gateway.Config)
		want                string
	}{
		{"this machine", "", nil, `operator true, player ""`},
		{"a guest on this machine", "Guest " + secret, nil, fmt.Sprintf(`operator false, player %q, error <nil>`, guest)},
		{"a short secret", "Guest x", nil, "secret has 1 characters"},
		{"a stranger", "", func(c *gateway.Config) { c.Internal = true }, `operator false, player "", error <nil>`},
		{"an operator", "Bearer the-operators-token", func(c *gateway.Config) { c.Operator = operator }, "operator true"},
		{"an operator beside players", "Bearer the-operators-token", func(c *gateway.Config) { c.Operator, c.Identity = operator, verifier }, "operator true"},
		{"a player on this machine", "Bearer " + token, func(c *gateway.Config) { c.Identity = verifier }, `operator false, player "ann"`},
		{"a wrong token", "Bearer wrong", func(c *gateway.Config) { c.Operator, c.Identity = operator, verifier }, "operator false"},
		{"a guest where there are none", "Guest " + secret, func(c *gateway.Config) { c.Identity = verifier }, "takes no guests"},
	} {
		f := routertest.Start(t, func(config *gateway.Config) {
			config.Results = echoResults{}
			if c.change != nil {
				c.change(config)
			}
		})
		text, err := io.ReadAll(f.Call(t, "GET", "/v1/boards", "", "Authorization", c.authorization).Body)
		if err != nil || !strings.Contains(string(text), c.want) {
			t.Errorf("%s: %s, want %s", c.name, text, c.want)
		}
	}
}

// A stranger's reads are limited by address; operators' are not.
func TestReadsAreLimited(t *testing.T) {
	f := routertest.Start(t, func(c *gateway.Config) {
		c.Results, c.Quotas = echoResults{}, gateway.Quotas{ReadsPerAddress: 3}
		c.Internal = true // so that nobody is an operator by the address
		c.Operator, _ = ticket.NewOperator("the-operators-token", false)
	})
	for range 3 {
		if resp := f.Call(t, "GET", "/v1/boards", ""); resp.StatusCode != http.StatusOK {
			t.Fatal(resp.Status)
		}
	}
	resp := f.Call(t, "GET", "/v1/rooms/r/outcomes", "")
	fake.CheckProblem(t, resp, http.StatusTooManyRequests, "over 3 times a minute")
	if wait, err := time.ParseDuration(resp.Header.Get("Retry-After") + "s"); err != nil || wait < time.Second || wait > 20*time.Second {
		t.Errorf("Retry-After is %q", resp.Header.Get("Retry-After"))
	}
	if resp := f.Call(t, "GET", "/v1/boards", "", "Authorization", "Bearer the-operators-token"); resp.StatusCode != http.StatusOK {
		t.Errorf("an operator: %s", resp.Status)
	}
	if n := testutil.ToFloat64(f.Config.Metrics.Limited.WithLabelValues("reads-per-address")); n != 1 {
		t.Errorf("the metric counts %v refusals, want 1", n)
	}
}
