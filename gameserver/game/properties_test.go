package game_test

import (
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

type lobby struct {
	mute
	About game.Properties[about] `state:"hidden"`
}

type about struct {
	Map      string  `state:"max=16"`
	MaxLevel uint8   `state:""`
	Delta    int32   `state:""`
	Ratio    float32 `state:"range=0..1,step=1/16"`
	Ranked   bool    `state:""`
}

func (l *lobby) Start(*game.Room) { *l.About.Get() = about{"ruins", 7, -3, 0.5, true} }
func (l *lobby) Tick(r *game.Room) {
	if r.Tick()%3 == 0 {
		l.About.Get().MaxLevel++
	}
}

func lobbies() game.Definition {
	return game.Definition{Name: "lobby", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &lobby{}, game.Settings{TickRate: 10, Seats: 2, Listed: true}, nil
	}}
}

func TestProperties(t *testing.T) {
	h := newHall(t, lobbies(), "", 1)
	want := map[string]any{"map": "ruins", "max_level": 7.0, "delta": -3.0, "ratio": 0.5, "ranked": true}
	expect := func(h *hall) {
		t.Helper()
		if got, changed := h.sim.Properties(); !changed || !maps.Equal(got, want) {
			t.Errorf("properties %v, changed %v; want %v", got, changed, want)
		}
		if got, changed := h.sim.Properties(); changed {
			t.Errorf("%v again, and nothing has changed", got)
		}
	}
	expect(h)
	h.steps(2)
	if _, changed := h.sim.Properties(); changed {
		t.Error("nothing has changed")
	}
	h.step()
	want["max_level"] = 8.0
	expect(h)
	expect(h.rebuilt())
	if allocs := testing.AllocsPerRun(100, func() { h.sim.Properties() }); allocs > 0 {
		t.Errorf("%v allocations to see that nothing has changed", allocs)
	}
	gametest.Check(t, lobbies(), gametest.Options{})
}

func TestPropertiesAreChecked(t *testing.T) {
	type text struct {
		A, B, C string `state:"max=255"`
	}
	type listed struct {
		X [3]uint8 `state:""`
	}
	type owned struct {
		X uint8 `state:"owner"`
	}
	for want, g := range map[string]game.Game{
		"3 properties with strings of 765 bytes; at most 16 and 512": &struct {
			mute
			About game.Properties[text]
		}{},
		"field Other is a second Properties": &struct {
			mute
			About game.Properties[about]
			Other game.Properties[about]
		}{},
		"field about is not exported": &struct {
			mute
			about game.Properties[about]
		}{},
		"property x is an array; write one property for each element": &struct {
			mute
			About game.Properties[listed]
		}{},
		"nobody owns a Value": &struct {
			mute
			About game.Properties[owned]
		}{},
	} {
		d := game.Definition{Name: "bad", New: func(json.RawMessage) (game.Game, game.Settings, error) {
			return g, game.Settings{TickRate: 1, Seats: 1}, nil
		}}
		if _, err := game.New(&d, nil, game.Origin{Seed: 1, Instance: 1}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q in it", err, want)
		}
	}
}
