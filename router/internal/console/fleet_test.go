package console

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/servers"
)

func TestFleet(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	a.Lead(report.RoomInfo{Room: "a", Game: "arena"}, report.RoomInfo{Room: "z", Game: "arena", Epoch: "1@game-a", Tick: 90, TickRate: 30, Seats: 8, Players: 3,
		Connected: 2, Spectators: 1, Late: 4, Match: 2, Age: 3.5, Role: "leading", Standbys: []string{"game-b"}})
	a.Summary = report.Summary{Rooms: 2, Players: 3, Replicas: 5, Moving: 1, Busy: 421, Memory: 1 << 20}
	am, bm := a.Member(), b.Member()
	am.Zone, am.Version, am.Since = "eu-1", "v1.2", time.Unix(1e9, 0).UTC()
	bm.State = membership.Draining
	b.Close()
	f := newBed(t, am, bm)
	f.asked(t)

	doc := fake.Into[fleetDoc](t, f.get(t, "/v1/fleet"), 200)
	if doc.View != f.source.View().Version || len(doc.Members) != 3 || len(doc.Rooms) != 2 || doc.Totals != (totalsDoc{2, 3}) {
		t.Fatalf("got %+v", doc)
	}
	ma, mb, router := doc.Members[0], doc.Members[1], doc.Members[2]
	if ma.Name != "game-a" || ma.Role != membership.GameServer || ma.State != membership.Serving || ma.URL != a.URL || ma.Zone != "eu-1" ||
		ma.Version != "v1.2" || !ma.Since.Equal(am.Since) || !*ma.Reachable || ma.Error != "" {
		t.Errorf("member is %+v", ma)
	}
	load := *ma.Load
	if load.Age = 0; !reflect.DeepEqual(load, loadDoc{Rooms: 2, Players: 3, Replicas: 5, Moving: 1, Busy: 421, Memory: 1 << 20}) || ma.Load.Age > fake.Timeout.Seconds() {
		t.Errorf("load is %+v", ma.Load)
	}
	if mb.Name != "game-b" || mb.State != membership.Draining || *mb.Reachable || mb.Load != nil || !strings.Contains(mb.Error, "refused") {
		t.Errorf("member is %+v", mb)
	}
	if router.Name != "router-1" || router.Role != membership.Router || router.Load != nil || router.Reachable != nil {
		t.Errorf("member is %+v", router)
	}
	want := roomDoc{a.Rooms[1], "game-a"}
	if doc.Rooms[0].Room != "a" || !reflect.DeepEqual(doc.Rooms[1], want) {
		t.Errorf("rooms are %+v; want a, then %+v", doc.Rooms, want)
	}

	if raw, _ := io.ReadAll(f.get(t, "/v1/fleet").Body); !strings.Contains(string(raw), `"events":[]`) {
		t.Errorf("without events there is %s", raw)
	}
	text, _ := io.ReadAll(f.get(t, "/fleet").Body)
	if a.DetailsAsked != 1 || a.ListsAsked != 0 {
		t.Errorf("the server was asked %d times for its details within a second, and %d times for all its rooms; want once and never", a.DetailsAsked, a.ListsAsked)
	}
	for _, line := range []string{
		`Ringside · 3 members · 2 rooms · 3 players`, `MEMBER     ROLE         STATE`, `game-a     gameserver   serving`, `42.1 %`,
		`draining, no answer`, `ROOM   GAME    LEADER   PLAYERS   WATCHING   MATCH   TICK   RATE   LATE   AGE`,
		`z      arena   game-a   2/8       1          2       90     30/s   4      3s`, `game-b does not answer: `,
	} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the text lacks %q:\n%s", line, text)
		}
	}
}

