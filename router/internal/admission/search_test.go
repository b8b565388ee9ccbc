package admission_test

import (
	"testing"

	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// rated is a room of quick match with a rating and one connected player.
func rated(kind, id string, rating float64) report.RoomInfo {
	r := fake.Room(kind, id, 1, 2)
	r.Connected, r.Properties = 1, map[string]any{"rating": rating, "map": "alps"}
	return r
}

// A player who asks for properties gets a room that has them, whatever options it was made with, and otherwise a new one.
func TestMatchByProperties(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	other := ticket.MatchKind("arena", []byte(`{"map":"alps"}`))
	full, elsewhere, locked := rated(arena, "full", 1200), rated(arena, "chess", 1200), rated(arena, "locked", 1200)
	full.Players, elsewhere.Game, locked.Locked = 2, "chess", true
	s.Lead(fake.ByID(full, elsewhere, locked, rated(arena, "low", 900), rated(other, "near", 1230), fake.Room(arena, "none", 1, 2))...)
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
		f := routertest.Start(t, nil, s.Member()) // with no promises of the requests before
		got := enter(t, f, `{"game":"arena",`+body+`}`)
		if want != "" && string(got.Room) != want {
			t.Errorf("%s: sent to %s, want %s", body, got.Room, want)
		}
		for _, there := range s.Rooms {
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
	f := routertest.Start(t, nil, fake.FleetOf(1)...)
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
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena",`+body+`}`), 400, want)
	}
	for _, body := range []string{`"where":["a=1"]`, `"skill":{"property":"a"}`, `"waiting":"` + arena + `x"`} {
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena",`+body+`}`), 400, "use POST /v1/match")
	}
}
