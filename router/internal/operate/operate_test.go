package operate_test

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/operate"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// operatedServer is a game server that tells what operators asked it for.
type operatedServer struct {
	*httptest.Server
	mu    sync.Mutex
	asked []string // method, path, authorization, body
}

func newOperatedServer(t *testing.T, leads string) *operatedServer {
	s := &operatedServer{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodGet {
			if r.URL.Path != "/v1/server" && r.URL.Path != "/v1/server/rooms/"+leads {
				w.WriteHeader(http.StatusNotFound)
			}
			_, _ = io.WriteString(w, "{}")
			return
		}
		body, _ := io.ReadAll(r.Body)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.asked = append(s.asked, strings.Join([]string{r.Method, r.URL.Path, r.Header.Get("Authorization"), string(body)}, " "))
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, `{"state":"as asked"}`)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *operatedServer) member(name membership.ServerName) membership.Member {
	return membership.Member{Name: name, Role: membership.GameServer, State: membership.Serving, URL: s.URL}
}

// Operators' requests go to the server in question, with the token, and its answer comes back as it is.
func TestOperatorsRequestsArePassedOn(t *testing.T) {
	a, b := newOperatedServer(t, ""), newOperatedServer(t, "led-by-b")
	f := routertest.Start(t, routertest.Operated(t, routertest.OperatorToken, false), a.member("game-a"), b.member("game-b"))
	auth := []string{"Authorization", "Bearer " + routertest.OperatorToken}
	for _, c := range []struct {
		path, body string
		server     *operatedServer
		want       string
	}{
		{"/v1/fleet/servers/game-a/drain", "", a, "POST /v1/server/drain Bearer " + routertest.OperatorToken + " "},
		{"/v1/fleet/servers/game-b/undrain", "", b, "POST /v1/server/undrain Bearer " + routertest.OperatorToken + " "},
		{"/v1/rooms/led-by-b/move", `{"server":"game-a"}`, b, "POST /v1/rooms/led-by-b/move Bearer " + routertest.OperatorToken + ` {"server":"game-a"}`},
	} {
		resp := f.Call(t, "POST", c.path, c.body, auth...)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != http.StatusTeapot || string(body) != `{"state":"as asked"}` {
			t.Errorf("%s: %s %s", c.path, resp.Status, body)
		}
		c.server.mu.Lock()
		if got := c.server.asked; len(got) == 0 || got[len(got)-1] != c.want {
			t.Errorf("%s: the server was asked %q, want %q", c.path, got, c.want)
		}
		c.server.mu.Unlock()
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/fleet/servers/game-c/drain", "", auth...), http.StatusNotFound, `"game-c"`)
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms/nowhere/move", "", auth...), http.StatusNotFound, "nowhere")
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms/a%20b/move", "", auth...), http.StatusBadRequest, "room id")
	a.Close()
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/fleet/servers/game-a/drain", "", auth...), http.StatusBadGateway, "game-a cannot be reached")
}

func TestOnlyOperators(t *testing.T) {
	s := newOperatedServer(t, "r")
	for _, c := range []struct {
		name   string
		change func(*gateway.Config)
		header []string
		status int
	}{
		{"no token given", routertest.Operated(t, routertest.OperatorToken, true), nil, http.StatusUnauthorized},
		{"wrong token", routertest.Operated(t, routertest.OperatorToken, true), []string{"Authorization", "Bearer x"}, http.StatusUnauthorized},
		{"none set", routertest.Operated(t, "", false), nil, http.StatusForbidden},
		{"a web page", routertest.Operated(t, "", true), []string{"Origin", "https://example.com"}, http.StatusForbidden},
		{"no operators", func(c *gateway.Config) { c.Operator = nil }, nil, http.StatusForbidden},
		{"none set, on loopback", routertest.Operated(t, "", true), nil, http.StatusTeapot},
	} {
		f := routertest.Start(t, c.change, s.member("game-a"))
		for _, path := range []string{"/v1/fleet/servers/game-a/drain", "/v1/fleet/servers/game-a/undrain", "/v1/rooms/r/move"} {
			if resp := f.Call(t, "POST", path, "", c.header...); resp.StatusCode != c.status {
				t.Errorf("%s: %s: %s, want %d", c.name, path, resp.Status, c.status)
			}
		}
	}
	if len(s.asked) != 3 {
		t.Errorf("the server was asked %q", s.asked)
	}
}

// A page finds out what its requests would be answered.
func TestOperatorAsksWhetherHeMay(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*gateway.Config)
		host   string
		header []string
		want   operate.OperatorDoc
	}{
		{"right token", routertest.Operated(t, routertest.OperatorToken, false), "", []string{"Authorization", "Bearer " + routertest.OperatorToken}, operate.OperatorDoc{Allowed: true}},
		{"wrong token", routertest.Operated(t, routertest.OperatorToken, true), "", []string{"Authorization", "Bearer x"}, operate.OperatorDoc{Token: true, Why: "missing or wrong"}},
		{"no token", routertest.Operated(t, routertest.OperatorToken, true), "127.0.0.1", nil, operate.OperatorDoc{Token: true, Why: "missing or wrong"}},
		{"open", routertest.Operated(t, "", true), "127.0.0.1", nil, operate.OperatorDoc{Allowed: true}},
		{"open, under another name", routertest.Operated(t, "", true), "", nil, operate.OperatorDoc{Why: "loopback address"}},
		{"closed", routertest.Operated(t, "", false), "127.0.0.1", nil, operate.OperatorDoc{Why: "no operator token is set"}},
		{"no operators", func(c *gateway.Config) { c.Operator = nil }, "127.0.0.1", nil, operate.OperatorDoc{Why: "takes no such requests"}},
	} {
		r := httptest.NewRequest("GET", "/v1/fleet/operator", nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Host = cmp.Or(c.host, "play.example.com") + ":8080"
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		rec := httptest.NewRecorder()
		routertest.Start(t, c.change).ServeHTTP(rec, r)
		got := fake.Into[operate.OperatorDoc](t, rec.Result(), http.StatusOK)
		if got.Allowed != c.want.Allowed || got.Token != c.want.Token || !strings.Contains(got.Why, c.want.Why) || got.Allowed != (got.Why == "") {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

func TestLargeBodyOfAnOperatorIsRefused(t *testing.T) {
	s := newOperatedServer(t, "a-room")
	f := routertest.Start(t, routertest.Operated(t, routertest.OperatorToken, false), s.member("game-1"))
	resp := f.Call(t, "POST", "/v1/rooms/a-room/message", strings.Repeat("x", api.MaxBody+1), "Authorization", "Bearer "+routertest.OperatorToken)
	fake.CheckProblem(t, resp, http.StatusRequestEntityTooLarge, "larger than 65536 bytes")
}
