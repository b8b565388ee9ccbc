package game_test

import (
	"encoding/json"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Race is a game whose rooms are listed with the track that is driven.
type Race struct {
	About game.Properties[RaceAbout] `state:"hidden"`
}

// RaceAbout is what lists show of a race.
type RaceAbout struct {
	Track    string `state:"max=24"`
	MinLevel uint8  `state:""`
}

func (g *Race) Start(*game.Room)              { *g.About.Get() = RaceAbout{Track: "alps", MinLevel: 3} }
func (g *Race) Join(*game.Room, game.Player)  {}
func (g *Race) Leave(*game.Room, game.Player) {}
func (g *Race) Tick(r *game.Room) {
	if r.Match() > 3 {
		g.About.Get().Track = "desert" // lists show it within a second
	}
}

func ExampleProperties() {
	_ = game.Definition{Name: "race", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &Race{}, game.Settings{TickRate: 30, Seats: 8, Listed: true}, nil
	}}
}
