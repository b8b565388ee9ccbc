package admission_test

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/admission"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// claims reads the ticket of an answer.
func claims(t *testing.T, a admission.Answer) ticket.Claims {
	t.Helper()
	return routertest.Claims(t, a.Ticket)
}

// enter asks for a match and gives the answer, which must be a ticket.
func enter(t *testing.T, r *routertest.Router, body string) admission.Answer {
	t.Helper()
	return fake.Into[admission.Answer](t, r.Call(t, "POST", "/v1/match", body), http.StatusCreated)
}

var arena = ticket.MatchKind("arena", nil)

func TestPostRoomNamed(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(3)...)
	before := time.Now()
	resp := f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"my-room","options":{ "b":2.50, "a":[1, 2] },
		"player":{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA","name":"Ann Ö."},"role":"spectator"}`)
	a := fake.Into[admission.Answer](t, resp, http.StatusCreated)
	home, _ := f.Table.Fleet().Home("my-room")
	if a.Room != "my-room" || a.Server != home.Name || a.Player != "guest-ogpsjptphpzeuzwkg3vkux3zc2" || a.Guest != "" ||
		a.URL != fmt.Sprintf("wss://%s.example.com:9000/v1/rooms/my-room/connect", home.Name) {
		t.Errorf("got %+v; the home is %s", a, home.Name)
	}
	if life := a.Expires.Sub(before); life < admission.TicketLife-time.Second || life > admission.TicketLife+time.Minute {
		t.Errorf("the ticket expires at %v, in %v", a.Expires, life)
	}
	c := claims(t, a)
	if !c.Expires.Equal(a.Expires) {
		t.Errorf("the ticket says %v, the answer %v", c.Expires, a.Expires)
	}
	if life := c.Expires.Sub(c.Issued); life != admission.TicketLife {
		t.Errorf("the ticket is issued at %v, %v before it expires; game servers tell by it whose clock is wrong", c.Issued, life)
	}
	if c.Room != "my-room" || c.Game != "arena" || c.Player != a.Player || c.Name != "Ann Ö." || c.Role != ticket.Spectator ||
		string(c.Options) != `{"a":[1,2],"b":2.50}` {
		t.Errorf("the ticket claims %+v with options %s", c, c.Options)
	}
	if resp.Header.Get("Location") != "rooms/my-room" || resp.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("header is %v", resp.Header)
	}
}

func TestPostRoomWithoutNames(t *testing.T) {
	f := routertest.Start(t, nil, fake.FleetOf(3)...)
	a := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena"}`), http.StatusCreated)
	b := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena"}`), http.StatusCreated)
	if a.Room == b.Room || a.Player == b.Player || a.Guest == b.Guest {
		t.Errorf("two rooms, two guests: %+v and %+v", a, b)
	}
	home, _ := f.Table.Fleet().Home(a.Room)
	if a.Server != home.Name || !strings.HasPrefix(string(a.Player), "guest-") || len(a.Player) != 32 {
		t.Errorf("got %+v; the home is %s", a, home.Name)
	}
	if c := claims(t, a); c.Role != ticket.Player || c.Player != a.Player || c.Options != nil || c.Name != "" {
		t.Errorf("the ticket claims %+v", c)
	}
}

