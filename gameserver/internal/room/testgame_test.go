package room

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// testGame is a small game that obeys custom messages, so that tests can make things happen in a room.
type testGame struct {
	Rows   game.Table[testRow] `state:"max=64"`
	Orders game.Value[testOrders]
	Last   game.Value[testLast]
	In     game.Inputs[testInput]

	settings game.Settings
}

type testRow struct {
	X      int32 `state:""`
	Secret int32 `state:"owner"`
}

type testOrders struct {
	Nap uint16 `state:"hidden"` // ms that each tick takes
}

// testLast is of the last sample.
type testLast struct {
	Behind uint8 `state:""` // by how many ticks what the player saw was behind the tick that took it
}

type testInput struct {
	DX int8 `state:""`
}

var testDefinition = game.Definition{
	Name: "test",
	New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		s := game.Settings{TickRate: 20, Seats: 8}
		if len(options) > 0 {
			if err := json.Unmarshal(options, &s); err != nil {
				return nil, s, err
			}
		}
		return &testGame{settings: s}, s, nil
	},
}

func (d *testGame) Start(r *game.Room) {}

func (d *testGame) Join(r *game.Room, p game.Player) {
	d.Rows.Put(game.RowID(p.Seat))
	d.Rows.SetOwner(game.RowID(p.Seat), p.Seat)
}

// Keep implements game.Keeper.
func (d *testGame) Keep(*game.Room, game.Player) bool { return true }

func (d *testGame) Leave(r *game.Room, p game.Player) { d.Rows.Remove(game.RowID(p.Seat)) }

func (d *testGame) Tick(r *game.Room) {
	time.Sleep(time.Duration(d.Orders.Get().Nap) * time.Millisecond)
	for p := range r.Players() {
		row := d.Rows.Get(game.RowID(p.Seat))
		for _, s := range d.In.Of(p.Seat) {
			row.X += int32(s.Value.DX)
			row.Secret -= int32(s.Value.DX)
			d.Last.Get().Behind = uint8(r.Tick() - s.Ack)
		}
	}
}

// Message obeys: "panic", "finish", "finish all" (those who have left, too), "lock", "unlock", "close REASON", "nap MS", "kick SEAT REASON", "tell SEAT TEXT" (255: everyone).
func (d *testGame) Message(r *game.Room, p game.Player, payload []byte) {
	order := string(payload)
	var seat, nap int
	var text string
	switch {
	case order == "panic":
		panic("ordered to")
	case order == "lock":
		r.Lock()
	case order == "unlock":
		r.Unlock()
	case scan(order, "close %s", &text):
		r.Close(text)
	case order == "finish":
		r.Finish(game.Outcome{Results: []game.Result{{Seat: p.Seat, Place: 1, Score: 7}}})
	case order == "finish all":
		o := game.Outcome{Results: []game.Result{{Seat: p.Seat, Place: 1, Score: 7}}}
		for p := range r.Left() {
			o.Results = append(o.Results, game.Result{Alias: p.Alias, Place: 2, Score: 3})
		}
		r.Finish(o)
	case scan(order, "nap %d", &nap):
		d.Orders.Get().Nap = uint16(nap)
	case scan(order, "kick %d %s", &seat, &text):
		r.Kick(proto.Seat(seat), text)
	case scan(order, "tell %d %s", &seat, &text):
		r.Send(proto.Seat(seat), []byte(text))
	}
}

// Receive implements game.Receiver: the orders of the first player.
func (d *testGame) Receive(r *game.Room, payload []byte) {
	p, _ := r.Player(0)
	d.Message(r, p, payload)
}

func scan(s, format string, to ...any) bool {
	n, err := fmt.Sscanf(s, format, to...)
	return err == nil && n == len(to)
}

func testOptions(rate, seats int) []byte {
	return fmt.Appendf(nil, `{"TickRate":%d,"Seats":%d}`, rate, seats)
}

// newTestGame is a simulation of testGame with so many ticks a second and seats.
func newTestGame(t testing.TB, rate, seats int) *game.Simulation {
	t.Helper()
	sim, err := game.New(&testDefinition, testOptions(rate, seats), game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	return sim
}

// testInputs is an input message with the samples first, first+1, ... of dx.
func testInputs(first proto.Seq, dx ...int8) proto.Input {
	codec, err := state.NewCodec[testInput]()
	if err != nil {
		panic(err)
	}
	in := proto.Input{First: first, Count: len(dx)}
	var base testInput
	for _, d := range dx {
		v := testInput{DX: d}
		in.Samples = codec.Append(in.Samples, &base, &v)
		base = v
	}
	return in
}
