package gateway

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// call sends a request; header is name, value, name, value.
func (f *testFront) call(t *testing.T, method, path, body string, header ...string) *http.Response {
	t.Helper()
	req, err := http.NewRequest(method, f.URL+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Host = "localhost:8080"
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{Timeout: testTimeout, CheckRedirect: func(*http.Request, []*http.Request) error {
		return http.ErrUseLastResponse
	}}
	resp, err := client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}

// into reads a JSON answer that must have status.
func into[T any](t *testing.T, resp *http.Response, status int) (v T) {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %s %q; want %d", resp.Status, body, status)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	return v
}

// checkProblem checks that resp is a problem document with status whose detail says text.
func checkProblem(t *testing.T, resp *http.Response, status int, text string) {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	var p struct {
		Title  string
		Status int
		Detail string
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%s with body %q: %v", resp.Status, body, err)
	}
	if resp.StatusCode != status || p.Status != status || p.Title != http.StatusText(status) || !strings.Contains(p.Detail, text) ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s %s %q; want %d with %q", resp.Status, resp.Header.Get("Content-Type"), body, status, text)
	}
}

// fleetOf gives n members that nobody answers for.
func fleetOf(n int) (all []membership.Member) {
	for i := range n {
		all = append(all, membership.Member{
			Name: membership.ServerName(fmt.Sprintf("game-%d", i+1)), Role: membership.GameServer, State: membership.Serving,
			URL: fmt.Sprintf("https://game-%d.example.com:9000", i+1), Weight: 1,
		})
	}
	return all
}

