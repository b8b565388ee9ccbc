package main

import (
	"math"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Input is the arena's input as this client knows it; a server whose arena has another one is refused by name.
type Input struct {
	MoveX  int8    `state:"range=-127..127"`
	MoveY  int8    `state:"range=-127..127"`
	Aim    float32 `state:"angle,bits=10"`
	Fire   bool    `state:""`
	Reload bool    `state:""`
}

// inputOf is a decision on the wire.
func inputOf(d decision) Input {
	in := Input{Aim: float32(math.Mod(d.aim, 2*math.Pi)), Fire: d.fire}
	if n := d.move.length(); n > 0 {
		in.MoveX, in.MoveY = int8(127*d.move.x/n), int8(127*d.move.y/n)
	}
	return in
}

// The arena's tables, as far as a bot looks at them.
type (
	fighterRow struct {
		X, Y  float32
		Alive bool
	}
	wallRow struct{ X, Y, W, H uint16 }
	roomRow struct{ Match uint32 } // the framework's: the match that is played, from 1
)

// sight is a look at one replica of the arena.
type sight struct {
	store    *state.Store
	fighters *state.Rows[fighterRow]
	walls    *state.Rows[wallRow]
	room     *state.Rows[roomRow]
	view     view // its slices are used again in each tick
}

// newSight fails when the room's tables are not the arena's.
func newSight(s *state.Store) (*sight, error) {
	fighters, err := state.RowsOf[fighterRow](s, "fighters")
	if err != nil {
		return nil, err
	}
	walls, err := state.RowsOf[wallRow](s, "walls")
	if err != nil {
		return nil, err
	}
	room, err := state.RowsOf[roomRow](s, "room")
	if err != nil {
		return nil, err
	}
	return &sight{store: s, fighters: fighters, walls: walls, room: room}, nil
}

// match is the number of the match that is played; 0 when there is none.
func (s *sight) match() uint32 {
	row, _ := s.room.Get(0)
	return row.Match
}

// look gives what the fighter in seat sees, until the next look; alive is false when there is none or it is dead.
func (s *sight) look(seat proto.Seat) (v view, alive bool) {
	me, ok := s.fighters.Get(state.RowID(seat))
	if !ok || !me.Alive {
		return v, false
	}
	if len(s.view.walls) == 0 { // they are the map's
		for _, w := range s.walls.All() {
			s.view.walls = append(s.view.walls, box{float64(w.X), float64(w.Y), float64(w.W), float64(w.H)})
		}
	}
	s.view.enemies = s.view.enemies[:0]
	for id, f := range s.fighters.All() {
		if id != state.RowID(seat) && f.Alive {
			s.view.enemies = append(s.view.enemies, vec{float64(f.X), float64(f.Y)})
		}
	}
	s.view.me = vec{float64(me.X), float64(me.Y)}
	return s.view, true
}
