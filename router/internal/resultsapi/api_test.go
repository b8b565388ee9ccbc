package resultsapi

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/results"
)

// caller reads a token: "operator", or a player's name.
func caller(r *http.Request) (Caller, error) {
	switch token := strings.TrimSpace(strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer")); token {
	case "wrong":
		return Caller{}, errors.New("the token is not valid; get a new one")
	case "operator":
		return Caller{Operator: true}, nil
	default:
		return Caller{Player: token}, nil
	}
}

func serve(t *testing.T) (api *API, store *results.Store, public, internal string) {
	t.Helper()
	c := results.DefaultConfig()
	c.Boards = []results.Board{{Name: "top", Game: "arena", Keep: results.Sum, Season: results.Monthly}}
	store, err := results.Open(t.Context(), "sqlite:"+t.TempDir(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	api = New(Config{Store: store, Caller: caller, MaxWaiting: 2, Logger: slog.New(slog.DiscardHandler)})
	one, two := httptest.NewServer(api.Public()), httptest.NewServer(api.Internal())
	t.Cleanup(one.Close)
	t.Cleanup(two.Close)
	return api, store, one.URL, two.URL
}

func entry(t *testing.T, match uint32) outcome.Entry {
	t.Helper()
	o := &outcome.Outcome{Instance: 0xa, Match: match, Room: fmt.Sprint("room-", match%2), Game: "arena", Data: []byte("backend"), Results: []outcome.Result{
		{Seat: 0, Player: "ann", Alias: "Fox", Place: 1, Score: 3}, {Seat: 1, Player: "bob", Alias: "<Owl>", Place: 2, Score: 1}}}
	body, err := o.Encode()
	if err != nil {
		t.Fatal(err)
	}
	return outcome.Entry{Epoch: outcome.Epoch{Counter: 1, Server: "gs"}, Body: body}
}

func put(t *testing.T, store *results.Store, matches ...uint32) {
	t.Helper()
	var entries []outcome.Entry
	for _, match := range matches {
		entries = append(entries, entry(t, match))
	}
	if _, err := store.Put(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
}

func do(t *testing.T, method, url, token, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.Header.Set("Authorization", "Bearer "+token)
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	if kind := answer.Header.Get("Content-Type"); answer.StatusCode >= 400 && kind != "application/problem+json" && answer.StatusCode != 405 {
		t.Errorf("%s answers %d as %s", url, answer.StatusCode, kind)
	}
	return answer.StatusCode, string(text)
}

// Operators see identities and data, a player their own identity, and everybody aliases only.
func TestWhoSeesWhat(t *testing.T) {
	_, store, public, _ := serve(t)
	put(t, store, 1, 2, 3)
	for _, test := range []struct {
		path, token   string
		status        int
		with, without string
	}{
		{"/v1/outcomes", "operator", 200, `"next":3 "ann" "bob" "Fox" "data"`, ""},
		{"/v1/outcomes?after=1&limit=1", "operator", 200, `"seq":2 "next":2`, `"seq":1 "seq":3`},
		{"/v1/outcomes?after=3", "operator", 200, `"outcomes":[] "next":3`, ""},
		{"/v1/outcomes", "ann", 403, "operators", "Fox"},
		{"/v1/outcomes", "", 403, "operators", "Fox"},
		{"/v1/outcomes", "wrong", 401, "token", "Fox"},
		{"/v1/rooms/room-1/outcomes", "", 200, `"match":1 "match":3 "Fox" "<Owl>"`, `"ann" "bob" "data" "match":2`},
		{"/v1/rooms/room-1/outcomes?match=3", "ann", 200, `"match":3 "own":true,"alias":"Fox"`, `"ann" "bob" "match":1 "data" "own":true,"alias":"<Owl>"`},
		{"/v1/rooms/room-1/outcomes?before=0", "", 200, `"next":1 "seq":3`, "own"},
		{"/v1/rooms/room-1/outcomes?before=3", "", 200, `"next":1 "seq":1`, `"seq":3`},
		{"/v1/rooms/room-1/outcomes?instance=000000000000000a&match=3", "", 200, `"match":3`, `"match":1`},
		{"/v1/rooms/room-1/outcomes?instance=000000000000000a&match=2", "", 200, `"outcomes":[]`, ""},
		{"/v1/rooms/room-1/outcomes?instance=000000000000000b&match=3", "", 200, `"outcomes":[]`, ""},
		{"/v1/rooms/room-1/outcomes?match=3", "operator", 200, `"ann" "bob" "data"`, ""},
		{"/v1/rooms/nowhere/outcomes", "", 200, `"outcomes":[]`, ""},
		{"/v1/players/ann/matches", "ann", 200, `"match":3 "own" "Fox"`, `"ann" "bob" "data"`},
		{"/v1/players/me/matches", "ann", 200, `"match":3 "own" "Fox"`, `"ann" "bob" "data"`},
		{"/v1/players/me/matches", "", 403, "token", "Fox"},
		{"/v1/players/me/matches", "operator", 200, `"outcomes":[]`, ""}, // of a player who is called me
		{"/v1/players/ann/matches?before=2", "operator", 200, `"match":1 "bob"`, `"match":2`},
		{"/v1/players/ann/matches", "bob", 403, "token", "Fox"},
		{"/v1/players/ann/matches", "", 403, "token", "Fox"},
		{"/v1/boards/top", "", 200, `"rank":1 "alias":"Fox" "score":9`, `"ann" "bob"`},
		{"/v1/boards/top?around=bob&limit=1", "bob", 200, `"rank":2 "own":true`, `Fox "bob"`},
		{"/v1/boards/top?around=me&limit=1", "bob", 200, `"rank":2 "own":true "season"`, `Fox "bob"`},
		{"/v1/boards/top?around=me", "", 403, "token", "Fox"},
		{"/v1/boards", "", 200, `{"name":"top","game":"arena","keep":"sum","order":"high","every":"month","current":`, ""},
		{"/v1/boards/top?around=bob", "ann", 403, "token", "Fox"},
		{"/v1/boards/top", "operator", 200, `"ann" "bob"`, ""},
	} {
		status, text := do(t, "GET", public+test.path, test.token, "")
		text = strings.ReplaceAll(strings.ReplaceAll(text, `\u003c`, "<"), `\u003e`, ">")
		if status != test.status {
			t.Errorf("%s as %q answers %d %s, want %d", test.path, test.token, status, text, test.status)
		}
		for _, s := range strings.Fields(test.with) {
			if !strings.Contains(text, s) {
				t.Errorf("%s as %q lacks %s: %s", test.path, test.token, s, text)
			}
		}
		for _, s := range strings.Fields(test.without) {
			if strings.Contains(text, s) {
				t.Errorf("%s as %q shows %s: %s", test.path, test.token, s, text)
			}
		}
	}
}

// Bad input gets a problem that says what to do, and changes nothing.
func TestBadRequests(t *testing.T) {
	_, store, public, internal := serve(t)
	put(t, store, 1)
	long, err := outcome.Encode(outcome.Batch{Entries: make([]outcome.Entry, outcome.MaxBatch+1)})
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		method, url, body string
		status            int
	}{
		{"GET", public + "/v1/outcomes?after=99", "", 400},
		{"GET", public + "/v1/outcomes?after=-1", "", 400},
		{"GET", public + "/v1/outcomes?after=1;DROP%20TABLE", "", 400},
		{"GET", public + "/v1/outcomes?after=x", "", 400},
		{"GET", public + "/v1/outcomes?limit=0", "", 400},
		{"GET", public + "/v1/outcomes?limit=100000", "", 400},
		{"GET", public + "/v1/outcomes?wait=soon", "", 400},
		{"GET", public + "/v1/outcomes?after=99999999999999999999", "", 400},
		{"GET", public + "/v1/rooms/x'%20OR%201=1%20--/outcomes", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?match=4294967296", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?after=99", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?before=1&wait=1s", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?before=-1", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?instance=000000000000000a", "", 400},
		{"GET", public + "/v1/rooms/r/outcomes?instance='%20OR%201=1&match=1", "", 400},
		{"GET", public + "/v1/players/a%00b/matches", "", 400},
		{"GET", public + "/v1/boards/none", "", 404},
		{"GET", public + "/v1/boards/top?season=2026-W01", "", 400},
		{"GET", public + "/v1/boards/top?season=2026-13", "", 400},
		{"GET", public + "/v1/boards/top?season='--", "", 400},
		{"GET", public + "/v1/boards/top?around=nobody", "", 404},
		{"POST", public + "/v1/outcomes", "", 405},
		{"POST", internal + "/internal/v1/outcomes", "{", 400},
		{"POST", internal + "/internal/v1/outcomes", string(long), 400},
		{"POST", internal + "/internal/v1/outcomes", `{"entries":"` + strings.Repeat("x", outcome.MaxBatchBytes) + `"}`, 413},
		{"POST", internal + "/internal/v1/takeovers", `{}`, 400},
		{"POST", internal + "/internal/v1/takeovers", `{"instance":"x"}`, 400},
		{"POST", internal + "/internal/v1/endpoints/none/enable", `{}`, 404},
		{"POST", internal + "/internal/v1/endpoints/none/retry", `[`, 400},
		{"POST", internal + "/internal/v1/boards/none/rebuild", ``, 404},
	} {
		if status, text := do(t, test.method, test.url, "operator", test.body); status != test.status {
			t.Errorf("%s %s answers %d %s, want %d", test.method, test.url, status, text, test.status)
		}
	}
	if list, err := store.After(t.Context(), 0, 10); err != nil || len(list) != 1 {
		t.Errorf("the store has %v, %v", list, err)
	}
	_ = store.Close()
	if status, text := do(t, "GET", public+"/v1/outcomes", "operator", ""); status != 503 || !strings.Contains(text, "try again") {
		t.Errorf("without a store: %d %s", status, text)
	}
}

// A long poll is answered when there is something, and at the latest when its time is over.
func TestLongPoll(t *testing.T) {
	api, store, public, _ := serve(t)
	put(t, store, 1)
	if status, text := do(t, "GET", public+"/v1/rooms/room-1/outcomes?match=3&wait=20ms", "", ""); status != 200 || !strings.Contains(text, `"outcomes":[]`) {
		t.Errorf("an empty poll answers %d %s", status, text)
	}
	put(t, store, 2)
	poll := func(path, want string) <-chan string {
		done := make(chan string, 1)
		go func() {
			status, text := do(t, "GET", public+path, "operator", "")
			if status != 200 || !strings.Contains(text, want) {
				t.Errorf("%s answers %d %s, want %s", path, status, text, want)
			}
			done <- text
		}()
		return done
	}
	room := poll("/v1/rooms/room-1/outcomes?match=3&wait=30s", `"match":3`)
	next := poll("/v1/outcomes?after=2&wait=30s", `"match":4`)
	waitFull(t, api, public)
	put(t, store, 4) // wakes both, and is for one
	<-next
	put(t, store, 3)
	<-room
}

// waitFull waits until both places for requests that wait are taken: then a third is refused.
func waitFull(t *testing.T, api *API, public string) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); len(api.waiting) < cap(api.waiting); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("a minute later %d requests wait", len(api.waiting))
		}
	}
	if status, text := do(t, "GET", public+"/v1/rooms/nowhere/outcomes?wait=1ms", "", ""); status != 503 || !strings.Contains(text, "2 requests wait") {
		t.Errorf("a third request that waits is answered %d %s", status, text)
	}
}