func claims(t *testing.T, a admission) ticket.Claims {
	t.Helper()
	key := ticket.DevKey().Public().(ed25519.PublicKey)
	c, err := ticket.NewVerifier(key).Verify(a.Ticket, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestPostRoomNamed(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(3)...)
	before := time.Now()
	resp := f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"my-room","options":{ "b":2.50, "a":[1, 2] },
		"player":{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA","name":"Ann Ö."},"role":"spectator"}`)
	a := into[admission](t, resp, http.StatusCreated)
	home, _ := f.table.Fleet().Home("my-room")
	if a.Room != "my-room" || a.Server != home.Name || a.Player != "guest-ogpsjptphpzeuzwkg3vkux3zc2" || a.Guest != "" ||
		a.URL != fmt.Sprintf("wss://%s.example.com:9000/v1/rooms/my-room/connect", home.Name) {
		t.Errorf("got %+v; the home is %s", a, home.Name)
	}
	if life := a.Expires.Sub(before); life < ticketLife-time.Second || life > ticketLife+time.Minute {
		t.Errorf("the ticket expires at %v, in %v", a.Expires, life)
	}
	c := claims(t, a)
	if !c.Expires.Equal(a.Expires) {
		t.Errorf("the ticket says %v, the answer %v", c.Expires, a.Expires)
	}
	if life := c.Expires.Sub(c.Issued); life != ticketLife {
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
	f := newTestFront(t, nil, fleetOf(3)...)
	a := into[admission](t, f.call(t, "POST", "/v1/rooms", `{"game":"arena"}`), http.StatusCreated)
	b := into[admission](t, f.call(t, "POST", "/v1/rooms", `{"game":"arena"}`), http.StatusCreated)
	if a.Room == b.Room || a.Player == b.Player || a.Guest == b.Guest {
		t.Errorf("two rooms, two guests: %+v and %+v", a, b)
	}
	home, _ := f.table.Fleet().Home(a.Room)
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
		f := newTestFront(t, func(c *Config) { c.Mode, c.PublicURL = Proxy, tt.public }, fleetOf(3)...)
		for _, resp := range []*http.Response{
			f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"r"}`, "X-Forwarded-Proto", "https, http", "X-Forwarded-Host", "evil.example.com"),
			f.call(t, "GET", "/v1/rooms/r", ""),
		} {
			p := into[place](t, resp, resp.StatusCode)
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
	servers := fleetOf(5)
	a, b := newTestFront(t, nil, servers...), newTestFront(t, nil, servers[4], servers[1], servers[0], servers[3], servers[2])
	rapid.Check(t, func(rt *rapid.T) {
		room := rapid.StringMatching(`[A-Za-oq-z0-9][A-Za-z0-9._-]{0,63}`).Draw(rt, "room") // ids that begin with p- are private
		posted := into[place](t, a.call(t, "POST", "/v1/rooms", fmt.Sprintf(`{"game":"arena","room":%q}`, room)), 201)
		got := into[place](t, b.call(t, "GET", "/v1/rooms/"+room, ""), 200)
		if posted != got || string(got.Room) != room {
			rt.Fatalf("one router says %+v, the other %+v", posted, got)
		}
	})
}

func TestBadBodies(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(1)...)
	long := strings.Repeat("x", 65)
	for _, tt := range []struct {
		body   string
		status int
		want   string
	}{
		{``, 400, "empty"},
		{`{"game":"arena"`, 400, "ends in the middle"},
		{`[]`, 400, "array"},
		{`"arena"`, 400, "string"},
		{`hello`, 400, "invalid character"},
		{`{"game":"arena"} {}`, 400, "more after"},
		{`{"game":"arena"} x`, 400, "invalid character"},
		{`{}`, 400, `"game"`},
		{`{"game":"","room":"a"}`, 400, `"game"`},
		{`{"game":7}`, 400, `field "game" cannot be a JSON number`},
		{`{"game":"my game"}`, 400, `"my game"`},
		{`{"game":"` + long[:33] + `"}`, 400, "33 characters"},
		{`{"game":"arena","room":"../etc"}`, 400, `"../etc"`},
		{`{"game":"arena","room":"` + long + `"}`, 400, "65 characters"},
		{`{"game":"arena","player":{"guest":"ann"}}`, 400, "the guest's secret has 3 characters"},
		{`{"game":"arena","player":{"guest":"` + long + `"}}`, 400, "65 characters"},
		{`{"game":"arena","player":{"name":"a\u0007b"}}`, 400, "U+0007"},
		{`{"game":"arena","player":{"name":"a\u202eb"}}`, 400, "U+202E at 1, a control, zero-width or bidirectional character; remove it"},
		{`{"game":"arena","player":{"name":"a\u200b"}}`, 400, "U+200B"},
		{`{"game":"arena","player":{"name":"` + long[:33] + `"}}`, 400, "33 characters"},
		{`{"game":"arena","player":"ann"}`, 400, `"player"`},
		{`{"game":"arena","options":[1]}`, 400, `field "options"`},
		{`{"game":"arena","options":{"x":"` + strings.Repeat("x", proto.MaxOptions) + `"}}`, 400, "1032 bytes, at most 1024"},
		{`{"game":"arena","role":"admin"}`, 400, `"admin"`},
		{`{"game":"arena","seats":4}`, 400, `"seats"`},
		{`{"game":"arena","options":{"x":"` + strings.Repeat("x", maxBody) + `"}}`, 413, "65536 bytes"},
	} {
		checkProblem(t, f.call(t, "POST", "/v1/rooms", tt.body), tt.status, tt.want)
		if tt.status == 400 {
			checkProblem(t, f.call(t, "POST", "/v1/match", tt.body), tt.status, tt.want)
		}
	}
	checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena","room":"a"}`), 400, `"room"`)
}

// Clients tell by the field of a problem whether a link is wrong, or the page.
func TestProblemsNameTheirField(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(1)...)
	for body, want := range map[string]string{
		`{"game":"my game"}`:                        "game",
		`{"game":"arena","room":"a/b"}`:             "room",
		`{"game":"arena","code":"x"}`:               "code",
		`{"game":"arena","options":7}`:              "options",
		`{"game":"arena","player":{"guest":"ann"}}`: "player.guest",
		`{"game":"arena"`:                           "",
	} {
		p := struct{ Field, Detail string }{}
		b, _ := io.ReadAll(f.call(t, "POST", "/v1/rooms", body).Body)
		if err := json.Unmarshal(b, &p); err != nil || p.Field != want {
			t.Errorf("%s: %s; want the field %q", body, b, want)
		}
	}
}

// A guest is who has its secret: the same one is the same player, and who knows the id gets no ticket.
func TestGuests(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(2)...)
	for _, path := range []string{"/v1/rooms", "/v1/match"} {
		a := into[admission](t, f.call(t, "POST", path, `{"game":"arena"}`), 201)
		if strings.Contains(a.Ticket, a.Guest) || a.Guest == "" {
			t.Errorf("%s: the secret %q is in the ticket %s", path, a.Guest, a.Ticket)
		}
		for _, proof := range []string{`"guest":"` + a.Guest + `"`, `"guest":"` + a.Guest + `","id":"` + string(a.Player) + `"`} {
			again := into[admission](t, f.call(t, "POST", path, `{"game":"arena","player":{`+proof+`}}`), 201)
			if c := claims(t, again); again.Player != a.Player || c.Player != a.Player || again.Guest != "" {
				t.Errorf("%s with %s: %+v, a ticket for %s; want %s", path, proof, again, c.Player, a.Player)
			}
		}
		for _, stolen := range []string{`"id":"` + string(a.Player) + `"`,
			`"id":"` + string(a.Player) + `","guest":"` + strings.Repeat("a", 26) + `"`} {
			checkProblem(t, f.call(t, "POST", path, `{"game":"arena","player":{`+stolen+`}}`), 403, "which this request does not prove; leave it out")
		}
		other := into[admission](t, f.call(t, "POST", path, `{"game":"arena","player":{"guest":"`+string(a.Player)+`"}}`), 201)
		if other.Player == a.Player {
			t.Errorf("%s: the id is taken for the secret", path)
		}
	}
}

