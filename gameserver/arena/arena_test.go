package arena

import (
	"flag"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

var update = flag.Bool("update", false, "write testdata anew")

// brawl is how a scripted fighter plays: it runs at the nearest enemy, strafes and shoots all the time.
func brawl(rng *rand.Rand, sim *game.Simulation, seat game.Seat) Input {
	me, ok := gametest.Row[Fighter](sim, "fighters", game.RowID(seat))
	if !ok {
		return Input{}
	}
	var dx, dy float64
	nearest := math.Inf(1)
	for other := range game.Seat(sim.Settings().Seats) {
		f, ok := gametest.Row[Fighter](sim, "fighters", game.RowID(other))
		x, y := float64(f.X)-float64(me.X), float64(f.Y)-float64(me.Y)
		if d := math.Hypot(x, y); ok && other != seat && f.Alive && d < nearest {
			nearest, dx, dy = d, x, y
		}
	}
	in := Input{Aim: float32(math.Atan2(dy, dx) + rng.NormFloat64()*0.03), Fire: nearest < 400, Reload: rng.IntN(200) == 0}
	axis := func(d float64) int8 {
		switch {
		case d > 40:
			return 127
		case d < -40:
			return -127
		}
		return 0
	}
	in.MoveX, in.MoveY = axis(dx), axis(dy)
	if int(sim.Tick())/12%3 == int(seat)%3 {
		in.MoveX, in.MoveY = in.MoveY, -in.MoveX
	}
	return in
}

func TestArenaKeepsThePromises(t *testing.T) {
	gametest.Check(t, Definition(), gametest.Options{
		Inputs: gametest.Script(brawl), Ticks: 450, Room: []byte(`{"seats": 6, "frag_limit": 3, "round_seconds": 6}`),
	})
	gametest.Check(t, Definition(), gametest.Options{
		Inputs: gametest.Random[Input](), Players: 20, Room: []byte(`{"seats": 16, "tick_rate": 10, "round_seconds": 5, "map": "yard"}`),
	})
	gametest.Check(t, Definition(), gametest.Options{
		Inputs: gametest.Script(brawl), Room: []byte(`{"seats": 2, "tick_rate": 60}`),
	})
}
