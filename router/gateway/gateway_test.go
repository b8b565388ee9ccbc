package gateway_test

import (
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

func TestBadPathsAndMethods(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(1)...)
	for _, tt := range []struct {
		method, path string
		status       int
		want, allow  string
	}{
		{"GET", "/v2/rooms", 404, "/v2/rooms", ""},
		{"POST", "/v1/rooms/a/b", 404, "/v1/rooms/a/b", ""},
		{"GET", "/" + strings.Repeat("x", 500), 404, strings.Repeat("x", 99) + "…", ""},
		{"GET", "/v1/rooms/-a", 400, `"-a"`, ""},
		{"GET", "/v1/rooms/a%2Fb", 400, `"a/b"`, ""},
		{"GET", "/v1/rooms/a%20b/connect", 400, `"a b"`, ""},
		{"PUT", "/v1/rooms", 405, "GET, POST, not PUT", "GET, POST, OPTIONS"},
		{"DELETE", "/v1/rooms/a", 405, "GET, not DELETE", "GET, OPTIONS"},
		{"POST", "/v1/rooms/a/connect", 405, "GET, not POST", "GET, OPTIONS"},
		{"GET", "/v1/match", 405, "POST, not GET", "POST, OPTIONS"},
		{"PUT", "/v1/fleet", 405, "GET, not PUT", "GET, OPTIONS"},
		{"POST", "/", 405, "GET, not POST", "GET, OPTIONS"},
		{"POST", "/livez", 405, "GET, not POST", "GET, OPTIONS"},
		{"GET", "/v1/rooms/a/connect", 426, "GET /v1/rooms/a", ""},
	} {
		resp := f.Call(t, tt.method, tt.path, "")
		fake.CheckProblem(t, resp, tt.status, tt.want)
		if got := resp.Header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: Allow is %q; want %q", tt.method, tt.path, got, tt.allow)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: a page of another origin cannot read the problem", tt.method, tt.path)
		}
	}
}

func TestPreflight(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(1)...)
	for path, method := range map[string]string{"/v1/rooms": "GET, POST", "/v1/match": "POST", "/v1/fleet": "GET", "/v1/rooms/a": "GET"} {
		resp := f.Call(t, "OPTIONS", path, "", "Origin", "https://game.example.com", "Access-Control-Request-Method", method)
		h := resp.Header
		if resp.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != method ||
			h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
			t.Errorf("OPTIONS %s: %s %v", path, resp.Status, h)
		}
	}
}

func TestConfigValidate(t *testing.T) {
	for want, change := range map[string]func(*gateway.Config){
		`mode is "both"`:       func(c *gateway.Config) { c.Mode = "both" },
		"signer":               func(c *gateway.Config) { c.Signer = nil },
		"-max-entered is 0":    func(c *gateway.Config) { c.Limits.Entered = 0 },
		"drain time is -1s":    func(c *gateway.Config) { c.Drain = -time.Second },
		`"play.example.com"`:   func(c *gateway.Config) { c.PublicURL = "play.example.com" },
		`"ws://example.com"`:   func(c *gateway.Config) { c.PublicURL = "ws://example.com" },
		`"http://a/?x"`:        func(c *gateway.Config) { c.PublicURL = "http://a/?x" },
		`public URL is "\x7f"`: func(c *gateway.Config) { c.PublicURL = "\x7f" },
	} {
		c := gateway.DefaultConfig()
		c.Signer = ticket.NewSigner(ticket.DevKey())
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if _, err := gateway.New(c, membership.NewStatic(membership.Member{})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v; want one with %q", err, want)
		}
	}
}

// Profiles are there only where they were asked for, and for operators only.
func TestProfilesAreForOperators(t *testing.T) {
	change := routertest.Operated(t, routertest.OperatorToken, true)
	for _, c := range []struct {
		on     bool
		token  string
		status int
	}{
		{false, routertest.OperatorToken, http.StatusNotFound},
		{true, "another one", http.StatusUnauthorized},
		{true, routertest.OperatorToken, http.StatusOK},
	} {
		f := routertest.Start(t, func(config *gateway.Config) { change(config); config.Profiles = c.on })
		if resp := f.Call(t, "GET", "/debug/pprof/heap", "", "Authorization", "Bearer "+c.token); resp.StatusCode != c.status {
			t.Errorf("profiles %v, token %q: %s, want %d", c.on, c.token, resp.Status, c.status)
		}
	}
}

// On one listener for all, a request that came through a proxy on this machine is a stranger's.
func TestProxiedRequestsSeeASummary(t *testing.T) {
	s := fake.NewServer(t, "game-secret")
	s.Lead(report.RoomInfo{Room: "secret-room", Game: "arena"})
	f := routertest.Start(t, nil, s.Member())
	for _, header := range []string{"X-Forwarded-For", "Forwarded", "Via"} {
		text, _ := io.ReadAll(f.Call(t, "GET", "/v1/fleet", "", header, "x").Body)
		if strings.Contains(string(text), "secret") {
			t.Errorf("with %s the router shows %s", header, text)
		}
		if resp := f.Call(t, "POST", "/v1/fleet/servers/game-secret/drain", "", header, "x"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("with %s a drain answers %s", header, resp.Status)
		}
		if resp := f.Call(t, "GET", "/metrics", "", header, "x"); resp.StatusCode != http.StatusForbidden {
			t.Errorf("with %s the metrics answer %s", header, resp.Status)
		}
	}
}