func TestBadPathsAndMethods(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(1)...)
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
		resp := f.call(t, tt.method, tt.path, "")
		checkProblem(t, resp, tt.status, tt.want)
		if got := resp.Header.Get("Allow"); got != tt.allow {
			t.Errorf("%s %s: Allow is %q; want %q", tt.method, tt.path, got, tt.allow)
		}
		if resp.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s %s: a page of another origin cannot read the problem", tt.method, tt.path)
		}
	}
}

func TestPreflight(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(1)...)
	for path, method := range map[string]string{"/v1/rooms": "GET, POST", "/v1/match": "POST", "/v1/fleet": "GET", "/v1/rooms/a": "GET"} {
		resp := f.call(t, "OPTIONS", path, "", "Origin", "https://game.example.com", "Access-Control-Request-Method", method)
		h := resp.Header
		if resp.StatusCode != 204 || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Methods") != method ||
			h.Get("Access-Control-Allow-Headers") != "Authorization, Content-Type" {
			t.Errorf("OPTIONS %s: %s %v", path, resp.Status, h)
		}
	}
}

func TestNoServers(t *testing.T) {
	f := newTestFront(t, nil)
	for _, resp := range []*http.Response{
		f.call(t, "POST", "/v1/rooms", `{"game":"arena"}`),
		f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"a"}`),
		f.call(t, "POST", "/v1/match", `{"game":"arena"}`),
		f.call(t, "GET", "/v1/rooms/a", ""),
		f.call(t, "GET", "/v1/rooms/a/connect", "", "Upgrade", "websocket", "Connection", "upgrade"),
		f.call(t, "GET", "/readyz", ""),
	} {
		checkProblem(t, resp, 503, "no game server is serving")
		if resp.Header.Get("Retry-After") != "1" || resp.Header.Get("Access-Control-Expose-Headers") != "Retry-After" {
			t.Errorf("Retry-After is %q, exposed to pages of other origins: %q", resp.Header.Get("Retry-After"), resp.Header.Get("Access-Control-Expose-Headers"))
		}
	}
}

func TestRedirect(t *testing.T) {
	servers := fleetOf(3)
	f := newTestFront(t, nil, servers...)
	home, _ := f.table.Fleet().Home("a-room")
	for _, query := range []string{"", "?a=1&b=%2Fx"} {
		c, resp := f.dialRoom(t, "/v1/rooms/a-room/connect"+query)
		want := home.URL + "/v1/rooms/a-room/connect" + query
		if c != nil || resp.StatusCode != 307 || resp.Header.Get("Location") != want {
			t.Errorf("got %s to %s; want 307 to %s", resp.Status, resp.Header.Get("Location"), want)
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
	f := newTestFront(t, func(c *Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fleetOf(2)...)
	good := sign(private, "ann", "Ann", time.Hour)
	for _, path := range []string{"/v1/rooms", "/v1/match"} {
		a := into[admission](t, f.call(t, "POST", path, `{"game":"arena","player":{"name":"Not Ann"}}`, "Authorization", good), 201)
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
			resp := f.call(t, "POST", path, `{"game":"arena"}`, "Authorization", authorization)
			checkProblem(t, resp, 401, want)
			if resp.Header.Get("WWW-Authenticate") != "Bearer" {
				t.Errorf("WWW-Authenticate is %q", resp.Header.Get("WWW-Authenticate"))
			}
		}
		checkProblem(t, f.call(t, "POST", path, `{"game":"arena","player":{"id":"bob"}}`, "Authorization", good), 403, `"bob"`)
		checkProblem(t, f.call(t, "POST", path, `{"game":"arena","player":{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA"}}`, "Authorization", good),
			400, "takes no guests")
	}
	same := f.call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"id":"ann","name":"Anna"}}`,
		"Authorization", sign(private, "ann", "", time.Hour))
	if c := claims(t, into[admission](t, same, 201)); c.Player != "ann" || c.Name != "Anna" {
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
	f := newTestFront(t, func(c *Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fleetOf(2)...)
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
		a := into[admission](t, f.call(t, "POST", "/v1/rooms", tt.body, "Authorization", sign(tt.create)), 201)
		if c := claims(t, a); string(c.Claims) != `{"level":7}` || string(c.Options) != tt.options || c.Signed != tt.signed {
			t.Errorf("create %v, body %s: ticket %+v", tt.create, tt.body, c)
		}
	}
	other := f.call(t, "POST", "/v1/rooms", `{"game":"arena","options":{"rated":false}}`, "Authorization", sign(map[string]any{"game": "arena", "options": rated}))
	checkProblem(t, other, 400, "the identity token has other options")
	bad := f.call(t, "POST", "/v1/rooms", `{"game":"arena"}`, "Authorization", sign(map[string]any{"game": "arena", "options": 7}))
	checkProblem(t, bad, 401, "create: options must be a JSON object")
}

func TestConfigValidate(t *testing.T) {
	for want, change := range map[string]func(*Config){
		`mode is "both"`:       func(c *Config) { c.Mode = "both" },
		"signer":               func(c *Config) { c.Signer = nil },
		"-max-entered is 0":    func(c *Config) { c.Limits.Entered = 0 },
		"drain time is -1s":    func(c *Config) { c.Drain = -time.Second },
		`"play.example.com"`:   func(c *Config) { c.PublicURL = "play.example.com" },
		`"ws://example.com"`:   func(c *Config) { c.PublicURL = "ws://example.com" },
		`"http://a/?x"`:        func(c *Config) { c.PublicURL = "http://a/?x" },
		`public URL is "\x7f"`: func(c *Config) { c.PublicURL = "\x7f" },
	} {
		c := DefaultConfig()
		c.Signer = ticket.NewSigner(ticket.DevKey())
		if err := c.Validate(); err != nil {
			t.Fatal(err)
		}
		change(&c)
		if _, err := New(c, membership.NewStatic(membership.Member{})); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v; want one with %q", err, want)
		}
	}
}
