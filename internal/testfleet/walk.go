package testfleet

import (
	"encoding/json"
	"fmt"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// WalkName is the name of Walk.
const WalkName proto.GameName = "walk"

// Walk is a game for tests: each input is a step, the custom message "panic" makes it fail, and "finish" ends a match. It has 8 seats and, unless
// the option "rate" says otherwise, 30 ticks a second.
func Walk() game.Definition {
	return game.Definition{Name: WalkName, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		o := struct {
			Rate int `json:"rate"`
		}{30}
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, fmt.Errorf("walk: %w", err)
			}
		}
		return &walk{}, game.Settings{TickRate: o.Rate, Seats: 8}, nil
	}}
}

type walk struct {
	Walkers game.Table[Walker] `state:"max=8"`
	Input   game.Inputs[Step]
}

// Walker is a player's row, by seat.
type Walker struct {
	X     float32 `state:"range=-1024..1024,step=1/16"`
	Steps uint32  `state:""`
}

// Step is the input.
type Step struct {
	Right bool `state:""`
}

func (w *walk) Start(*game.Room)                  {}
func (w *walk) Join(_ *game.Room, p game.Player)  { w.Walkers.Put(game.RowID(p.Seat)) }
func (w *walk) Leave(_ *game.Room, p game.Player) { w.Walkers.Remove(game.RowID(p.Seat)) }
func (w *walk) Message(r *game.Room, p game.Player, payload []byte) {
	switch string(payload) {
	case "panic":
		panic("as the player asked")
	case "finish":
		r.Finish(game.Outcome{Results: []game.Result{{Seat: p.Seat, Place: 1, Score: int32(w.Walkers.Get(game.RowID(p.Seat)).Steps)}}})
	}
}

func (w *walk) Tick(r *game.Room) {
	for p := range r.Players() {
		walker := w.Walkers.Get(game.RowID(p.Seat))
		for _, s := range w.Input.Of(p.Seat) {
			walker.Steps++
			if s.Value.Right {
				walker.X += 0.5
			} else {
				walker.X -= 0.5
			}
		}
	}
}