// The description of a fleet is bounded, however many rooms there are.
func TestFleetListsSoManyRooms(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, s.Member())
	text, _ := io.ReadAll(f.get(t, "/fleet").Body)
	if !strings.Contains(string(text), "No rooms yet") {
		t.Errorf("an empty fleet shows\n%s", text)
	}
	const all = maxServerRooms + 50
	var rooms []report.RoomInfo
	for i := range all {
		rooms = append(rooms, report.RoomInfo{Room: proto.RoomID(fmt.Sprintf("r%04d", i)), Game: "arena", Seats: 2, TickRate: 30})
	}
	s.Lead(rooms...)
	s.Set(func() { s.Summary.Rooms = all })
	f = newBed(t, s.Member())
	f.asked(t)
	doc := fake.Into[fleetDoc](t, f.get(t, "/v1/fleet"), 200)
	if len(doc.Rooms) != maxServerRooms || doc.Totals.Rooms != all {
		t.Errorf("%d rooms are listed and %d counted; want %d and %d", len(doc.Rooms), doc.Totals.Rooms, maxServerRooms, all)
	}
	text, _ = io.ReadAll(f.get(t, "/fleet").Body)
	if !strings.Contains(string(text), fmt.Sprintf("… and %d more", all-pageRooms)) || strings.Count(string(text), "30/s") != pageRooms {
		t.Errorf("got\n%s", text)
	}
	for servers, want := range map[int]int{0: 256, 1: 256, 32: 256, 64: 128, 200: 40, 5000: 8} {
		if got := roomsOfEach(servers); got != want {
			t.Errorf("of %d servers %d rooms each are listed, want %d", servers, got, want)
		}
	}
}

// What a game server answers is data, however odd; it must not lead the router elsewhere or stop it.
func TestOddServers(t *testing.T) {
	victim := fake.NewServer(t, "no-member")
	for name, handler := range map[string]http.HandlerFunc{
		"redirect": func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, victim.URL+r.URL.RequestURI(), http.StatusFound)
		},
		"error":     func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "no", 500) },
		"not JSON":  func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "<html>") },
		"too large": func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, `{"x":[%*s]}`, servers.MaxAnswer, "") },
		"too slow":  func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() },
	} {
		t.Run(name, func(t *testing.T) {
			s := fake.NewServer(t, "game-1")
			s.Config.Handler = handler
			f := newBed(t, s.Member())
			f.asked(t)
			start := time.Now()
			doc := fake.Into[fleetDoc](t, f.get(t, "/v1/fleet"), 200)
			if *doc.Members[0].Reachable || doc.Members[0].Error == "" || doc.Members[0].Load != nil || len(doc.Rooms) != 0 {
				t.Errorf("got %+v", doc)
			}
			if took := time.Since(start); took > servers.AskTimeout+2*time.Second {
				t.Errorf("it took %v", took)
			}
			if _, ok := f.client.Leader("r"); ok {
				t.Error("it is taken for the leader of a room")
			}
		})
	}
	if victim.DetailsAsked > 0 || victim.ListsAsked > 0 {
		t.Error("the router followed a redirect to no member")
	}
}

// The fleet's description has what happened on all servers, in order.
func TestFleetTellsOfMoves(t *testing.T) {
	at := time.Unix(1e9, 0).UTC()
	all := []*httptest.Server{}
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
		all = append(all, s)
	}
	a := membership.Member{Name: "a", Role: membership.GameServer, State: membership.Serving, URL: all[0].URL}
	b := a
	b.Name, b.URL = "b", all[1].URL
	f := newBed(t, a, b)
	f.asked(t)
	doc := fake.Into[fleetDoc](t, f.get(t, "/v1/fleet"), 200)
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
	text, _ := io.ReadAll(f.get(t, "/fleet").Body)
	for _, line := range []string{"serving, suspended", "01:46:41.000   move       r      a      b    12.5 ms   drain"} {
		if !strings.Contains(string(text), line) {
			t.Errorf("the text lacks %q:\n%s", line, text)
		}
	}
}

// What other processes say cannot rewrite the terminal of whoever reads the text.
func TestTextShowsNoControlCharacters(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	s.Lead(report.RoomInfo{Room: "room-1", Game: "chess\x1b[2J\x07\u202e\r", Match: 3})
	f := newBed(t, s.Member())
	resp := f.get(t, "/fleet")
	body, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(body), "chess") {
		t.Fatalf("%q, %v", body, err)
	}
	if i := strings.IndexFunc(string(body), func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
		t.Errorf("the text has %q", body[i:])
	}
}
