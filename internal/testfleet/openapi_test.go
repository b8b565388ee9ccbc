package testfleet

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/legacy"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/clients/web"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/outcome"
)

// described compares answers with the description of the API that a router serves.
type described struct {
	t      *testing.T
	router routers.Router
	doc    *openapi3.T
	good   map[string]bool // operations that have succeeded
}

// newDescribed reads the description strictly: an answer must not have a field that the description does not have.
func newDescribed(t *testing.T, url string) *described {
	resp, err := http.Get(url + "/v1/openapi.json")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var raw any
	if err := json.NewDecoder(resp.Body).Decode(&raw); err != nil {
		t.Fatal(err)
	}
	closeObjects(raw)
	text, err := json.Marshal(raw)
	if err != nil {
		t.Fatal(err)
	}
	d := &described{t: t, good: map[string]bool{}}
	if d.doc, err = openapi3.NewLoader().LoadFromData(text); err != nil {
		t.Fatal(err)
	}
	if d.router, err = legacy.NewRouter(d.doc); err != nil {
		t.Fatal(err)
	}
	return d
}

// closeObjects forbids what a schema does not name.
func closeObjects(v any) {
	switch v := v.(type) {
	case []any:
		for _, x := range v {
			closeObjects(x)
		}
	case map[string]any:
		if _, open := v["additionalProperties"]; v["type"] == "object" && !open {
			v["additionalProperties"] = false
		}
		for _, x := range v {
			closeObjects(x)
		}
	}
}

// call sends a request to a process of the fleet, "GET /v1/fleet", which must be answered with status and as described.
func (d *described) call(base, request, body string, status int, header ...string) (answer map[string]any) {
	d.t.Helper()
	got, text := d.try(base, request, body, header...)
	for deadline := time.Now().Add(Patience); got == http.StatusServiceUnavailable && got != status && time.Now().Before(deadline); { // a room may be on its way
		time.Sleep(50 * time.Millisecond)
		got, text = d.try(base, request, body, header...)
	}
	if got != status {
		d.t.Errorf("%s answers %d %s, want %d", request, got, text, status)
		return nil
	}
	_ = json.Unmarshal(text, &answer) // not every answer is JSON
	return answer
}

// try is call with any status.
func (d *described) try(base, request, body string, header ...string) (status int, text []byte) {
	d.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	ctx, cancel := context.WithTimeout(d.t.Context(), Patience)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, method, base+path, strings.NewReader(body))
	if err != nil {
		d.t.Fatal(err)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(r)
	if err != nil {
		d.t.Fatal(err)
	}
	defer resp.Body.Close()
	kind := resp.Header.Get("Content-Type")
	if kind != "text/event-stream" && resp.StatusCode != http.StatusSwitchingProtocols { // which do not end
		if text, err = io.ReadAll(resp.Body); err != nil {
			d.t.Fatal(err)
		}
	}
	d.check(r, body, resp, text)
	return resp.StatusCode, text
}

func (d *described) check(r *http.Request, body string, resp *http.Response, text []byte) {
	d.t.Helper()
	r.URL.Scheme, r.URL.Host, r.Host = "", "", "" // the description's server is /
	r.Body = io.NopCloser(strings.NewReader(body))
	route, values, err := d.router.FindRoute(r)
	if err != nil {
		d.t.Errorf("%s %s: %v", r.Method, r.URL, err)
		return
	}
	options := &openapi3filter.Options{AuthenticationFunc: openapi3filter.NoopAuthenticationFunc, IncludeResponseStatus: true}
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: values, Route: route, Options: options}
	if resp.StatusCode < 400 {
		d.good[route.Operation.OperationID] = true
		if err := openapi3filter.ValidateRequest(r.Context(), input); err != nil {
			d.t.Errorf("%s %s is answered with %d, and is not as described: %v", r.Method, r.URL, resp.StatusCode, err)
		}
	}
	kind := resp.Header.Get("Content-Type")
	if !strings.Contains(kind, "json") || resp.StatusCode == http.StatusNotModified {
		checkKind(d.t, r, route.Operation, resp.StatusCode, kind)
		return
	}
	answer := &openapi3filter.ResponseValidationInput{RequestValidationInput: input, Status: resp.StatusCode, Header: resp.Header, Options: options}
	answer.SetBodyBytes(text)
	if err := openapi3filter.ValidateResponse(r.Context(), answer); err != nil {
		d.t.Errorf("%s %s: the answer %d %s is not as described: %v", r.Method, r.URL, resp.StatusCode, text, err)
	}
}