// Without -public-url the address is relative to the one that answers, whatever headers say: proxies show that under another scheme,
// name, port or path.
func TestURLInProxyMode(t *testing.T) {
	for _, tt := range []struct {
		public, want string
	}{
		{"", "/v1/rooms/r/connect"},
		{"https://front.example.com/", "wss://front.example.com/v1/rooms/r/connect"},
	} {
		f := routertest.Start(t, func(c *gateway.Config) { c.Mode, c.PublicURL = gateway.Proxy, tt.public }, fake.FleetOf(3)...)
		for _, resp := range []*http.Response{
			f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"r"}`, "X-Forwarded-Proto", "https, http", "X-Forwarded-Host", "evil.example.com"),
			f.Call(t, "GET", "/v1/rooms/r", ""),
		} {
			p := fake.Into[admission.Place](t, resp, resp.StatusCode)
			to, err := url.Parse("https://play.example.com/prefix" + resp.Request.URL.Path)
			if err == nil {
				to, err = to.Parse(p.URL)
			}
			want := tt.want
			if tt.public == "" {
				want = "https://play.example.com/prefix" + want
			}
			if err != nil || to.String() != want {
				t.Errorf("with public URL %q %s leads to %q, which is %v (%v); want %s", tt.public, resp.Request.URL.Path, p.URL, to, err, want)
			}
		}
	}
}

func TestTwoRoutersAgree(t *testing.T) {
	servers := fake.FleetOf(5)
	a, b := routertest.Start(t, nil, servers...), routertest.Start(t, nil, servers[4], servers[1], servers[0], servers[3], servers[2])
	rapid.Check(t, func(rt *rapid.T) {
		room := rapid.StringMatching(`[A-Za-oq-z0-9][A-Za-z0-9._-]{0,63}`).Draw(rt, "room") // ids that begin with p- are private
		posted := fake.Into[admission.Place](t, a.Call(t, "POST", "/v1/rooms", fmt.Sprintf(`{"game":"arena","room":%q}`, room)), 201)
		got := fake.Into[admission.Place](t, b.Call(t, "GET", "/v1/rooms/"+room, ""), 200)
		if posted != got || string(got.Room) != room {
			rt.Fatalf("one router says %+v, the other %+v", posted, got)
		}
	})
}

func TestNoServers(t *testing.T) {
	f := routertest.Start(t, nil)
	for _, resp := range []*http.Response{
		f.Call(t, "POST", "/v1/rooms", `{"game":"arena"}`),
		f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"a"}`),
		f.Call(t, "POST", "/v1/match", `{"game":"arena"}`),
		f.Call(t, "GET", "/v1/rooms/a", ""),
		f.Call(t, "GET", "/v1/rooms/a/connect", "", "Upgrade", "websocket", "Connection", "upgrade"),
		f.Call(t, "GET", "/readyz", ""),
	} {
		fake.CheckProblem(t, resp, 503, "no game server is serving")
		if resp.Header.Get("Retry-After") != "1" || resp.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
			t.Errorf("Retry-After is %q, exposed to pages of other origins: %q", resp.Header.Get("Retry-After"), resp.Header.Get("Access-Control-Expose-Headers"))
		}
	}
}

// Who must not create a room hears that there is none, and whoever asks hears whether a room lives.
func TestRoomMustExist(t *testing.T) {
	s, other := fake.NewServer(t, "game-1"), fake.NewServer(t, "game-2")
	s.Lead(fake.Room("here", "", 1, 8))
	f := routertest.Start(t, nil, s.Member(), other.Member())
	a := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"here","create":false}`), 201)
	if c := claims(t, a); !c.Exists || c.Creates() {
		t.Errorf("the ticket %+v creates the room", c)
	}
	if c := claims(t, fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":true}`), 201)); !c.Creates() {
		t.Errorf("the ticket %+v creates no room", c)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":false}`), 404, "there is no room gone")
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","create":false}`), 400, "name it")
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","create":false}`), 400, "leave out")
	live := func(path string) *bool { return fake.Into[admission.Place](t, f.Call(t, "GET", path, ""), 200).Live }
	if l := live("/v1/rooms/here?live"); l == nil || !*l {
		t.Error("the room lives, and that is not said")
	}
	if l := live("/v1/rooms/gone?live"); l == nil || *l {
		t.Error("there is no such room, and that is not said")
	}
	if live("/v1/rooms/here") != nil {
		t.Error("servers were asked though nobody wanted to know")
	}
	other.Close()
	if live("/v1/rooms/gone?live") != nil {
		t.Error("a server does not answer, and yet it is known that the room does not live")
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":false}`), 503, "did not answer")
}
