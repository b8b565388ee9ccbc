package game_test

import (
	"context"
	"errors"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Profile is what the studio's backend keeps of a player.
type Profile struct{ Skin uint8 }

// Backend is a client of the studio's backend. Its methods may be called from any goroutine.
type Backend interface {
	Load(ctx context.Context, player string) (Profile, error)
	Save(ctx context.Context, player string, p Profile) error
}

// Salon keeps players' looks in the backend.
type Salon struct {
	Looks   game.Table[Look] `state:"max=8"`
	backend Backend          // of all rooms; New gets it from main
}

// Look is a player's, by seat.
type Look struct {
	Loaded bool   `state:""`
	Skin   uint8  `state:""`
	Job    uint32 `state:"hidden"` // that loads it
}

// What Salon's jobs are for.
const (
	load uint16 = iota
	save
)

// Join implements game.Game.
func (g *Salon) Join(r *game.Room, p game.Player) {
	g.Looks.Put(game.RowID(p.Seat))
	g.load(r, p)
}

func (g *Salon) load(r *game.Room, p game.Player) {
	backend, id := g.backend, string(p.ID) // copies: the function runs beside the room
	job := r.Go(load, uint64(p.Seat), func(ctx context.Context) (any, error) { return backend.Load(ctx, id) })
	g.Looks.Get(game.RowID(p.Seat)).Job = uint32(job)
}

// Leave implements game.Game.
func (g *Salon) Leave(r *game.Room, p game.Player) {
	backend, id, profile := g.backend, string(p.ID), Profile{g.Looks.Get(game.RowID(p.Seat)).Skin}
	r.Go(save, 0, func(ctx context.Context) (any, error) { return nil, backend.Save(ctx, id, profile) })
	g.Looks.Remove(game.RowID(p.Seat))
}

// Done implements game.Worker.
func (g *Salon) Done(r *game.Room, j game.Job) {
	look := g.Looks.Get(game.RowID(j.Data))
	switch p, _ := r.Player(game.Seat(j.Data)); {
	case j.Kind != load || look == nil || look.Job != uint32(j.ID): // who asked has left
	case errors.Is(j.Err, game.ErrLost): // the room has moved: ask again
		g.load(r, p)
	case j.Err != nil:
		r.Kick(p.Seat, "your profile cannot be loaded; try again later")
	default:
		look.Loaded, look.Skin = true, j.Value.(Profile).Skin
	}
}

func (g *Salon) Start(*game.Room) {}
func (g *Salon) Tick(*game.Room)  {}

func ExampleRoom_Go() {
	var g game.Worker = &Salon{}
	_ = g
}
