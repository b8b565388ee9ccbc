package match

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
)

// rated is a room of quick match with a rating and one connected player.
func rated(kind, id string, rating float64) report.RoomInfo {
	r := fake.Room(kind, id, 1, 2)
	r.Connected, r.Properties = 1, map[string]any{"rating": rating, "map": "alps"}
	return r
}

// searcher asks matches as players do who search for a rating, each with options of its own.
func searcher(t *testing.T, m *seats, now *time.Time) func(player string, low, high int, waiting proto.RoomID, patient bool) seating {
	made := 0
	return func(player string, low, high int, waiting proto.RoomID, patient bool) seating {
		t.Helper()
		conditions, err := where.Parse([]string{fmt.Sprint("rating>=", low), fmt.Sprint("rating<=", high)})
		if err != nil {
			t.Fatal(err)
		}
		kind := ticket.MatchKind("arena", []byte(player))
		s, ok := m.seat(m.last, seatRequest{player: proto.PlayerID(player), seats: 1, kind: kind, patient: patient, soft: never,
			search: Search{game: "arena", where: conditions, waiting: waiting, key: "rating"}, pick: func() (proto.RoomID, bool) {
				made++
				return proto.RoomID(fmt.Sprint(kind, "new-", made)), true
			}}, *now)
		if !ok {
			t.Fatal("no seat")
		}
		return s
	}
}

// Of two players who wait for each other in rooms of their own, whose ranges have widened, one moves and the other one stays.
func TestWaitingPlayersMeet(t *testing.T) {
	m, now := newSeats(), time.Unix(1e9, 0)
	ask := searcher(t, m, &now)
	a, b := rated(arena, "a", 1000), rated(arena, "b", 1200)
	m.last = listOf(membership.Serving)
	m.update(listOf(membership.Serving, a, b), now)
	if s := ask("ann", 900, 1100, a.Room, true); s.room != a.Room || s.leader.Name == "" {
		t.Fatalf("ann gets %+v while nobody is near", s)
	}
	if s := ask("bob", 1100, 1300, b.Room, true); s.room != b.Room {
		t.Fatalf("bob gets %+v while nobody is near", s)
	}
	if s := ask("ann", 700, 1300, a.Room, true); s.room != a.Room {
		t.Errorf("ann moves to %s; bob would come here at the same time", s.room)
	}
	if s := ask("bob", 900, 1500, b.Room, true); s.room != a.Room {
		t.Errorf("bob gets %s, want ann's room", s.room)
	}
	if s := ask("cleo", 900, 1100, "", true); s.room == a.Room {
		t.Error("cleo gets the seat that is promised to bob")
	}
	// A room with more players is better than one's own, whatever its id.
	c := rated(arena, "c", 1000)
	c.Connected, c.Players, c.Seats = 2, 2, 4
	m.update(listOf(membership.Serving, a, c), now)
	if s := ask("ann", 900, 1100, a.Room, true); s.room != c.Room {
		t.Errorf("ann gets %s, want the room with two players", s.room)
	}
	// A room that no server has reported yet is stayed in.
	unknown := proto.RoomID(arena + "z")
	if s := ask("dan", 900, 1100, unknown, true); s.room != unknown {
		t.Errorf("dan gets %s, want the room where he waits", s.room)
	}
}

// Two who search at the same moment meet: the second one waits until the first one's new room says what its properties are.
func TestSearchersAtTheSameMomentMeet(t *testing.T) {
	m, now := newSeats(), time.Unix(1e9, 0)
	ask := searcher(t, m, &now)
	m.last = listOf(membership.Serving)
	first := ask("ann", 900, 1100, "", true)
	if first.wait || first.room == "" {
		t.Fatalf("ann gets %+v", first)
	}
	if again := ask("ann", 900, 1100, "", true); again.room != first.room {
		t.Errorf("ann gets %s when she asks again, want %s", again.room, first.room)
	}
	if s := ask("bob", 950, 1150, "", true); !s.wait {
		t.Fatalf("bob gets %+v, want him to wait", s)
	}
	room := rated("", string(first.room), 1000)
	m.update(listOf(membership.Serving, room), now)
	m.last = listOf(membership.Serving, room)
	if s := ask("bob", 950, 1150, "", true); s.room != first.room {
		t.Errorf("bob gets %+v, want ann's room", s)
	}
	if s := ask("cleo", 1500, 1600, "", true); s.wait || s.room == first.room {
		t.Errorf("cleo gets %+v, want a new room at once", s)
	}
}
