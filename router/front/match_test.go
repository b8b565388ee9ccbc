package front

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/limit"
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

var arena = ticket.MatchKind("arena", nil)

func TestMatchPrefersTheFullestOpenRoom(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	other := ticket.MatchKind("arena", []byte(`{"seats":4}`))
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
	if kind, ok := ticket.MatchKindOf(first.Room); !ok || kind != arena {
		t.Errorf("room %s is of kind %q, %v", first.Room, kind, ok)
	}
	// The first two have not arrived, so nobody knows how many seats there are: a third waits for a report, and one
	// for whom none comes gets a room of their own.
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
		r.Connected, r.Spectators, r.WatchersFull = connected, spectators, spectators >= proto.MaxSpectators
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

// A room that its game has locked gets nobody, and shows nobody in.
func TestMatchHeedsLocks(t *testing.T) {
	s := newFakeServer(t, "game-1")
	locked, open := reported(arena, "a", 3, 4), reported(arena, "b", 1, 4)
	locked.Locked, locked.Connected, open.Connected = true, 3, 1
	s.lead(locked, open)
	f := newTestFront(t, nil, s.member())
	for _, body := range []string{`{"game":"arena"}`, `{"game":"arena","role":"spectator"}`} {
		if got := f.match(t, body); string(got.Room) != arena+"b" {
			t.Errorf("%s: sent to %s", body, got.Room)
		}
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
	if _, err := f.findSeat(ctx, &c, netip.Prefix{}, search{}); err == nil || ctx.Err() == nil || c.Room != "" {
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

func never() bool { return false }

func TestReservations(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	made := 0
	asked := 0
	seatOf := func(open *openRooms, patient bool) seating {
		t.Helper()
		asked++
		s, ok := m.seat(open, seatRequest{player: proto.PlayerID(fmt.Sprint("p", asked)), seats: 1, kind: arena, patient: patient, soft: never, pick: func() (proto.RoomID, bool) {
			made++
			return proto.RoomID(fmt.Sprintf("%snew-%d", arena, made)), true
		}}, now)
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
	seat(open, "new-2") // not reported yet, but somebody is on their way
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
	// A player leaves while one is expected, who is expected on.
	open = listOf(membership.Serving, reported(arena, "new-1", 1, 4))
	seat(open, "new-1")
	seat(open, "new-1")
	seat(open, "new-4")
	now = now.Add(reservationLife + 1)
	seat(open, "new-1")
	// Nobody is sent to a server that drains.
	seat(listOf(membership.Draining, reported(arena, "new-1", 1, 4)), "new-5")
	// Nobody waits for a player who was refused after all, and their room is forgotten.
	before := len(m.kinds[arena].rooms)
	m.withdraw(proto.PlayerID(fmt.Sprint("p", asked)))
	m.withdraw("nobody")
	if n := len(m.kinds[arena].rooms); n != before-1 {
		t.Errorf("%d rooms are remembered, %d before a player was refused", n, before)
	}
}

// A second request of a player renews their promise, and one for another game gives it up.
func TestOnePromisePerPlayer(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	made := 0
	ask := func(player proto.PlayerID, kind string) proto.RoomID {
		t.Helper()
		s, ok := m.seat(m.last, seatRequest{player: player, seats: 1, kind: kind, soft: never, pick: func() (proto.RoomID, bool) {
			made++
			return proto.RoomID(fmt.Sprint(kind, "new-", made)), true
		}}, now)
		if !ok || s.wait {
			t.Fatalf("%s got %+v, %v", player, s, ok)
		}
		return s.room
	}
	m.last = listOf(membership.Serving)
	for range 20 { // for longer than a promise lives
		if room := ask("eve", arena); string(room) != arena+"new-1" {
			t.Fatalf("eve is sent to %s; want the same room again", room)
		}
		now = now.Add(reservationLife / 4)
	}
	if room := ask("ann", arena); string(room) != arena+"new-1" {
		t.Errorf("ann is sent to %s; want the room where only eve is expected", room)
	}
	if room := ask("bob", arena); string(room) != arena+"new-2" {
		t.Errorf("bob is sent to %s; both seats of the first room are promised", room)
	}
	other := ticket.MatchKind("chess", nil)
	ask("eve", other)
	if room := ask("cleo", arena); string(room) != arena+"new-1" && string(room) != arena+"new-2" {
		t.Errorf("cleo is sent to %s; eve gave her seat up", room)
	}
}

// Somebody who asks for matches all the time and never comes keeps nobody apart who does come.
func TestPromisesToOneAddressKeepNobodyApart(t *testing.T) {
	s := newFakeServer(t, "game-1")
	f := newTestFront(t, func(c *Config) { c.Quotas.TicketsPerAddress = 0 }, s.member())
	honest := 0
	from := func(ip string) proto.RoomID {
		t.Helper()
		honest++
		c := ticket.Claims{Game: "arena", Player: proto.PlayerID(fmt.Sprint("p", honest))}
		if _, err := f.findSeat(t.Context(), &c, limit.Network(netip.MustParseAddr(ip)), search{}); err != nil {
			t.Fatal(err)
		}
		return c.Room
	}
	attack := func() {
		for range 20 {
			from("203.0.113.9")
		}
	}
	// Ann waits alone in a room of two.
	waiting := reported(arena, "ann", 1, 2)
	waiting.Connected = 1
	s.lead(waiting)
	attack()
	// The hard promises of the address are over; the soft ones are renewed all the time.
	f.matches.mu.Lock()
	for _, k := range f.matches.kinds {
		for _, r := range k.rooms {
			for i := range r.promises {
				if !r.promises[i].soft {
					r.promises[i].until = time.Now().Add(-time.Second)
				}
			}
		}
	}
	f.matches.mu.Unlock()
	attack()
	if got := from("192.0.2.7"); string(got) != arena+"ann" {
		t.Errorf("bob is sent to %s; want the room where ann waits", got)
	}
	if got := from("192.0.2.8"); string(got) == arena+"ann" {
		t.Error("cleo is sent to ann's room too, whose last seat is promised to bob")
	}
	if n := testutil.ToFloat64(f.config.Metrics.Limited.WithLabelValues("reservations-per-address")); n < 30 {
		t.Errorf("the metric counts %v soft promises; want most of 40", n)
	}
}

// Where the connected players are, there go the next ones, whatever was promised elsewhere.
func TestConnectedPlayersCountBeforePromises(t *testing.T) {
	k := &matchRooms{rooms: map[proto.RoomID]*matchRoom{}}
	leader := membership.Member{Name: "game-1"}
	now := time.Unix(1e9, 0)
	promises := make([]promise, 5)
	for i := range promises {
		promises[i] = promise{seats: 1, until: now.Add(time.Second)}
	}
	k.rooms["a"] = &matchRoom{leader: leader, seats: 8, players: 3, promises: promises[:4]} // their connections are lost
	k.rooms["b"] = &matchRoom{leader: leader, seats: 8, players: 1, connected: 1}
	k.rooms["c"] = &matchRoom{leader: leader, seats: 8, players: 1, connected: 1, promises: promises[:1]}
	k.rooms["d"] = &matchRoom{leader: leader, seats: 4, players: 2, connected: 2, promises: promises[:2]}
	if room, _ := k.fullest(now, 1, false); room != "c" {
		t.Errorf("the next player is sent to %s; want c: d is full, and a has nobody connected", room)
	}
}

func TestKindsAreBounded(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	open := listOf(membership.Serving)
	for i := range maxKinds + 1 {
		kind := ticket.MatchKind("arena", fmt.Appendf(nil, `{"i":%d}`, i))
		m.seat(open, seatRequest{proto.PlayerID(fmt.Sprint("p", i)), 1, kind, true, never,
			func() (proto.RoomID, bool) { return proto.RoomID(kind) + "x", true }, search{}}, now)
	}
	now = now.Add(reservationLife + 1)
	m.seat(listOf(membership.Serving, reported(arena, "a", 0, 2)), seatRequest{"ann", 1, arena, true, never, nil, search{}}, now)
	if n := len(m.kinds); n != 1 {
		t.Errorf("%d kinds are remembered; want the one that has a room", n)
	}
	if n := len(m.promised); n != 1 {
		t.Errorf("%d promises are remembered; want the last", n)
	}
}
