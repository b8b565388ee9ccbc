package admission_test

import (
	"crypto/ed25519"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/admission"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// A guest is who has its secret: the same one is the same player, and who knows the id gets no ticket.
func TestGuests(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(2)...)
	for _, path := range []string{"/v1/rooms", "/v1/match"} {
		a := fake.Into[admission.Answer](t, f.Call(t, "POST", path, `{"game":"arena"}`), 201)
		if strings.Contains(a.Ticket, a.Guest) || a.Guest == "" {
			t.Errorf("%s: the secret %q is in the ticket %s", path, a.Guest, a.Ticket)
		}
		for _, proof := range []string{`"guest":"` + a.Guest + `"`, `"guest":"` + a.Guest + `","id":"` + string(a.Player) + `"`} {
			again := fake.Into[admission.Answer](t, f.Call(t, "POST", path, `{"game":"arena","player":{`+proof+`}}`), 201)
			if c := claims(t, again); again.Player != a.Player || c.Player != a.Player || again.Guest != "" {
				t.Errorf("%s with %s: %+v, a ticket for %s; want %s", path, proof, again, c.Player, a.Player)
			}
		}
		for _, stolen := range []string{`"id":"` + string(a.Player) + `"`,
			`"id":"` + string(a.Player) + `","guest":"` + strings.Repeat("a", 26) + `"`} {
			fake.CheckProblem(t, f.Call(t, "POST", path, `{"game":"arena","player":{`+stolen+`}}`), 403, "which this request does not prove; leave it out")
		}
		other := fake.Into[admission.Answer](t, f.Call(t, "POST", path, `{"game":"arena","player":{"guest":"`+string(a.Player)+`"}}`), 201)
		if other.Player == a.Player {
			t.Errorf("%s: the id is taken for the secret", path)
		}
	}
}