// checkKind compares the status and the type of an answer that is not JSON.
func checkKind(t *testing.T, r *http.Request, o *openapi3.Operation, status int, kind string) {
	t.Helper()
	ref := o.Responses.Status(status)
	if ref == nil {
		t.Errorf("%s %s: an answer %d is not described", r.Method, r.URL, status)
		return
	}
	if kind != "" && ref.Value.Content.Get(kind) == nil {
		t.Errorf("%s %s: an answer %d of %s is not described", r.Method, r.URL, status, kind)
	}
}

// Requests to every operation of a running fleet, good ones and bad ones, are answered as the description of the API says.
func TestOpenAPI(t *testing.T) {
	hooks := filepath.Join(t.TempDir(), "hooks.json")
	if err := os.WriteFile(hooks, []byte(`[{"name":"hook","url":"http://127.0.0.1:1/","private":true,"secrets":["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"]}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	f := Start(t, Options{Servers: 2, Results: true, Webhooks: hooks, Pages: web.Files(), Games: []game.Definition{Walk(), parlours()}})
	public, inside := f.Routers[0].URL, "http://"+f.Routers[0].Inside
	d := newDescribed(t, public)
	player := join(t, goclient.Config{Router: public, Request: goclient.Request{Game: WalkName, Room: "room-1", Player: goclient.Player{Name: "Ann"}}})
	until(t, "the room ticks", func() bool { return player.client.Stats().Ticks > 10 })
	listed := join(t, f.invited("parlour-1", "ann", "{}"))
	until(t, "the room that is listed ticks", func() bool { return listed.client.Stats().Ticks > 10 })
	d.play(public)
	d.results(public, inside)
	d.pages(public)
	for _, base := range []string{public, inside} {
		d.call(base, "GET /v1/fleet", "", 200)
		d.call(base, "GET /v1/fleet/events", "", 200)
		d.call(base, "GET /v1/fleet/operator", "", 200)
	}
	d.operate(f, public, inside)
	d.server(f)
	for path, item := range d.doc.Paths.Map() {
		for method, o := range item.Operations() {
			if !d.good[o.OperationID] {
				t.Errorf("%s %s was never answered with success here: its description is not checked", method, path)
			}
		}
	}
}

func (d *described) play(public string) {
	entered := d.call(public, "POST /v1/rooms", `{"game":"walk","room":"room-2","options":{},"player":{"name":"Bob"},"role":"player"}`, 201)
	d.call(public, "POST /v1/rooms", fmt.Sprintf(`{"game":"walk","private":true,"player":{"guest":%q}}`, entered["guest"]), 201)
	d.call(public, "POST /v1/rooms", `{"game":"no game"}`, 400)
	d.call(public, "POST /v1/rooms", `{"game":"walk","room":"p-mvtwo4ftqqjn4b2gyb4wrgwrpa"}`, 403)
	d.call(public, "POST /v1/rooms", `{"game":"walk","player":{"id":"ann"}}`, 403)
	d.call(public, "POST /v1/rooms", `{"game":"`+strings.Repeat("x", 70<<10)+`"}`, 413)
	d.call(public, "POST /v1/match", `{"game":"walk"}`, 201)
	d.call(public, "POST /v1/match", `{"game":"walk","role":"spectator","options":{"nobody":1}}`, 404)
	d.call(public, "POST /v1/match", `{"game":"walk","party":{"size":2}}`, 201)
	d.call(public, "POST /v1/match", `{"game":"walk","players":[{"name":"Cy"},{"name":"Di"}]}`, 201)
	d.call(public, "POST /v1/match", `{"game":"walk","party":{"size":1}}`, 400)
	searched := d.call(public, "POST /v1/match", `{"game":"parlour","where":["level>=5"],"skill":{"property":"level","value":9,"range":1,"widen":0.5,"searched":2}}`, 201)
	d.call(public, "POST /v1/match", fmt.Sprintf(`{"game":"parlour","where":["level>=5"],"waiting":%q,"player":{"guest":%q}}`, searched["room"], searched["guest"]), 201)
	d.call(public, "POST /v1/match", `{"game":"parlour","skill":{"property":"level","searched":601}}`, 400)
	d.call(public, "POST /v1/rooms", `{"game":"walk","room":"nowhere","create":false}`, 404)
	d.call(public, "GET /v1/rooms/room-1?live", "", 200)
	d.call(public, "GET /v1/rooms?game=parlour&where=level>=0&limit=5", "", 200)
	d.call(public, "GET /v1/rooms?game=parlour", "", 200, "Accept", "text/event-stream")
	d.call(public, "GET /v1/rooms?limit=1000", "", 400)
	d.call(public, "GET /v1/rooms/room-1", "", 200)
	d.call(public, "GET /v1/rooms/a%20b", "", 400)
	d.call(public, "GET /v1/rooms/room-1/connect", "", 426)
	upgrade := []string{"Connection", "upgrade", "Upgrade", "websocket"}
	d.call(public, "GET /v1/rooms/room-1/connect", "", 307, upgrade...)
	d.call(public, "GET /v1/servers/gs-1/v1/rooms/room-1/connect", "", 307, upgrade...)
}

// outcomeOf is the body of a match of a room.
func outcomeOf(t *testing.T, score int32) json.RawMessage {
	o := outcome.Outcome{Instance: 0xa, Match: 1, Room: "room-1", Game: string(WalkName), Tick: 9, Data: []byte("data"), Results: []outcome.Result{
		{Player: "ann", Alias: "fox", Name: "Ann", Place: 1, Score: score}, {Seat: 1, Player: "bob", Alias: "owl", Place: 2}}}
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return body
}

func (d *described) results(public, inside string) {
	for _, score := range []int32{7, 8} { // the second is a conflict
		batch, err := outcome.Encode(outcome.Batch{Entries: []outcome.Entry{{Epoch: outcome.Epoch{Counter: 1, Server: "gs-1"}, From: 1, Body: outcomeOf(d.t, score)}}})
		if err != nil {
			d.t.Fatal(err)
		}
		d.call(inside, "POST /internal/v1/outcomes", string(batch), 200)
	}
	d.call(inside, "POST /internal/v1/outcomes", `{"entries":3}`, 400)
	d.call(public, "POST /internal/v1/outcomes", `{"entries":[]}`, 403)
	d.call(inside, "POST /internal/v1/takeovers", `{"instance":"000000000000000a","epoch":{"counter":2,"server":"gs-2"},"from":2}`, 200)
	d.call(inside, "POST /internal/v1/rooms", fmt.Sprintf(`{"server":"gs-1","minute":%d,"rooms":[{"instance":"000000000000000a","room":"room-1","game":"walk","seconds":60,"player_seconds":120,"spectator_seconds":0,"ticks":1200,"late":0,"busy":90,"matches":1}]}`,
		time.Now().Truncate(time.Minute).UnixMilli()), 200)
	d.call(inside, "POST /internal/v1/rooms", `{"server":"gs-1","minute":1}`, 400)
	d.call(inside, "GET /v1/stats/rooms?game=walk&step=5m", "", 200)
	d.call(inside, "GET /v1/stats/rooms?step=7s", "", 400)
	d.call(public, "GET /v1/stats/rooms", "", 403)
	d.call(inside, "GET /internal/v1/conflicts?limit=10", "", 200)
	d.call(inside, "GET /internal/v1/endpoints", "", 200)
	d.call(inside, "GET /internal/v1/endpoints/hook/dead?after=0", "", 200)
	d.call(inside, "POST /internal/v1/endpoints/hook/retry", `{"seqs":[]}`, 200)
	d.call(inside, "POST /internal/v1/endpoints/hook/enable", "", 200)
	d.call(inside, "POST /internal/v1/endpoints/none/enable", "", 404)
	d.call(inside, "POST /internal/v1/boards/walks/rebuild", "", 204)
	d.call(inside, "POST /internal/v1/boards/none/rebuild", "", 404)
	guest := []string{"Authorization", "Guest the-secret-of-guest-ann"}
	for _, base := range []string{public, inside} {
		d.call(base, "GET /v1/rooms/room-1/outcomes?after=0&limit=5&wait=1s", "", 200)
		d.call(base, "GET /v1/rooms/room-1/outcomes?before=0", "", 200, guest...)
		d.call(base, "GET /v1/rooms/room-1/outcomes?instance=000000000000000a&match=1", "", 200)
		d.call(base, "GET /v1/rooms/room-1/outcomes?after=99", "", 400)
		d.call(base, "GET /v1/players/me/matches?before=0", "", 200, guest...)
		d.call(base, "GET /v1/boards", "", 200)
		d.call(base, "GET /v1/boards/walks?limit=2", "", 200)
		d.call(base, "GET /v1/boards/walks?season=2026-13", "", 400)
		d.call(base, "GET /v1/boards/walks?around=me", "", 404, guest...)
		d.call(base, "GET /v1/boards/none", "", 404)
		d.call(base, "GET /v1/boards", "", 401, "Authorization", "Guest short")
	}
	d.call(inside, "GET /v1/players/ann/matches", "", 200)
	d.call(public, "GET /v1/players/ann/matches", "", 403)
	d.call(inside, "GET /v1/outcomes?after=0", "", 200)
	d.call(inside, "GET /v1/outcomes", "", 200, "Accept", "text/event-stream", "Last-Event-ID", "1")
	d.call(public, "GET /v1/outcomes", "", 403)
	if answer := d.call(inside, "DELETE /internal/v1/endpoints/hook", "", 200); len(answer["endpoints"].([]any)) != 0 {
		d.t.Errorf("an endpoint that was removed is there: %v", answer)
	}
}

func (d *described) pages(public string) {
	for _, path := range []string{"/", "/fleet", "/matches", "/leaderboard", "/inspect/", "/inspect/room-1", "/assets/arena.js", "/v1/openapi.json"} {
		d.call(public, "GET "+path, "", 200, "Accept", "text/html")
	}
	d.call(public, "GET /fleet", "", 200)
	d.call(public, "GET /assets/none.js", "", 404)
	d.call(public, "GET /readyz", "", 200)
	d.call(public, "GET /metrics", "", 403)
}

func (d *described) operate(f *Fleet, public, inside string) {
	d.call(public, "POST /v1/rooms/room-1/move", "", 403)
	d.call(inside, "GET /v1/rooms/room-1/players", "", 200)
	moved := d.call(inside, "POST /v1/rooms/room-1/move", "{}", 200)
	until(d.t, "the move ends", func() bool { return len(f.Leaders("room-1")) == 1 })
	d.call(inside, "POST /v1/rooms/room-1/move", `{"server":"none"}`, 422)
	players := d.call(inside, "GET /v1/rooms/room-1/players", "", 200)["players"].([]any)
	id := players[0].(map[string]any)["player"]
	d.call(inside, "POST /v1/rooms/room-1/kick", fmt.Sprintf(`{"player":%q,"reason":"a test"}`, id), 200)
	d.call(inside, "POST /v1/rooms/room-1/kick", `{"player":"nobody"}`, 404)
	d.call(inside, "GET /v1/rooms/none/players", "", 404)
	d.call(inside, "POST /v1/rooms/parlour-1/message", "hello", 200, "Content-Type", "application/octet-stream")
	d.call(inside, "POST /v1/rooms/room-1/message", "hello", 422, "Content-Type", "application/octet-stream")
	d.call(public, "POST /v1/rooms/parlour-1/message", "hello", 403, "Content-Type", "application/octet-stream")
	d.call(inside, "GET /v1/rooms/room-1/state", "", 200)
	d.call(public, "GET /v1/rooms/room-1/state", "", 403)
	d.call(inside, "POST /v1/bans", `{"player":"eve","seconds":60,"reason":"a test"}`, 201)
	d.call(inside, "POST /v1/bans", `{"player":"eve","seconds":-1}`, 400)
	d.call(inside, "GET /v1/bans", "", 200)
	d.call(inside, "DELETE /v1/bans/eve", "", 200)
	d.call(inside, "DELETE /v1/bans/eve", "", 404)
	d.call(inside, fmt.Sprintf("POST /v1/fleet/servers/%s/drain", moved["from"]), "", 200)
	d.call(inside, fmt.Sprintf("POST /v1/fleet/servers/%s/undrain", moved["from"]), "", 200)
	d.call(inside, "POST /v1/fleet/servers/none/drain", "", 404)
}

func (d *described) server(f *Fleet) {
	room := f.Find(f.Leaders("room-1")[0]).Node.URL()
	d.call(room, "GET /v1/server", "", 200)
	details := d.call(room, "GET /v1/server/details", "", 200)
	d.call(room, fmt.Sprintf("GET /v1/server/details?boot=%v&view=%v&events=1&rooms=2", details["boot"], details["view"]), "", 200)
	d.call(room, "GET /v1/server/details?rooms=0", "", 400)
	d.call(room, "GET /v1/server/games", "", 200)
	d.call(room, "GET /v1/server/tunnels", "", 426)
	d.call(room, "GET /v1/server/tunnels", "", 101, "Connection", "Upgrade", "Upgrade", "ringside-tunnels-1")
	d.call(room, "GET /v1/server/entry?room=new-1&game=walk", "", 200)
	d.call(room, "GET /v1/server/entry?room=new-1&game=none", "", 422)
	d.call(room, "GET /v1/server/rooms?after=a&limit=5", "", 200)
	d.call(room, "GET /v1/server/rooms/room-1", "", 200)
	d.call(room, "GET /v1/server/rooms/none", "", 404)
	d.call(room, "POST /v1/server/bans", `{"bans":[]}`, 200)
	d.call(room, "POST /v1/server/forget?server=none", "", 409)
	d.call(room, "POST /v1/server/forget", "", 400)
	for i, s := range f.Servers {
		if s.Node.URL() != room {
			f.Kill(i)
			until(d.t, "a dead member can be forgotten", func() bool {
				status, _ := d.try(room, "POST /v1/server/forget?server="+s.Name, "")
				return status == http.StatusOK
			})
		}
	}
	d.call(room, "POST /v1/server/drain", "", 200)
	d.call(room, "POST /v1/server/undrain", "", 200)
	d.call(room, "GET /livez", "", 200)
	d.call(room, "GET /metrics", "", 200)
}