// event reads one event of a stream.
func event(t *testing.T, r *bufio.Reader) (id, data string) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		line = strings.TrimSuffix(line, "\n")
		if value, ok := strings.CutPrefix(line, "id: "); ok {
			id = value
		}
		if value, ok := strings.CutPrefix(line, "data: "); ok {
			data = value
		}
		if line == "" && id != "" {
			return id, data
		}
	}
}

// A stream sends what was there and what comes, and goes on where the client was.
func TestStream(t *testing.T) {
	_, store, public, _ := serve(t)
	put(t, store, 1, 2)
	open := func(path, last string) (*bufio.Reader, func()) {
		ctx, cancel := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "GET", public+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Accept", "text/event-stream")
		r.Header.Set("Authorization", "Bearer operator")
		if last != "" {
			r.Header.Set("Last-Event-ID", last)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		if answer.StatusCode != 200 || answer.Header.Get("Content-Type") != "text/event-stream" {
			t.Fatalf("a stream answers %s %s", answer.Status, answer.Header.Get("Content-Type"))
		}
		return bufio.NewReader(answer.Body), func() { cancel(); answer.Body.Close() }
	}
	first, end := open("/v1/outcomes", "")
	for want := 1; want <= 2; want++ {
		if id, data := event(t, first); id != fmt.Sprint(want) || !strings.Contains(data, fmt.Sprintf(`"match":%d`, want)) {
			t.Errorf("event %s is %s, want %d", id, data, want)
		}
	}
	put(t, store, 3)
	if id, _ := event(t, first); id != "3" {
		t.Errorf("event is %s, want 3", id)
	}
	end()
	put(t, store, 4)
	second, end := open("/v1/outcomes?after=1", "3")
	defer end()
	if id, _ := event(t, second); id != "4" {
		t.Errorf("after 3 comes %s", id)
	}
	r, _ := http.NewRequest("GET", public+"/v1/outcomes", nil)
	r.Header = http.Header{"Accept": {"text/event-stream"}, "Authorization": {"Bearer operator"}, "Last-Event-Id": {"77"}}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	if answer.StatusCode != 400 {
		t.Errorf("an unknown Last-Event-ID answers %s", answer.Status)
	}
}

// Game servers and operators: batches, takeovers, refused bodies, dead letters.
func TestInternal(t *testing.T) {
	_, store, _, internal := serve(t)
	if err := store.AddEndpoint(t.Context(), "hook", 0); err != nil {
		t.Fatal(err)
	}
	other := entry(t, 1)
	other.Body = []byte(strings.Replace(string(other.Body), `"score":3`, `"score":4`, 1))
	message, err := outcome.Encode(outcome.Batch{Entries: []outcome.Entry{entry(t, 1), entry(t, 2), other, {}}})
	if err != nil {
		t.Fatal(err)
	}
	status, text := do(t, "POST", internal+"/internal/v1/outcomes", "", string(message))
	var answers outcome.Answers
	if err := json.Unmarshal([]byte(text), &answers); err != nil || status != 200 || len(answers.Answers) != 4 {
		t.Fatalf("a batch answers %d %s, %v", status, text, err)
	}
	if a := answers.Answers; a[0].Verdict != outcome.Stored || a[1].Seq != 2 || a[2].Verdict != outcome.Conflict || string(a[2].Stored) != string(entry(t, 1).Body) || a[3].Verdict != outcome.Invalid {
		t.Errorf("answers are %s", text)
	}
	message, err = outcome.Encode(outcome.Takeover{Instance: proto.Instance(0xa), Epoch: outcome.Epoch{Counter: 2, Server: "gs"}})
	if err != nil {
		t.Fatal(err)
	}
	if status, text := do(t, "POST", internal+"/internal/v1/takeovers", "", string(message)); status != 200 || !strings.Contains(text, `"ok":true`) {
		t.Errorf("a takeover answers %d %s", status, text)
	}
	if _, err := store.Claim(t.Context(), "hook", 10, time.Hour); err != nil {
		t.Fatal(err)
	}
	if err := store.Failed(t.Context(), "hook", 2, time.Now(), true, "no"); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"GET /internal/v1/conflicts":           `"verdict":"conflict"`,
		"GET /internal/v1/endpoints":           `"due":1`,
		"GET /internal/v1/endpoints/hook/dead": `"reason":"no"`,
	} {
		method, path, _ := strings.Cut(path, " ")
		if status, text := do(t, method, internal+path, "", "{}"); status != 200 || !strings.Contains(text, want) {
			t.Errorf("%s answers %d %s, want %s", path, status, text, want)
		}
	}
	for _, test := range []struct{ path, body, want string }{
		{"/endpoints/hook/retry", `{"seqs":[1]}`, `"retried":0`},
		{"/endpoints/hook/retry", `{}`, `"retried":1`},
		{"/endpoints/hook/enable", `{}`, `"due":2`},
		{"/boards/top/rebuild", ``, ``},
	} {
		if status, text := do(t, "POST", internal+"/internal/v1"+test.path, "", test.body); status/100 != 2 || !strings.Contains(text, test.want) {
			t.Errorf("%s %s answers %d %s, want %s", test.path, test.body, status, text, test.want)
		}
	}
	if status, text := do(t, "DELETE", internal+"/internal/v1/endpoints/hook", "", ""); status != 200 || !strings.Contains(text, `"endpoints":[]`) {
		t.Errorf("removing an endpoint answers %d %s", status, text)
	}
}

// A rebuild takes longer than a server lets other requests take.
func TestLongRebuild(t *testing.T) {
	dir := t.TempDir()
	c := results.DefaultConfig()
	c.Boards = []results.Board{{Name: "top", Game: "arena", Keep: results.Sum}}
	store, err := results.Open(t.Context(), "sqlite:"+dir, c)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	server := httptest.NewUnstartedServer(New(Config{Store: store, MaxWaiting: 1, Logger: slog.New(slog.DiscardHandler)}).Internal())
	const limit = 20 * time.Millisecond
	server.Config.ReadTimeout, server.Config.WriteTimeout = limit, limit
	server.Start()
	defer server.Close()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(dir, "results.db")+"?_txlock=immediate")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	writes, err := db.Begin() // the rebuild waits for its turn
	if err != nil {
		t.Fatal(err)
	}
	defer time.AfterFunc(5*limit, func() { _ = writes.Rollback() }).Stop()
	if status, text := do(t, "POST", server.URL+"/internal/v1/boards/top/rebuild", "", ""); status != http.StatusNoContent {
		t.Errorf("answers %d %s", status, text)
	}
}