func TestIdentity(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key ed25519.PrivateKey, id, name string, life time.Duration) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"aud": ticket.IdentityAudience, "sub": id, "name": name, "exp": time.Now().Add(life).Unix(),
		}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	f := routertest.Start(t, func(c *gateway.Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fake.FleetOf(2)...)
	good := sign(private, "ann", "Ann", time.Hour)
	for _, path := range []string{"/v1/rooms", "/v1/match"} {
		a := fake.Into[admission.Answer](t, f.Call(t, "POST", path, `{"game":"arena","player":{"name":"Not Ann"}}`, "Authorization", good), 201)
		if c := claims(t, a); a.Player != "ann" || c.Player != "ann" || c.Name != "Ann" {
			t.Errorf("%s: player is %q, ticket for %q, %q; want ann", path, a.Player, c.Player, c.Name)
		}
		for authorization, want := range map[string]string{
			"":                   "identity token",
			"Basic YTpi":         "identity token",
			"Bearer":             "identity token",
			"Bearer x.y.z":       "not valid",
			"Bearer " + a.Ticket: "forged",
			sign(ticket.DevKey(), "ann", "", time.Hour): "forged",
			sign(private, "ann", "", -time.Hour):        "expired",
			sign(private, "a b", "", time.Hour):         `"a b"`,
		} {
			resp := f.Call(t, "POST", path, `{"game":"arena"}`, "Authorization", authorization)
			fake.CheckProblem(t, resp, 401, want)
			if resp.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("WWW-Authenticate is %q", resp.Header.Get("WWW-Authenticate"))
			}
		}
		fake.CheckProblem(t, f.Call(t, "POST", path, `{"game":"arena","player":{"id":"bob"}}`, "Authorization", good), 403, `"bob"`)
		fake.CheckProblem(t, f.Call(t, "POST", path, `{"game":"arena","player":{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA"}}`, "Authorization", good),
			400, "takes no guests")
	}
	same := f.Call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"id":"ann","name":"Anna"}}`,
		"Authorization", sign(private, "ann", "", time.Hour))
	if c := claims(t, fake.Into[admission.Answer](t, same, 201)); c.Player != "ann" || c.Name != "Anna" {
		t.Errorf("ticket is for %q, %q; want ann with the name of the body", c.Player, c.Name)
	}
}

// What the backend says of a player reaches the game by the ticket, and the options that it has signed count instead of the player's.
func TestIdentityClaims(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(create map[string]any) string {
		c := jwt.MapClaims{"aud": ticket.IdentityAudience, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(), "claims": map[string]any{"level": 7}}
		if create != nil {
			c["create"] = create
		}
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	rated := map[string]any{"rated": true, "goal": 3}
	f := routertest.Start(t, func(c *gateway.Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fake.FleetOf(2)...)
	for _, tt := range []struct {
		create  map[string]any
		body    string
		options string
		signed  bool
	}{
		{nil, `{"game":"arena","room":"r1","options":{"goal":9}}`, `{"goal":9}`, false},
		{map[string]any{"game": "arena", "options": rated}, `{"game":"arena","room":"r1"}`, `{"goal":3,"rated":true}`, true},
		{map[string]any{"game": "arena", "options": rated}, `{"game":"arena","options":{"rated":true,"goal":3}}`, `{"goal":3,"rated":true}`, true},
		{map[string]any{"game": "arena", "room": "r1"}, `{"game":"arena","room":"r1"}`, ``, true},
		{map[string]any{"game": "arena", "room": "r2", "options": rated}, `{"game":"arena","room":"r1"}`, ``, false},
		{map[string]any{"game": "chess", "options": rated}, `{"game":"arena","room":"r1"}`, ``, false},
	} {
		a := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", tt.body, "Authorization", sign(tt.create)), 201)
		if c := claims(t, a); string(c.Claims) != `{"level":7}` || string(c.Options) != tt.options || c.Signed != tt.signed {
			t.Errorf("create %v, body %s: ticket %+v", tt.create, tt.body, c)
		}
	}
	other := f.Call(t, "POST", "/v1/rooms", `{"game":"arena","options":{"rated":false}}`, "Authorization", sign(map[string]any{"game": "arena", "options": rated}))
	fake.CheckProblem(t, other, 400, "the identity token has other options")
	bad := f.Call(t, "POST", "/v1/rooms", `{"game":"arena"}`, "Authorization", sign(map[string]any{"game": "arena", "options": 7}))
	fake.CheckProblem(t, bad, 401, "create: options must be a JSON object")
}

func TestTicketsAreLimited(t *testing.T) {
	for name, test := range map[string]struct {
		limits gateway.Quotas
		bodies []string // posted in turn; the last is over the limit
		detail string
		other  string // who is not limited, with the same address
	}{
		"tickets-per-identity": {gateway.Quotas{TicketsPerIdentity: 3}, []string{`{"game":"arena","player":{"guest":"the-secret-of-guest-eve"}}`}, "player guest-", `{"game":"arena","player":{"guest":"the-secret-of-guest-ann"}}`},
		"tickets-per-address":  {gateway.Quotas{TicketsPerAddress: 3}, []string{`{"game":"arena"}`, `{"game":"arena","player":{"guest":"the-secret-of-guest-eve"}}`}, "this address", ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := routertest.Start(t, func(c *gateway.Config) { c.Quotas = test.limits }, fake.FleetOf(3)...)
			for i := range 3 {
				path := []string{"/v1/rooms", "/v1/match"}[i%2]
				if resp := f.Call(t, "POST", path, test.bodies[i%len(test.bodies)]); resp.StatusCode != http.StatusCreated {
					t.Fatalf("request %d: %s", i, resp.Status)
				}
			}
			for _, path := range []string{"/v1/rooms", "/v1/match"} {
				resp := f.Call(t, "POST", path, test.bodies[0])
				fake.CheckProblem(t, resp, http.StatusTooManyRequests, test.detail)
				if s, err := strconv.Atoi(resp.Header.Get("Retry-After")); err != nil || s < 1 || s > 20 {
					t.Errorf("Retry-After is %q; want the seconds until the next of 3 a minute", resp.Header.Get("Retry-After"))
				}
			}
			if n := testutil.ToFloat64(f.Config.Metrics.Limited.WithLabelValues(name)); n != 2 {
				t.Errorf("the metric counts %v refusals, want 2", n)
			}
			if test.other == "" {
				return
			}
			if resp := f.Call(t, "POST", "/v1/rooms", test.other); resp.StatusCode != http.StatusCreated {
				t.Errorf("another player: %s", resp.Status)
			}
		})
	}
}
