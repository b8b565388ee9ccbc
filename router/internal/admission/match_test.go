package admission_test

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

func TestMatchPrefersTheFullestOpenRoom(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	other := ticket.MatchKind("arena", []byte(`{"seats":4}`))
	a.Lead(fake.Room("private-", "x", 7, 8), fake.Room(arena, "full", 8, 8), fake.Room(arena, "half", 4, 8), fake.Room("z-private-", "x", 7, 8))
	b.Lead(fake.ByID(fake.Room(arena, "most", 5, 8), fake.Room(arena, "few", 1, 8), fake.Room(other, "other", 6, 8))...)
	f := routertest.Start(t, nil, a.Member(), b.Member())
	for i, want := range []string{"most", "most", "most", "half"} { // three more fill it; the reports are not asked for again
		got := enter(t, f, `{"game":"arena","options":{}}`)
		if string(got.Room) != arena+want {
			t.Fatalf("player %d is sent to %s; want %s", i, got.Room, arena+want)
		}
		server := b.Member()
		if want == "half" {
			server = a.Member()
		}
		if got.Server != server.Name || got.URL != (lookup.Addresses{}).Of(got.Room, server, "") {
			t.Errorf("%s is at %s, %s; want its leader %s", got.Room, got.Server, got.URL, server.Name)
		}
		if c := claims(t, got); c.Room != got.Room || c.Player != got.Player {
			t.Errorf("the ticket claims %+v", c)
		}
	}
	if got := enter(t, f, `{"game":"arena","options":{"seats":4}}`); string(got.Room) != other+"other" {
		t.Errorf("with other options: sent to %s", got.Room)
	}
	if a.ListsAsked != 1 || b.ListsAsked != 1 || a.DetailsAsked != 0 {
		t.Errorf("the servers were asked %d and %d times; want once each", a.ListsAsked, b.ListsAsked)
	}
}

func TestMatchMakesARoom(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := routertest.Start(t, nil, s.Member())
	first, second := enter(t, f, `{"game":"arena"}`), enter(t, f, `{"game":"arena"}`)
	if first.Room != second.Room || first.Player == second.Player || first.Server != "game-1" {
		t.Errorf("got %+v and %+v; want two players in one room", first, second)
	}
	if other := enter(t, f, `{"game":"chess"}`); other.Room == first.Room {
		t.Errorf("a player of chess is sent to %s", other.Room)
	}
	if kind, ok := ticket.MatchKindOf(first.Room); !ok || kind != arena {
		t.Errorf("room %s is of kind %q, %v", first.Room, kind, ok)
	}
	// The first two have not arrived, so nobody knows how many seats there are: a third waits for a report, and one
	// for whom none comes gets a room of their own.
	const matchWait = 1500 * time.Millisecond // of package match
	start := time.Now()
	third := enter(t, f, `{"game":"arena"}`)
	if took := time.Since(start); third.Room == first.Room || took < matchWait {
		t.Errorf("a third player is sent to %s after %v", third.Room, took)
	}
	time.AfterFunc(50*time.Millisecond, func() { s.Lead(fake.Room("", string(first.Room), 3, 8)) }) // as clients arrive
	enter(t, f, `{"game":"arena"}`)
	if fifth := enter(t, f, `{"game":"arena"}`); fifth.Room != first.Room {
		t.Errorf("a fifth player is sent to %s; want %s, which has turned out to have 8 seats", fifth.Room, first.Room)
	}
}

func TestSpectatorsGetTheLiveliestRoom(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	watched := func(id string, connected, spectators int) report.RoomInfo {
		r := fake.Room(arena, id, connected, 8)
		r.Connected, r.Spectators, r.WatchersFull = connected, spectators, spectators >= proto.MaxSpectators
		return r
	}
	f := routertest.Start(t, nil, a.Member(), b.Member())
	const body = `{"game":"arena","role":"spectator"}`
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", body), http.StatusNotFound, "nobody plays arena")
	a.Lead(fake.ByID(watched("abandoned", 0, 0), watched("crowded", 8, proto.MaxSpectators), watched("c", 5, 0))...)
	b.Lead(fake.ByID(watched("b", 5, 3), watched("d", 5, 0), watched("few", 2, 0), fake.Room("private-", "x", 7, 8))...)
	f = routertest.Start(t, nil, a.Member(), b.Member()) // with no list of a moment ago
	got := enter(t, f, body)
	if string(got.Room) != arena+"b" || got.Server != "game-b" {
		t.Errorf("sent to %s at %s; want b at game-b", got.Room, got.Server)
	}
	if c := claims(t, got); c.Role != ticket.Spectator {
		t.Errorf("the ticket claims %+v", c)
	}
}

// All rooms of quick match are found, page by page, and no others are asked for.
func TestMatchReadsAllPages(t *testing.T) {
	const listPage = 500 // of servers
	s := fake.NewServer(t, "game-1")
	rooms := []report.RoomInfo{fake.Room("a-private-", "x", 1, 2)}
	for i := range 2*listPage + 1 {
		rooms = append(rooms, fake.Room(arena, fmt.Sprintf("%04d", i), 2, 2))
	}
	rooms = append(rooms, fake.Room(arena, "last", 1, 2))
	for i := range 2 * listPage {
		rooms = append(rooms, fake.Room("r-private-", fmt.Sprintf("%04d", i), 1, 2))
	}
	s.Lead(rooms...)
	f := routertest.Start(t, nil, s.Member())
	if got := enter(t, f, `{"game":"arena"}`); string(got.Room) != arena+"last" {
		t.Errorf("sent to %s", got.Room)
	}
	if s.ListsAsked != 3 {
		t.Errorf("the server was asked for %d pages, want 3", s.ListsAsked)
	}
}

// A room that its game has locked gets nobody, and shows nobody in.
func TestMatchHeedsLocks(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	locked, open := fake.Room(arena, "a", 3, 4), fake.Room(arena, "b", 1, 4)
	locked.Locked, locked.Connected, open.Connected = true, 3, 1
	s.Lead(locked, open)
	f := routertest.Start(t, nil, s.Member())
	for _, body := range []string{`{"game":"arena"}`, `{"game":"arena","role":"spectator"}`} {
		if got := enter(t, f, body); string(got.Room) != arena+"b" {
			t.Errorf("%s: sent to %s", body, got.Room)
		}
	}
}

func TestMatchWithDeadServer(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	b.Lead(fake.Room(arena, "open", 1, 8))
	f := routertest.Start(t, nil, a.Member(), b.Member())
	a.Close()
	if got := enter(t, f, `{"game":"arena"}`); string(got.Room) != arena+"open" {
		t.Errorf("sent to %s", got.Room)
	}
}
