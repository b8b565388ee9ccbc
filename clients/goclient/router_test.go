package goclient

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func TestTheRouterIsAskedForWhatTheConfigSays(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	type asked struct {
		path, auth string
		body       map[string]any
	}
	var got []asked
	s.router = func(w http.ResponseWriter, q *http.Request) {
		a := asked{path: q.URL.Path, auth: q.Header.Get("Authorization")}
		if err := json.NewDecoder(q.Body).Decode(&a.body); err != nil {
			t.Error(err)
		}
		got = append(got, a)
		s.admit(w, s.URL)
	}
	for range 2 {
		s.script(func(p *peer) {
			p.enter(r, 0)
			p.wait()
		})
	}
	for _, c := range []Config{
		{Router: s.URL + "/", Identity: "who", Request: Request{Game: "test", Room: "r-1", Options: json.RawMessage(`{"a":1}`),
			Player: Player{Guest: "a-secret-of-22-letters", Name: "Jo"}, Role: SpectatorRole}},
		{Router: s.URL, Match: true, Request: Request{Game: "test"}},
	} {
		c.HTTP = s.Client()
		client, err := Dial(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		client.Close()
	}
	b, _ := json.Marshal(got[0].body)
	if want := `{"game":"test","options":{"a":1},"player":{"guest":"a-secret-of-22-letters","name":"Jo"},"role":"spectator","room":"r-1"}`; string(b) != want ||
		got[0].path != "/v1/rooms" || got[0].auth != "Bearer who" {
		t.Errorf("the router was asked %v, want %s", got[0], want)
	}
	b, _ = json.Marshal(got[1].body)
	if want := `{"game":"test"}`; string(b) != want || got[1].path != "/v1/match" || got[1].auth != "" {
		t.Errorf("the router was asked %v, want %s", got[1], want)
	}
}

// The router's secret makes the client the same guest when it has to ask again; servers do not get it.
func TestAGuestStaysTheSame(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	var asked []Request
	s.router = func(w http.ResponseWriter, q *http.Request) {
		var body Request
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		asked = append(asked, body)
		s.admit(w, s.URL)
	}
	var first proto.Hello
	s.script(func(p *peer) {
		first = p.hello()
		p.refuse(proto.Error{Code: proto.CloseSeat})
		p.wait()
	})
	s.script(func(p *peer) { p.enter(r, 0); p.wait() })
	client, err := Dial(t.Context(), s.config())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if len(asked) != 2 || asked[0].Player.Guest != "" || asked[1].Player.Guest != "secret-of-jo" || client.Guest() != "secret-of-jo" {
		t.Errorf("the router was asked %+v, the guest is %q", asked, client.Guest())
	}
	if bytes.Contains(first.Append(nil), []byte("secret-of-jo")) {
		t.Error("the server is told the secret")
	}
}

func TestARefusalOfTheRouterIsTold(t *testing.T) {
	for _, c := range []struct {
		name   string
		router http.HandlerFunc
		want   string
	}{
		{"problem", func(w http.ResponseWriter, _ *http.Request) {
			problem(w, http.StatusBadRequest, `game name "x y" has ' ' at 1`)
		}, `goclient: router: 400 Bad Request: game name "x y" has ' ' at 1`},
		{"no problem document", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "<html>", http.StatusNotFound) },
			"goclient: router: 404 Not Found, not a problem document: something between answers in place of the server"},
		{"a captive portal", func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("<html>")) },
			"goclient: router: 200 OK, not a problem document"},
		{"a broken answer", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.Write([]byte("{")) },
			"goclient: router: answer: unexpected end of JSON input"},
		{"a room that is none", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(201); w.Write([]byte(`{"room":"/"}`)) },
			`goclient: router: answer: bad name: room id "/" has`},
		{"a URL that is none", func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(201)
			w.Write([]byte(`{"room":"r","url":"ftp://x/"}`))
		}, `goclient: router: answer: URL "ftp://x/" has the scheme "ftp"`},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newServer(t)
			s.router = c.router
			if _, err := Dial(t.Context(), s.config()); err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("Dial: %v, want %s…", err, c.want)
			}
		})
	}
}

func TestARouterThatIsBusyIsAskedAgain(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	asked := 0
	s.router = func(w http.ResponseWriter, q *http.Request) {
		if asked++; asked == 1 {
			problem(w, http.StatusServiceUnavailable, "no game server is serving")
			return
		}
		s.admit(w, s.URL)
	}
	s.script(func(p *peer) { p.enter(r, 0); p.wait() })
	client, err := Dial(t.Context(), s.config())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
}

func TestNobodyAnswers(t *testing.T) {
	s := newServer(t)
	s.Close()
	begin := time.Now()
	for _, c := range []Config{s.config(), {URL: s.wsURL(), Ticket: "t"}} {
		if _, err := Dial(t.Context(), c); err == nil || !strings.Contains(err.Error(), "connection refused") {
			t.Errorf("Dial: %v, want connection refused", err)
		}
	}
	if took := time.Since(begin); took > patience {
		t.Errorf("it took %v to say so", took)
	}
}

