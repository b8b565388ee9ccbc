package gateway

import (
	"cmp"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

const operatorToken = "0123456789abcdef"

func operated(t *testing.T, token string, open bool) func(*Config) {
	o, err := ticket.NewOperator(token, open)
	if err != nil {
		t.Fatal(err)
	}
	return func(c *Config) { c.Operator = o }
}

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
	f := newTestFront(t, operated(t, operatorToken, false), a.member("game-a"), b.member("game-b"))
	auth := []string{"Authorization", "Bearer " + operatorToken}
	for _, c := range []struct {
		path, body string
		server     *operatedServer
		want       string
	}{
		{"/v1/fleet/servers/game-a/drain", "", a, "POST /v1/server/drain Bearer " + operatorToken + " "},
		{"/v1/fleet/servers/game-b/undrain", "", b, "POST /v1/server/undrain Bearer " + operatorToken + " "},
		{"/v1/rooms/led-by-b/move", `{"server":"game-a"}`, b, "POST /v1/rooms/led-by-b/move Bearer " + operatorToken + ` {"server":"game-a"}`},
	} {
		resp := f.call(t, "POST", c.path, c.body, auth...)
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
	checkProblem(t, f.call(t, "POST", "/v1/fleet/servers/game-c/drain", "", auth...), http.StatusNotFound, `"game-c"`)
	checkProblem(t, f.call(t, "POST", "/v1/rooms/nowhere/move", "", auth...), http.StatusNotFound, "nowhere")
	checkProblem(t, f.call(t, "POST", "/v1/rooms/a%20b/move", "", auth...), http.StatusBadRequest, "room id")
	a.Close()
	checkProblem(t, f.call(t, "POST", "/v1/fleet/servers/game-a/drain", "", auth...), http.StatusBadGateway, "game-a cannot be reached")
}

func TestOnlyOperators(t *testing.T) {
	s := newOperatedServer(t, "r")
	for _, c := range []struct {
		name   string
		change func(*Config)
		header []string
		status int
	}{
		{"no token given", operated(t, operatorToken, true), nil, http.StatusUnauthorized},
		{"wrong token", operated(t, operatorToken, true), []string{"Authorization", "Bearer x"}, http.StatusUnauthorized},
		{"none set", operated(t, "", false), nil, http.StatusForbidden},
		{"a web page", operated(t, "", true), []string{"Origin", "https://example.com"}, http.StatusForbidden},
		{"no operators", func(c *Config) { c.Operator = nil }, nil, http.StatusForbidden},
		{"none set, on loopback", operated(t, "", true), nil, http.StatusTeapot},
	} {
		f := newTestFront(t, c.change, s.member("game-a"))
		for _, path := range []string{"/v1/fleet/servers/game-a/drain", "/v1/fleet/servers/game-a/undrain", "/v1/rooms/r/move"} {
			if resp := f.call(t, "POST", path, "", c.header...); resp.StatusCode != c.status {
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
		change func(*Config)
		host   string
		header []string
		want   operatorDoc
	}{
		{"right token", operated(t, operatorToken, false), "", []string{"Authorization", "Bearer " + operatorToken}, operatorDoc{Allowed: true}},
		{"wrong token", operated(t, operatorToken, true), "", []string{"Authorization", "Bearer x"}, operatorDoc{Token: true, Why: "missing or wrong"}},
		{"no token", operated(t, operatorToken, true), "127.0.0.1", nil, operatorDoc{Token: true, Why: "missing or wrong"}},
		{"open", operated(t, "", true), "127.0.0.1", nil, operatorDoc{Allowed: true}},
		{"open, under another name", operated(t, "", true), "", nil, operatorDoc{Why: "loopback address"}},
		{"closed", operated(t, "", false), "127.0.0.1", nil, operatorDoc{Why: "no operator token is set"}},
		{"no operators", func(c *Config) { c.Operator = nil }, "127.0.0.1", nil, operatorDoc{Why: "takes no such requests"}},
	} {
		r := httptest.NewRequest("GET", "/v1/fleet/operator", nil)
		r.RemoteAddr = "127.0.0.1:1"
		r.Host = cmp.Or(c.host, "play.example.com") + ":8080"
		for i := 0; i < len(c.header); i += 2 {
			r.Header.Set(c.header[i], c.header[i+1])
		}
		rec := httptest.NewRecorder()
		newTestFront(t, c.change).ServeHTTP(rec, r)
		got := into[operatorDoc](t, rec.Result(), http.StatusOK)
		if got.Allowed != c.want.Allowed || got.Token != c.want.Token || !strings.Contains(got.Why, c.want.Why) || got.Allowed != (got.Why == "") {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
}

// The fleet's description has what happened on all servers, in order.
func TestFleetTellsOfMoves(t *testing.T) {
	at := time.Unix(1e9, 0).UTC()
	servers := []*httptest.Server{}
	for _, c := range []struct{ summary, details string }{
		{`{"suspended":true,"replicas":2,"moves":{"move":2,"failover":1}}`, `{"events":[{"serial":1,"time":"2001-09-09T01:46:41Z","kind":"move","room":"r","from":"a","to":"b","why":"drain","took_ms":12.5}]}`},
		{`{"moves":{"move":3}}`, `{"events":[{"serial":7,"time":"2001-09-09T01:46:40Z","kind":"failover","room":"q","epoch":"2@b"},{"serial":8,"time":"2001-09-09T01:46:42Z","kind":"suspend"}]}`},
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			answer := c.summary
			if r.URL.Path == "/v1/server/details" {
				answer = c.details
			}
			_, _ = io.WriteString(w, answer)
		}))
		t.Cleanup(s.Close)
		servers = append(servers, s)
	}
	a := membership.Member{Name: "a", Role: membership.GameServer, State: membership.Serving, URL: servers[0].URL}
	b := a
	b.Name, b.URL = "b", servers[1].URL
	f := newTestFront(t, nil, a, b)
	f.asked(t)
	doc := into[fleetDoc](t, f.call(t, "GET", "/v1/fleet", ""), 200)
	if len(doc.Moves) != 2 || doc.Moves["move"] != 5 || doc.Moves["failover"] != 1 || doc.Members[0].Load.Replicas != 2 || !doc.Members[0].Suspended || doc.Members[1].Suspended {
		t.Errorf("got %+v", doc)
	}
	want := []eventDoc{
		{report.Event{Serial: 7, Time: at, Kind: "failover", Room: "q", Epoch: "2@b"}, "b"},
		{report.Event{Serial: 1, Time: at.Add(time.Second), Kind: "move", Room: "r", From: "a", To: "b", Why: "drain", Took: 12.5}, "a"},
		{report.Event{Serial: 8, Time: at.Add(2 * time.Second), Kind: "suspend"}, "b"},
	}
	for i, e := range doc.Events {
		if e != want[i] {
			t.Errorf("event %d is %+v, want %+v", i, e, want[i])
		}
	}
	text, _ := io.ReadAll(f.call(t, "GET", "/fleet", "").Body)
	for _, line := range []string{"serving, suspended", "01:46:41.000   move       r      a      b    12.5 ms   drain"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the text lacks %q:\n%s", line, text)
		}
	}
}

// New players are not sent to a suspended room.
func TestMatchLeavesSuspendedRoomsOut(t *testing.T) {
	m := newMatches()
	s := membership.Member{Name: "a", State: membership.Serving}
	m.report("k", s, report.RoomInfo{Room: "r", Seats: 4, Role: "suspended"})
	if got := m.kinds["k"].rooms[proto.RoomID("r")].seats; got != 0 {
		t.Errorf("%d seats are offered", got)
	}
}

// Profiles are there only where they were asked for, and for operators only.
func TestProfilesAreForOperators(t *testing.T) {
	operated := operated(t, operatorToken, true)
	for _, c := range []struct {
		on     bool
		token  string
		status int
	}{
		{false, operatorToken, http.StatusNotFound},
		{true, "another one", http.StatusUnauthorized},
		{true, operatorToken, http.StatusOK},
	} {
		f := newTestFront(t, func(config *Config) { operated(config); config.Profiles = c.on })
		if resp := f.call(t, "GET", "/debug/pprof/heap", "", "Authorization", "Bearer "+c.token); resp.StatusCode != c.status {
			t.Errorf("profiles %v, token %q: %s, want %d", c.on, c.token, resp.Status, c.status)
		}
	}
}

func TestLargeBodyOfAnOperatorIsRefused(t *testing.T) {
	s := newOperatedServer(t, "a-room")
	f := newTestFront(t, operated(t, operatorToken, false), s.member("game-1"))
	resp := f.call(t, "POST", "/v1/rooms/a-room/message", strings.Repeat("x", maxBody+1), "Authorization", "Bearer "+operatorToken)
	checkProblem(t, resp, http.StatusRequestEntityTooLarge, "larger than 65536 bytes")
}
