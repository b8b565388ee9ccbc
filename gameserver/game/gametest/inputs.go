package gametest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Inputs makes the samples that players send; Random and Script make one.
type Inputs struct {
	append func(b []byte, n int, rng *rand.Rand, sim *game.Simulation, seat game.Seat) ([]byte, error)
}

// Message makes a custom message of the player on seat. It may look at sim but not touch it.
type Message func(rng *rand.Rand, sim *game.Simulation, seat game.Seat) []byte

// Script makes samples by f, which may look at the room but not touch it; Row helps it. T is the T of the game's
// Inputs.
func Script[T any](f func(rng *rand.Rand, sim *game.Simulation, seat game.Seat) T) Inputs {
	codec, err := state.NewCodec[T]()
	return Inputs{func(b []byte, n int, rng *rand.Rand, sim *game.Simulation, seat game.Seat) ([]byte, error) {
		if err != nil {
			return nil, err
		}
		if want := sim.Store().Schema().Input; !reflect.DeepEqual(*codec.Schema(), want) {
			return nil, fmt.Errorf("samples are of type %v, which is not the game's", reflect.TypeFor[T]())
		}
		var base T
		codec.Quantise(&base)
		for range n {
			v := f(rng, sim, seat)
			codec.Quantise(&v)
			b = codec.Append(b, &base, &v)
			base = v
		}
		return b, nil
	}}
}

// Encode encodes samples as a client would send them, for tests that play by hand: first is the number of the first
// one, ack the tick that the player saw.
func Encode[T any](t testing.TB, first proto.Seq, ack game.Tick, samples ...T) proto.Input {
	t.Helper()
	codec, err := state.NewCodec[T]()
	if err != nil {
		t.Fatal(err)
	}
	in := proto.Input{First: first, Ack: ack, Count: len(samples)}
	var base T
	codec.Quantise(&base)
	for _, v := range samples {
		codec.Quantise(&v)
		in.Samples = codec.Append(in.Samples, &base, &v)
		base = v
	}
	return in
}

// Random makes samples of random fields, the extremes among them; each is kept for a while, as a hand on a key would.
func Random[T any]() Inputs {
	last := map[game.Seat]T{}
	return Script(func(rng *rand.Rand, _ *game.Simulation, seat game.Seat) T {
		v := last[seat]
		for i := range reflect.TypeFor[T]().NumField() {
			if rng.IntN(6) == 0 {
				randomise(rng, reflect.ValueOf(&v).Elem().Field(i))
			}
		}
		last[seat] = v
		return v
	})
}

func randomise(rng *rand.Rand, v reflect.Value) {
	switch {
	case v.Kind() == reflect.Bool:
		v.SetBool(rng.IntN(2) == 0)
	case v.CanInt():
		most := int64(math.MaxInt64) >> (64 - v.Type().Bits())
		v.SetInt([]int64{0, 1, -1, most, -most - 1, int64(rng.Uint64()) >> (64 - v.Type().Bits())}[rng.IntN(6)])
	case v.CanUint():
		most := uint64(math.MaxUint64) >> (64 - v.Type().Bits())
		v.SetUint([]uint64{0, 1, 2, 3, most, rng.Uint64() & most}[rng.IntN(6)])
	case v.CanFloat():
		v.SetFloat([]float64{0, rng.Float64(), rng.NormFloat64() * 1000, math.Inf(1), math.NaN()}[rng.IntN(5)])
	case v.Kind() == reflect.String:
		v.SetString(string([]rune{rune(rng.IntN(0x3000))}))
	}
}

// Row gives row id of a table as of the last tick, by its name on the wire; T may have fewer fields than the table.
// For Script. ok is false when there is no such row; a table without that name is a panic.
func Row[T any](sim *game.Simulation, table string, id game.RowID) (row T, ok bool) {
	rows, err := state.RowsOf[T](sim.Store(), table)
	if err != nil {
		panic(err)
	}
	return rows.Get(id)
}
