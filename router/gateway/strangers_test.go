package gateway

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/fake"
)

// secrets are what strangers must not see of the fleet that exposed makes.
var secrets = []string{"secret-room", "game-secret", "10.9.8.7", "eu-secret", "v1.2.3-secret", "why-secret", "secret-epoch", "router-secret"}

// exposed is a router with a public and an internal listener, and a game server that leads a room.
func exposed(t *testing.T, token string) (public, inside string) {
	t.Helper()
	s := fake.NewServer(t, "game-secret")
	s.Lead(report.RoomInfo{Room: "secret-room", Game: "arena", Epoch: "secret-epoch", Connected: 2})
	s.Summary = report.Summary{Rooms: 1, Players: 2, Heaviest: []report.HeavyRoom{{Room: "secret-room", Game: "arena", Share: 900}}}
	s.Events = []report.Event{{Serial: 1, Time: time.Now(), Kind: "move", Room: "secret-room", From: "game-secret", To: "game-secret-2", Why: "why-secret", Epoch: "secret-epoch"}}
	m := s.Member()
	m.Zone, m.Version = "eu-secret", "v1.2.3-secret"
	gone := membership.Member{Name: "game-secret-2", Role: membership.GameServer, State: membership.Serving, URL: "http://10.9.8.7:1"}
	registry := prometheus.NewRegistry()
	c := DefaultConfig()
	c.Signer, c.Internal, c.Metrics, c.Gatherer, c.Drain = ticket.NewSigner(ticket.DevKey()), true, obs.NewRouterMetrics(registry), registry, 0
	c.Operator, _ = ticket.NewOperator(token, true)
	self := membership.Member{Name: "router-secret", Role: membership.Router, State: membership.Serving}
	source := &member{Static: membership.NewStatic(self, m, gone)}
	f, err := New(c, source)
	if err != nil {
		t.Fatal(err)
	}
	var listeners [2]net.Listener
	for i := range listeners {
		if listeners[i], err = net.Listen("tcp", "127.0.0.1:0"); err != nil {
			t.Fatal(err)
		}
	}
	ctx, stop := context.WithCancelCause(context.Background())
	done := make(chan error, 1)
	go func() { done <- f.Run(ctx, listeners[0], listeners[1], source) }()
	t.Cleanup(func() {
		stop(membership.ErrKilled)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	fake.Until(t, "the server is asked", func() bool { return f.poller.All()["game-secret"].Reachable() })
	return "http://" + listeners[0].Addr().String(), "http://" + listeners[1].Addr().String()
}

// fetch gives the status and the text, of a stream its first event.
func fetch(t *testing.T, method, url, token string) (int, string) {
	t.Helper()
	req, err := http.NewRequest(method, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := (&http.Client{Timeout: fake.Timeout, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.Header.Get("Content-Type") != "text/event-stream" {
		body, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(body)
	}
	for lines := bufio.NewScanner(resp.Body); lines.Scan(); {
		if strings.HasPrefix(lines.Text(), "data: ") {
			return resp.StatusCode, lines.Text()
		}
	}
	return resp.StatusCode, ""
}

// Beside an internal listener, the public one shows nobody without the token a name, an address, a room or a metric, though it is
// a loopback address here.
func TestStrangersSeeASummary(t *testing.T) {
	const token = "0123456789abcdef"
	public, inside := exposed(t, token)
	for _, path := range []string{"/v1/fleet", "/fleet", "/v1/fleet/events"} {
		status, text := fetch(t, http.MethodGet, public+path, "")
		if status != http.StatusOK || !strings.Contains(text, "server 1") {
			t.Errorf("%s: %d %s", path, status, text)
		}
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s shows %q to strangers: %s", path, secret, text)
			}
		}
		for name, ask := range map[string][2]string{"with the token": {public, token}, "on the internal listener": {inside, ""}} {
			if _, text := fetch(t, http.MethodGet, ask[0]+path, ask[1]); !strings.Contains(text, "secret-room") || !strings.Contains(text, "game-secret") {
				t.Errorf("%s %s: %s", path, name, text)
			}
		}
	}
	for _, tt := range []struct {
		method, url, token string
		want               int
	}{
		{"GET", public + "/metrics", "", http.StatusUnauthorized},
		{"GET", public + "/metrics", token, http.StatusOK},
		{"GET", inside + "/metrics", "", http.StatusOK},
		{"POST", public + "/v1/fleet/servers/none/drain", "", http.StatusUnauthorized},
		{"POST", public + "/v1/fleet/servers/none/drain", token, http.StatusNotFound},
		{"POST", inside + "/v1/fleet/servers/none/drain", "", http.StatusUnauthorized},
		{"POST", inside + "/v1/fleet/servers/none/drain", token, http.StatusNotFound},
		{"GET", public + "/livez", "", http.StatusOK},
		{"GET", inside + "/readyz", "", http.StatusOK},
	} {
		if got, text := fetch(t, tt.method, tt.url, tt.token); got != tt.want {
			t.Errorf("%s %s with token %q: %d %s, want %d", tt.method, tt.url, tt.token, got, text, tt.want)
		}
	}
}

// Without a token only the internal listener, where it is a loopback address, takes operators' requests.
func TestThePublicListenerIsNeverOpen(t *testing.T) {
	public, inside := exposed(t, "")
	if got, text := fetch(t, "POST", public+"/v1/fleet/servers/none/drain", ""); got != http.StatusForbidden {
		t.Errorf("public: %d %s", got, text)
	}
	if got, text := fetch(t, "GET", public+"/metrics", ""); got != http.StatusForbidden {
		t.Errorf("public metrics: %d %s", got, text)
	}
	if got, text := fetch(t, "POST", inside+"/v1/fleet/servers/none/drain", ""); got != http.StatusNotFound {
		t.Errorf("internal: %d %s", got, text)
	}
}

// A page of another origin, open in the browser of somebody who reaches the internal listener, reads nothing there.
func TestOtherOriginsAreNotLetIn(t *testing.T) {
	public, inside := exposed(t, "")
	for _, method := range []string{http.MethodGet, http.MethodOptions} {
		for _, path := range []string{"/v1/fleet", "/v1/fleet/events", "/metrics", "/v1/rooms"} {
			for base, want := range map[string]string{public: "*", inside: ""} {
				req, err := http.NewRequestWithContext(t.Context(), method, base+path, nil)
				if err != nil {
					t.Fatal(err)
				}
				req.Header.Set("Origin", "https://evil.example.com")
				resp, err := (&http.Client{Timeout: fake.Timeout, Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
				if err != nil {
					t.Fatal(err)
				}
				_ = resp.Body.Close()
				if got := resp.Header.Get("Access-Control-Allow-Origin"); got != want || want == "" && resp.Header.Get("Access-Control-Allow-Headers") != "" {
					t.Errorf("%s %s, internal listener: %v: answers %d to pages of %q", method, path, base == inside, resp.StatusCode, got)
				}
			}
		}
	}
}
