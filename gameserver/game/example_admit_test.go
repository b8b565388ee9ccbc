package game_test

import (
	"encoding/json"
	"errors"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Ranked lets in players of a league. The league is in the identity token that the game's backend gives them.
type Ranked struct {
	Players game.Table[Ranking] `state:"max=8"`
}

// Ranking is what is kept of the claims.
type Ranking struct {
	League uint8 `state:""`
}

// Admit implements game.Admitter.
func (g *Ranked) Admit(r *game.Room, p game.Player, claims json.RawMessage) error {
	var of struct{ League uint8 }
	if claims != nil {
		if err := json.Unmarshal(claims, &of); err != nil {
			return errors.New("your account has no league")
		}
	}
	if of.League == 0 {
		return errors.New("play a match of placement first") // the player reads this
	}
	g.Players.Put(game.RowID(p.Seat)).League = of.League
	return nil
}

func (g *Ranked) Start(*game.Room)                  {}
func (g *Ranked) Join(*game.Room, game.Player)      {}
func (g *Ranked) Leave(_ *game.Room, p game.Player) { g.Players.Remove(game.RowID(p.Seat)) }
func (g *Ranked) Tick(*game.Room)                   {}

func ExampleAdmitter() {
	// Players cannot choose the options of a ranked room either: the backend signs them.
	_ = game.Definition{Name: "ranked", SignedOptions: true, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		return &Ranked{}, game.Settings{TickRate: 20, Seats: 8}, nil
	}}
}
