package match

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
)

// listOf is what one server lists.
func listOf(state membership.State, rooms ...report.RoomInfo) *openRooms {
	m := membership.Member{Name: "game-1", Role: membership.GameServer, State: state}
	return &openRooms{servers: []serverRooms{{m, rooms}}}
}

func never() bool { return false }

func TestReservations(t *testing.T) {
	m := newSeats()
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
	open := listOf(membership.Serving, fake.Room(arena, "new-1", 1, 4))
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
	open = listOf(membership.Serving, fake.Room(arena, "new-1", 2, 4))
	seat(open, "new-1")
	if n := len(m.kinds[arena].rooms); n != 1 {
		t.Errorf("%d rooms are remembered; nobody came to those but one", n)
	}
	// A player leaves while one is expected, who is expected on.
	open = listOf(membership.Serving, fake.Room(arena, "new-1", 1, 4))
	seat(open, "new-1")
	seat(open, "new-1")
	seat(open, "new-4")
	now = now.Add(reservationLife + 1)
	seat(open, "new-1")
	// Nobody is sent to a server that drains.
	seat(listOf(membership.Draining, fake.Room(arena, "new-1", 1, 4)), "new-5")
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
	m := newSeats()
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
	m := newSeats()
	now := time.Unix(1e9, 0)
	open := listOf(membership.Serving)
	for i := range maxKinds + 1 {
		kind := ticket.MatchKind("arena", fmt.Appendf(nil, `{"i":%d}`, i))
		m.seat(open, seatRequest{proto.PlayerID(fmt.Sprint("p", i)), 1, kind, true, never,
			func() (proto.RoomID, bool) { return proto.RoomID(kind) + "x", true }, Search{}}, now)
	}
	now = now.Add(reservationLife + 1)
	m.seat(listOf(membership.Serving, fake.Room(arena, "a", 0, 2)), seatRequest{"ann", 1, arena, true, never, nil, Search{}}, now)
	if n := len(m.kinds); n != 1 {
		t.Errorf("%d kinds are remembered; want the one that has a room", n)
	}
	if n := len(m.promised); n != 1 {
		t.Errorf("%d promises are remembered; want the last", n)
	}
}

// Seats of a party are promised together, and those that a room keeps count as taken.
func TestPartyPromises(t *testing.T) {
	m := newSeats()
	now := time.Unix(1e9, 0)
	made := 0
	ask := func(open *openRooms, player proto.PlayerID, seats int) string {
		t.Helper()
		s, ok := m.seat(open, seatRequest{player: player, seats: seats, kind: arena, soft: never, pick: func() (proto.RoomID, bool) {
			made++
			return proto.RoomID(fmt.Sprint(arena, "new-", made)), true
		}}, now)
		if !ok || s.wait || s.most != 0 {
			t.Fatalf("%s got %+v, %v", player, s, ok)
		}
		return strings.TrimPrefix(string(s.room), arena)
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
	}
	open := listOf(membership.Serving, fake.Room(arena, "a", 4, 8))
	check(ask(open, "ann", 3), "a")
	check(ask(open, "ann", 3), "a") // renewed, not promised twice
	check(ask(open, "bob", 2), "new-1")
	check(ask(open, "cid", 1), "a") // the last seat
	check(ask(open, "dan", 1), "new-1")
	// Ann has come, and the room keeps two seats: nothing is counted twice.
	kept := fake.Room(arena, "a", 5, 8)
	kept.Reserved = 2
	open = listOf(membership.Serving, kept)
	if n := len(m.kinds[arena].rooms[proto.RoomID(arena+"a")].promises); n != 2 {
		t.Fatalf("%d promises before the report", n)
	}
	check(ask(open, "eve", 1), "new-1")
	if r := m.kinds[arena].rooms[proto.RoomID(arena+"a")]; len(r.promises) != 1 || r.promises[0].player != "cid" {
		t.Errorf("promises %+v; want cid's, who has not come", r.promises)
	}
	// A party that has not been seen keeps its room, however many it is, until it fits no more.
	check(ask(open, "fay", 5), "new-2")
	check(ask(open, "fay", 5), "new-2")
	open = listOf(membership.Serving, fake.Room(arena, "new-2", 4, 8), kept)
	check(ask(open, "fay", 5), "new-3")
}

// New players are not sent to a suspended room.
func TestMatchLeavesSuspendedRoomsOut(t *testing.T) {
	m := newSeats()
	s := membership.Member{Name: "a", State: membership.Serving}
	m.report("k", s, report.RoomInfo{Room: "r", Seats: 4, Role: "suspended"})
	if got := m.kinds["k"].rooms[proto.RoomID("r")].seats; got != 0 {
		t.Errorf("%d seats are offered", got)
	}
}
