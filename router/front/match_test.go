package front

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

func (f *testFront) match(t *testing.T, body string) admission {
	t.Helper()
	return into[admission](t, f.call(t, "POST", "/v1/match", body), http.StatusCreated)
}

func (s *fakeServer) lead(rooms ...roomReport) { s.set(func() { s.rooms = rooms }) }

func reported(kind, id string, players, seats int) roomReport {
	return roomReport{Room: proto.RoomID(kind + id), Game: "arena", Players: players, Seats: seats, TickRate: 30}
}

func byID(rooms ...roomReport) []roomReport {
	slices.SortFunc(rooms, func(a, b roomReport) int { return strings.Compare(string(a.Room), string(b.Room)) })
	return rooms
}

var arena = matchKind("arena", nil)

func TestMatchPrefersTheFullestOpenRoom(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	other := matchKind("arena", []byte(`{"seats":4}`))
	a.lead(reported("private-", "x", 7, 8), reported(arena, "full", 8, 8), reported(arena, "half", 4, 8), reported("z-private-", "x", 7, 8))
	b.lead(byID(reported(arena, "most", 5, 8), reported(arena, "few", 1, 8), reported(other, "other", 6, 8))...)
	f := newTestFront(t, nil, a.member(), b.member())
	for i, want := range []string{"most", "most", "most", "half"} { // three more fill it; the reports are not asked for again
		got := f.match(t, `{"game":"arena","options":{}}`)
		if string(got.Room) != arena+want {
			t.Fatalf("player %d is sent to %s; want %s", i, got.Room, arena+want)
		}
		server := b.member()
		if want == "half" {
			server = a.member()
		}
		if got.Server != server.Name || got.URL != webSocketURL(server.URL)+connectPath(got.Room) {
			t.Errorf("%s is at %s, %s; want its leader %s", got.Room, got.Server, got.URL, server.Name)
		}
		if c := claims(t, got); c.Room != got.Room || c.Player != got.Player {
			t.Errorf("the ticket claims %+v", c)
		}
	}
	if got := f.match(t, `{"game":"arena","options":{"seats":4}}`); string(got.Room) != other+"other" {
		t.Errorf("with other options: sent to %s", got.Room)
	}
	if a.lists != 1 || b.lists != 1 || a.details != 0 {
		t.Errorf("the servers were asked %d and %d times; want once each", a.lists, b.lists)
	}
}

func TestMatchMakesARoom(t *testing.T) {
	s := newFakeServer(t, "game-1")
	f := newTestFront(t, nil, s.member())
	first, second := f.match(t, `{"game":"arena"}`), f.match(t, `{"game":"arena"}`)
	if first.Room != second.Room || first.Player == second.Player || first.Server != "game-1" {
		t.Errorf("got %+v and %+v; want two players in one room", first, second)
	}
	if other := f.match(t, `{"game":"chess"}`); other.Room == first.Room {
		t.Errorf("a player of chess is sent to %s", other.Room)
	}
	if kind, ok := kindOf(first.Room); !ok || kind != arena {
		t.Errorf("room %s is of kind %q, %v", first.Room, kind, ok)
	}
	// The first two have not arrived, so nobody knows how many seats there are: a third waits for a report, and one
	// for whom none comes gets a room of his own.
	start := time.Now()
	third := f.match(t, `{"game":"arena"}`)
	if took := time.Since(start); third.Room == first.Room || took < matchWait {
		t.Errorf("a third player is sent to %s after %v", third.Room, took)
	}
	time.AfterFunc(50*time.Millisecond, func() { s.lead(reported("", string(first.Room), 3, 8)) }) // as clients arrive
	f.match(t, `{"game":"arena"}`)
	if fifth := f.match(t, `{"game":"arena"}`); fifth.Room != first.Room {
		t.Errorf("a fifth player is sent to %s; want %s, which has turned out to have 8 seats", fifth.Room, first.Room)
	}
}

func TestSpectatorsGetTheLiveliestRoom(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	watched := func(id string, connected, spectators int) roomReport {
		r := reported(arena, id, connected, 8)
		r.Connected, r.Spectators = connected, spectators
		return r
	}
	f := newTestFront(t, nil, a.member(), b.member())
	const body = `{"game":"arena","role":"spectator"}`
	checkProblem(t, f.call(t, "POST", "/v1/match", body), http.StatusNotFound, "nobody plays arena")
	a.lead(byID(watched("abandoned", 0, 0), watched("crowded", 8, proto.MaxSpectators), watched("c", 5, 0))...)
	b.lead(byID(watched("b", 5, 3), watched("d", 5, 0), watched("few", 2, 0), reported("private-", "x", 7, 8))...)
	f.roomLister.last = nil
	got := f.match(t, body)
	if string(got.Room) != arena+"b" || got.Server != "game-b" {
		t.Errorf("sent to %s at %s; want b at game-b", got.Room, got.Server)
	}
	if c := claims(t, got); c.Role != ticket.Spectator {
		t.Errorf("the ticket claims %+v", c)
	}
}