func TestARefusedUpgradeIsTold(t *testing.T) {
	s := newServer(t)
	c := Config{URL: "ws" + strings.TrimPrefix(s.URL, "http") + "/elsewhere", Ticket: "t"}
	var p *Problem
	if _, err := Dial(t.Context(), c); !errors.As(err, &p) || p.Status != http.StatusNotFound {
		t.Errorf("Dial: %v, want a 404", err)
	}
}

func TestAMatchWhoseLastSeatWasTakenIsMadeAgain(t *testing.T) {
	s, r := newServer(t), newRoom(t)
	asked := 0
	s.router = func(w http.ResponseWriter, q *http.Request) {
		if asked++; q.URL.Path != "/v1/match" {
			t.Errorf("asked at %s", q.URL.Path)
		}
		s.admit(w, s.URL)
	}
	s.script(func(p *peer) { p.hello(); p.refuse(proto.Error{Code: proto.CloseFull}); p.wait() })
	s.script(func(p *peer) { p.enter(r, 0); p.wait() })
	c := s.config()
	c.Match, c.Request.Room = true, ""
	client, err := Dial(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
	if asked != 2 {
		t.Errorf("asked %d times, want 2", asked)
	}
}

func TestADialThatIsRefusedForGood(t *testing.T) {
	s := newServer(t)
	s.script(func(p *peer) {
		p.hello()
		p.refuse(proto.Error{Code: proto.CloseGame, Text: `this server does not run "test"`})
		p.wait()
	})
	var closed *CloseError
	_, err := Dial(t.Context(), s.config())
	if !errors.As(err, &closed) || closed.Code != proto.CloseGame || !strings.Contains(err.Error(), `this server does not run "test"`) {
		t.Errorf("Dial: %v", err)
	}
}

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		config Config
		says   string // "" when it is good
	}{
		{Config{Router: "http://r", Request: Request{Game: "g"}}, ""},
		{Config{URL: "wss://gs/v1/rooms/r/connect", Ticket: "t"}, ""},
		{Config{}, "either Router or URL"},
		{Config{Router: "http://r", URL: "ws://x", Ticket: "t"}, "either Router or URL"},
		{Config{Router: "r:80", Request: Request{Game: "g"}}, "it must begin with http://host"},
		{Config{Router: "http://r"}, "game name is empty"},
		{Config{URL: "http://gs", Ticket: "t"}, "it must begin with ws://host"},
		{Config{URL: "ws://gs"}, "a URL needs a ticket"},
		{Config{Router: "http://r", Request: Request{Game: "g", Room: "r"}, Match: true}, "leaves the room to it"},
		{Config{Router: "http://r", Request: Request{Game: "g"}, GiveUp: -1}, "must not be negative"},
	} {
		err := c.config.Validate()
		if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v, want %q", c.config, err, c.says)
		}
	}
}

// A private room is made once. From then on it is sought by its id and with its code.
func TestAPrivateRoomIsSoughtWithItsCode(t *testing.T) {
	c := &Client{config: Config{Request: Request{Game: "test", Private: true}}}
	var got []map[string]any
	s := newServer(t)
	s.router = func(w http.ResponseWriter, q *http.Request) {
		var body map[string]any
		if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		got = append(got, body)
		w.WriteHeader(http.StatusCreated)
		w.Write([]byte(`{"room":"p-new","url":"ws://x/","player":"jo","guest":"its secret","ticket":"t","code":"the code"}`))
	}
	c.config.Router, c.config.HTTP = s.URL, s.Client()
	for range 2 {
		if _, err := c.findRoom(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if c.Code() != "the code" {
		t.Errorf("the code is %q", c.Code())
	}
	b, _ := json.Marshal(got)
	if want := `[{"game":"test","private":true},{"code":"the code","game":"test","player":{"guest":"its secret"},"room":"p-new"}]`; string(b) != want {
		t.Errorf("the router was asked %s, want %s", b, want)
	}
	for _, r := range []Request{{Game: "test", Private: true, Room: "r"}, {Game: "test", Private: true, Code: "c"}} {
		if (Config{Router: "http://x", Request: r}).Validate() == nil {
			t.Errorf("%+v is valid", r)
		}
	}
	if (Config{Router: "http://x", Match: true, Request: Request{Game: "test", Code: "c"}}).Validate() == nil {
		t.Error("a match with a code is valid")
	}
}

// A router in proxy mode does not know under which scheme, name and path proxies show it: its address is relative to the one asked.
func TestARelativeAddressIsOfWhereTheRouterAnswered(t *testing.T) {
	for asked, want := range map[string]string{
		"https://play.example.com/game/v1/rooms": "wss://play.example.com/game/v1/rooms/r/connect",
		"http://localhost:8080/v1/rooms":         "ws://localhost:8080/v1/rooms/r/connect",
	} {
		c := Config{Router: strings.TrimSuffix(asked, "/v1/rooms"), HTTP: &http.Client{Transport: answering(`{"room":"r","url":"rooms/r/connect"}`)}}
		if a, err := ask(t.Context(), c, Request{Game: "test"}, false); err != nil || a.URL != want {
			t.Errorf("asked at %s: %q, %v; want %s", asked, a.URL, err, want)
		}
	}
}

// answering is a transport that answers all requests with 201 and itself as the body.
type answering string

func (a answering) RoundTrip(r *http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusCreated, Request: r, Body: io.NopCloser(strings.NewReader(string(a)))}, nil
}
