package textframes

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// BenchmarkTick is what a client of text frames costs a server each tick beyond one of binary frames: 16 rows that move, of which it owns one.
func BenchmarkTick(b *testing.B) {
	type mover struct {
		X     float32 `state:"range=0..1024,step=1/16"`
		Y     float32 `state:"range=0..1024,step=1/16"`
		Aim   float32 `state:"angle,bits=8"`
		HP    uint8   `state:"range=0..100"`
		Score uint16  `state:""`
		Ammo  uint8   `state:"owner"`
	}
	var game struct {
		Movers state.Table[mover] `state:"max=16"`
	}
	store, err := state.Open(nil, &game)
	if err != nil {
		b.Fatal(err)
	}
	for id := range state.RowID(16) {
		*game.Movers.Put(id) = mover{X: float32(id), HP: 100}
	}
	game.Movers.SetOwner(3, 3)
	store.Commit(1)
	var tr translator
	first := proto.Welcome{Version: 1, Room: "r", Game: "g", Seat: 3, TickRate: 30, Tick: 1, Schema: store.Schema().Append(nil)}.Append(nil)
	first = proto.Own{Full: true, Private: store.AppendOwnKeyframe(nil, 3)}.Append(first)
	if _, err := tr.toClient(proto.Keyframe{Tick: 1, Body: store.AppendKeyframe(nil)}.Append(first)); err != nil {
		b.Fatal(err)
	}
	binary, text := 0, 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		store.Begin()
		for id, m := range game.Movers.All() {
			m.X, m.Y = m.X+0.25+float32(id%3)/8, m.Y+float32(int(store.Tick())%5)/16
			m.Aim += 0.05
		}
		store.Commit(store.Tick() + 1)
		message := proto.Own{Private: store.AppendOwnDelta(nil, 3)}.Append(nil)
		message = proto.Delta{Tick: uint16(store.Tick()), Body: store.AppendDelta(nil)}.Append(message)
		b.StartTimer()
		out, err := tr.toClient(message)
		if err != nil {
			b.Fatal(err)
		}
		binary, text = binary+len(message), text+len(out)
	}
	b.ReportMetric(float64(binary)/float64(b.N), "binary-B/op")
	b.ReportMetric(float64(text)/float64(b.N), "text-B/op")
}