// All rooms of quick match are found, page by page, and no others are asked for.
func TestMatchReadsAllPages(t *testing.T) {
	s := newFakeServer(t, "game-1")
	rooms := []roomReport{reported("a-private-", "x", 1, 2)}
	for i := range 2*listPage + 1 {
		rooms = append(rooms, reported(arena, fmt.Sprintf("%04d", i), 2, 2))
	}
	rooms = append(rooms, reported(arena, "last", 1, 2))
	for i := range 2 * listPage {
		rooms = append(rooms, reported("r-private-", fmt.Sprintf("%04d", i), 1, 2))
	}
	s.lead(rooms...)
	f := newTestFront(t, nil, s.member())
	if got := f.match(t, `{"game":"arena"}`); string(got.Room) != arena+"last" {
		t.Errorf("sent to %s", got.Room)
	}
	if s.lists != 3 {
		t.Errorf("the server was asked for %d pages, want 3", s.lists)
	}
}

func TestMatchGivesUpWithItsClient(t *testing.T) {
	s := newFakeServer(t, "game-1")
	f := newTestFront(t, nil, s.member())
	f.match(t, `{"game":"arena"}`)
	f.match(t, `{"game":"arena"}`)
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c := ticket.Claims{Game: "arena"}
	if _, err := f.findSeat(ctx, &c); err == nil || ctx.Err() == nil || c.Room != "" {
		t.Errorf("error is %v, room %q", err, c.Room)
	}
}

func TestMatchWithDeadServer(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	b.lead(reported(arena, "open", 1, 8))
	f := newTestFront(t, nil, a.member(), b.member())
	a.Close()
	if got := f.match(t, `{"game":"arena"}`); string(got.Room) != arena+"open" {
		t.Errorf("sent to %s", got.Room)
	}
}

// listOf is what one server lists.
func listOf(state membership.State, rooms ...roomReport) *openRooms {
	m := membership.Member{Name: "game-1", Role: membership.GameServer, State: state}
	return &openRooms{servers: []serverRooms{{m, rooms}}}
}

func TestReservations(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	made := 0
	seatOf := func(open *openRooms, patient bool) seating {
		t.Helper()
		s, ok := m.seat(open, arena, now, patient, func() (proto.RoomID, bool) {
			made++
			return proto.RoomID(fmt.Sprintf("%snew-%d", arena, made)), true
		})
		if !ok {
			t.Fatal("no seat")
		}
		return s
	}
	seat := func(open *openRooms, want string) {
		t.Helper()
		if s := seatOf(open, false); string(s.room) != arena+want {
			t.Fatalf("sent to %+v; want %s", s, want)
		}
	}
	empty := listOf(membership.Serving)
	if s := seatOf(empty, true); s.wait || string(s.room) != arena+"new-1" {
		t.Fatalf("got %+v; the first has nothing to wait for", s)
	}
	seat(empty, "new-1")
	if s := seatOf(empty, true); !s.wait || s.room != "" {
		t.Fatalf("got %+v; two seats are all that is assumed", s)
	}
	seat(empty, "new-2") // who cannot wait gets another room

	// The first room has been reached by one player; its seats are known now, and so are those of its kind.
	open := listOf(membership.Serving, reported(arena, "new-1", 1, 4))
	seat(open, "new-1")
	seat(open, "new-1")
	seat(open, "new-2") // not reported yet, but somebody is on his way
	seat(open, "new-2")
	seat(open, "new-2")
	if s := seatOf(open, true); s.wait || string(s.room) != arena+"new-3" {
		t.Fatalf("got %+v; want a third room without waiting", s)
	}

	// All of those who were sent to the first room come late, and none to the other rooms.
	now = now.Add(reservationLife + 1)
	open = listOf(membership.Serving, reported(arena, "new-1", 2, 4))
	seat(open, "new-1")
	if n := len(m.kinds[arena].rooms); n != 1 {
		t.Errorf("%d rooms are remembered; nobody came to those but one", n)
	}
	// A player leaves while one is expected: the higher number counts until the wait is over.
	open = listOf(membership.Serving, reported(arena, "new-1", 1, 4))
	seat(open, "new-1")
	seat(open, "new-4")
	now = now.Add(reservationLife + 1)
	seat(open, "new-1")
	// Nobody is sent to a server that drains.
	seat(listOf(membership.Draining, reported(arena, "new-1", 1, 4)), "new-5")
}

func TestKindsAreBounded(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	open := listOf(membership.Serving)
	for i := range maxKinds + 1 {
		kind := matchKind("arena", fmt.Appendf(nil, `{"i":%d}`, i))
		m.seat(open, kind, now, true, func() (proto.RoomID, bool) { return proto.RoomID(kind) + "x", true })
	}
	now = now.Add(reservationLife + 1)
	m.seat(listOf(membership.Serving, reported(arena, "a", 0, 2)), arena, now, true, nil)
	if n := len(m.kinds); n != 1 {
		t.Errorf("%d kinds are remembered; want the one that has a room", n)
	}
}

func TestKindOf(t *testing.T) {
	for room, want := range map[proto.RoomID]string{
		proto.RoomID(arena) + "x": arena,
		proto.RoomID(arena):       "", // no room, only its beginning
		"q-":                      "",
		"q-abcdefghijk":           "",
		"r-abcdefghij-x":          "",
		"my-room":                 "",
	} {
		if kind, ok := kindOf(room); kind != want || ok != (want != "") {
			t.Errorf("kind of %q is %q, %v; want %q", room, kind, ok, want)
		}
	}
}
