package gateway

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
)

// rated is a room of quick match with a rating and one connected player.
func rated(kind, id string, rating float64) report.RoomInfo {
	r := reported(kind, id, 1, 2)
	r.Connected, r.Properties = 1, map[string]any{"rating": rating, "map": "alps"}
	return r
}

// A player who asks for properties gets a room that has them, whatever options it was made with, and otherwise a new one.
func TestMatchByProperties(t *testing.T) {
	s := newFakeServer(t, "game-1")
	other := ticket.MatchKind("arena", []byte(`{"map":"alps"}`))
	full, elsewhere, locked := rated(arena, "full", 1200), rated(arena, "chess", 1200), rated(arena, "locked", 1200)
	full.Players, elsewhere.Game, locked.Locked = 2, "chess", true
	s.lead(byID(full, elsewhere, locked, rated(arena, "low", 900), rated(other, "near", 1230), reported(arena, "none", 1, 2))...)
	f := newTestFront(t, func(c *Config) { c.Quotas = Quotas{} }, s.member())
	for body, want := range map[string]string{
		`"where":["rating>1000"]`:                                                               other + "near",
		`"where":["rating<1000","map=alps"]`:                                                    arena + "low",
		`"where":["map=ruins"]`:                                                                 "",
		`"skill":{"property":"rating","value":1200,"range":50}`:                                 other + "near",
		`"skill":{"property":"rating","value":1200,"range":20,"widen":2}`:                       "",
		`"skill":{"property":"rating","value":1200,"range":20,"widen":2,"searched":5}`:          other + "near",
		`"skill":{"property":"rating","value":1200,"range":50},"where":["map=ruins"]`:           "",
		`"skill":{"property":"rating","value":1000,"range":100},"role":"spectator"`:             arena + "low",
		`"where":["map=alps"],"role":"spectator","skill":{"property":"rating","value":1230}`:    other + "near",
		`"skill":{"property":"level","value":1,"range":500}`:                                    "",
		`"party":{"size":2},"where":["rating>1000"]`:                                            "",
		`"where":["rating>1000"],"options":{"map":"x"},"player":{"name":"Ann"},"role":"player"`: other + "near",
	} {
		f.matches = newMatches() // no promises of the requests before
		got := f.match(t, `{"game":"arena",`+body+`}`)
		if want != "" && string(got.Room) != want {
			t.Errorf("%s: sent to %s, want %s", body, got.Room, want)
		}
		for _, there := range s.rooms {
			if want == "" && got.Room == there.Room {
				t.Errorf("%s: sent to %s, want a new room", body, got.Room)
			}
		}
		if c := claims(t, got); want == "" && !c.Creates() {
			t.Errorf("%s: the ticket %+v does not make the room", body, c)
		}
	}
}

func TestBadSearches(t *testing.T) {
	f := newTestFront(t, nil, fleetOf(1)...)
	for body, want := range map[string]string{
		`"where":["level"]`: `field "where"`,
		`"where":["a=1","a=1","a=1","a=1","a=1","a=1","a=1","a=1","a=1"]`: "at most 8",
		`"skill":{"value":1}`:                                                        "name a numeric property",
		`"skill":{"property":"a>b"}`:                                                 "name a numeric property",
		`"skill":{"property":"a","range":-1}`:                                        "cannot be negative",
		`"skill":{"property":"a","searched":601}`:                                    "at most 600",
		`"skill":{"property":"a","value":1e308,"range":1e308}`:                       "has no end",
		`"skill":{"property":"a","speed":1}`:                                         "speed",
		`"waiting":"` + arena + `x"`:                                                 `field "waiting"`,
		`"waiting":"r-1","where":["a=1"]`:                                            `field "waiting"`,
		`"waiting":"` + arena + `x","where":["a=1"],"party":{"size":2}`:              `field "waiting"`,
		`"waiting":"` + arena + `x","where":["a=1"],"players":[{},{}]`:               `field "waiting"`,
		`"waiting":"` + arena + `x","where":["a=1"],"role":"spectator","options":{}`: `field "waiting"`,
	} {
		checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena",`+body+`}`), 400, want)
	}
	for _, body := range []string{`"where":["a=1"]`, `"skill":{"property":"a"}`, `"waiting":"` + arena + `x"`} {
		checkProblem(t, f.call(t, "POST", "/v1/rooms", `{"game":"arena",`+body+`}`), 400, "use POST /v1/match")
	}
}

// searcher asks matches as players do who search for a rating, each with options of its own.
func searcher(t *testing.T, m *matches, now *time.Time) func(player string, low, high int, waiting proto.RoomID, patient bool) seating {
	made := 0
	return func(player string, low, high int, waiting proto.RoomID, patient bool) seating {
		t.Helper()
		conditions, err := where.Parse([]string{fmt.Sprint("rating>=", low), fmt.Sprint("rating<=", high)})
		if err != nil {
			t.Fatal(err)
		}
		kind := ticket.MatchKind("arena", []byte(player))
		s, ok := m.seat(m.last, seatRequest{player: proto.PlayerID(player), seats: 1, kind: kind, patient: patient, soft: never,
			search: search{game: "arena", where: conditions, waiting: waiting, key: "rating"}, pick: func() (proto.RoomID, bool) {
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
	m, now := newMatches(), time.Unix(1e9, 0)
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
	m, now := newMatches(), time.Unix(1e9, 0)
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
