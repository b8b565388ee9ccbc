// Package hostile is the game of the attacks on a fleet: a player's message makes its room break in one of several ways. Until then
// the room is honest, and shows what its server believes of clients.
package hostile

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Name of the game.
const Name = "hostile"

// Game is one room.
type Game struct {
	Players game.Table[Player] `state:"max=64"`
	Order   game.Value[Order]
	Ballast game.Table[Ballast] `state:"max=4096"`
	Input   game.Inputs[Input]
}

// Player is what a room knows of a seat.
type Player struct {
	Back   uint16 `state:""`      // ticks by which the newest believed ack was behind the tick
	Hand   uint32 `state:"owner"` // only its player may see it
	Hidden uint32 `state:"hidden"`
}

// Order is what a player has told the room to do.
type Order struct {
	What    string `state:"max=16"` // a key of Orders; empty: nothing yet
	Ticks   uint32 `state:""`       // since then
	Refused uint32 `state:""`       // messages that Send refused
}

// Ballast makes a room's state large.
type Ballast struct {
	Text, More string `state:"max=200"`
}

// Input is what a player may send.
type Input struct {
	Press bool `state:""`
}

// Hand is the hand of a seat.
func Hand(s game.Seat) uint32 { return 0xC0FFEE00 | uint32(s) }

const (
	// fuse is how many ticks pass from an order to its deed: the standby has the state by then.
	fuse = 20
	// Customs is how many messages a tick of the order customs sends to each player.
	Customs = 5000
	// slowTick is how long a tick of the order slow takes.
	slowTick = 50 * time.Millisecond
)

// Orders are the messages that break a room, with what they do in each tick.
var Orders = map[string]func(g *Game, r *game.Room){
	"loop": func(*Game, *game.Room) {
		for i := 0; ; i++ { // never ends
		}
	},
	"goroutine": func(*Game, *game.Room) {
		go func() { panic("in a goroutine of the game") }()
		select {}
	},
	"slow": func(*Game, *game.Room) {
		for begun := time.Now(); time.Since(begun) < slowTick; {
		}
	},
	"large": func(g *Game, _ *game.Room) {
		for range 500 {
			if _, row := g.Ballast.Add(); row != nil {
				row.Text, row.More = strings.Repeat("x", 200), strings.Repeat("y", 200)
			}
		}
	},
	"customs": func(g *Game, r *game.Room) {
		for p := range r.Players() {
			for range Customs {
				if r.Send(p.Seat, []byte("spam")) != nil {
					g.Order.Get().Refused++
				}
			}
		}
	},
}

// Definition names the game for servers. The option "tick_rate" is its ticks per second, 20 by default.
func Definition() game.Definition {
	return game.Definition{Name: Name, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		o := struct {
			TickRate int `json:"tick_rate"`
		}{20}
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, fmt.Errorf("options %s: %w", options, err)
			}
		}
		return &Game{}, game.Settings{TickRate: o.TickRate, Seats: 64}, nil
	}}
}

// Start implements game.Game.
func (g *Game) Start(*game.Room) {}

// Join implements game.Game.
func (g *Game) Join(_ *game.Room, p game.Player) {
	row := g.Players.Put(game.RowID(p.Seat))
	row.Hand, row.Hidden = Hand(p.Seat), Hand(p.Seat)
	g.Players.SetOwner(game.RowID(p.Seat), p.Seat)
}

// Leave implements game.Game.
func (g *Game) Leave(_ *game.Room, p game.Player) { g.Players.Remove(game.RowID(p.Seat)) }

// Message implements game.Messenger: a key of Orders is obeyed.
func (g *Game) Message(_ *game.Room, _ game.Player, what []byte) {
	if _, known := Orders[string(what)]; known {
		g.Order.Get().What = string(what)
	}
}

// Tick implements game.Game.
func (g *Game) Tick(r *game.Room) {
	for p := range r.Players() {
		for _, s := range g.Input.Of(p.Seat) {
			g.Players.Get(game.RowID(p.Seat)).Back = uint16(min(r.Tick()-s.Ack, 1<<16-1))
		}
	}
	o := g.Order.Get()
	if o.What == "" {
		return
	}
	if o.Ticks++; o.Ticks > fuse {
		Orders[o.What](g, r)
	}
}
