package state

import (
	"math"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// edit is one thing that a game does to its tables. It is applied to several worlds, which must stay equal.
type edit func(w *world)

// floats reach beyond every range and have the values that are no numbers.
func floats() *rapid.Generator[float32] {
	return rapid.OneOf(
		rapid.Float32Range(-20, 1100),
		rapid.SampledFrom([]float32{0, 1024, -10, 10, 0.5, float32(math.NaN()), float32(math.Inf(1)), float32(math.Inf(-1)), float32(math.Copysign(0, -1)), math.MaxFloat32}),
	)
}

func texts() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringN(0, 20, 40), rapid.SampledFrom([]string{"", "a\xffb", "日本語日本語", "anna"}))
}

func seats() *rapid.Generator[proto.Seat] {
	return rapid.SampledFrom([]proto.Seat{0, 1, 2, 63, proto.NoSeat})
}

func editFighter(t *rapid.T) func(f *fighter) {
	field := rapid.IntRange(0, 18).Draw(t, "field")
	x, y := floats().Draw(t, "x"), floats().Draw(t, "y")
	n := rapid.Int64().Draw(t, "n")
	d := rapid.Float32Range(-12, 12).Draw(t, "d")
	s := texts().Draw(t, "s")
	return func(f *fighter) {
		switch field {
		case 0:
			f.X, f.Y, f.Z = x, y, float64(x)
		case 1:
			f.X += d
			f.Y += d / 100
			f.Z += float64(d)
			f.Step += int16(d)
		case 2:
			f.VX, f.VY = f.VX+d/50, y
			f.Sum += uint32(n & 0xff)
		case 3:
			f.Aim += d / 10
			f.Turn += float64(d)
		case 4:
			f.Aim, f.Turn = x, float64(y)
		case 5:
			f.HP, f.Alive = uint8(n), n&1 == 0
		case 6:
			f.Ammo, f.Target = int8(n), proto.Seat(n)
		case 7:
			f.Name = s
		case 8:
			f.Password = s
		case 9:
			f.Mood, f.Fear = f.Mood+d/100, x
		case 10:
			f.Cool, f.Seen = uint16(n), proto.Tick(n)
		case 11:
			f.Raw = x
		case 12:
			f.Score, f.Total = int32(n), n
		case 13:
			f.Mask, f.Mark = uint64(n), uint64(n)
		case 14:
			f.Step, f.Sum = int16(n), uint32(n)
		case 15:
			f.Total += int64(d)
			f.Mask -= 3
		case 16:
			f.Board[n&7] = uint8(n >> 8)
			f.Keys[n&63] = !f.Keys[n&63]
		case 17:
			f.Board = [9]uint8{0, 1, 2, uint8(n)}
			f.Items[n&3], f.Items[4] = uint16(n), f.Items[4]+1
			f.Keys = [64]bool{63: n&1 == 0, 5: true}
		case 18:
			f.Aims[n&1] += d / 10
			f.Way = [3]float64{float64(x), float64(d), float64(y)}
			f.Ids[n&1] += uint64(n)
			f.Raws[0] = y
		}
	}
}

// draw gives one random edit.
func draw(t *rapid.T) edit {
	kind := rapid.IntRange(0, 15).Draw(t, "kind")
	id := RowID(rapid.IntRange(0, 210).Draw(t, "id"))
	seat := seats().Draw(t, "seat")
	n := rapid.Int32().Draw(t, "n")
	x := floats().Draw(t, "x")
	switch kind {
	case 0, 1, 2, 3:
		id %= 6
		f := editFighter(t)
		return func(w *world) {
			if r := w.Fighters.Get(id); r != nil {
				f(r)
			}
		}
	case 4:
		return func(w *world) {
			if id, r := w.Fighters.Add(); r != nil {
				r.X, r.Mood = x, x
				w.Fighters.SetOwner(id, seat)
			}
		}
	case 5:
		return func(w *world) { w.Fighters.Remove(id % 6) }
	case 6:
		return func(w *world) { w.Fighters.SetOwner(id%6, seat) }
	case 7:
		return func(w *world) {
			if r := w.Fighters.Put(id % 6); r != nil {
				r.Y = x
			}
		}
	case 8:
		return func(w *world) {
			if r := w.Many.Put(id); r != nil {
				r.X, r.Color = x, uint8(n)
			}
		}
	case 9:
		return func(w *world) {
			for id, r := range w.Many.All() {
				r.X += 0.25
				if int(id)%7 == int(n)%7 {
					w.Many.Remove(id)
				}
			}
		}
	case 10:
		return func(w *world) {
			if id, r := w.Hand.Add(); r != nil {
				*r = card{Suit: uint8(n), Lift: x, Trick: n}
				w.Hand.SetOwner(id, seat)
			}
		}
	case 11:
		return func(w *world) {
			w.Hand.SetOwner(id%7, seat)
			if n&1 == 0 {
				w.Hand.Remove(id % 7)
			} else if r := w.Hand.Get((id + 1) % 7); r != nil {
				r.Lift += 0.125
				r.Trick++
			}
		}
	case 12:
		return func(w *world) {
			if r := w.Traps.Put(id); r != nil {
				r.X, r.N = x, int16(n)
			}
			w.Traps.Remove(id + 1)
			for _, r := range w.Traps.All() {
				r.X++
			}
		}
	case 13:
		return func(w *world) {
			w.Match.Get().Clock += 1.0 / 30
			w.Match.Get().Phase = uint8(n)
			w.Match.Get().Won[n&3]++
			w.Match.Get().Seed += uint64(n)
			w.Deep.Get().Rand ^= uint64(n)
		}
	case 14:
		return func(w *world) {
			w.Shots.Emit(shot{From: seat, X: x, Text: "bang", Hits: [3]int8{int8(n)}})
			w.Notes.EmitTo(seat, note{n})
			w.Traces.Emit(trace{uint16(n)})
		}
	}
	return func(w *world) {
		if id, r := w.Plain.Add(); r != nil {
			r.A = int8(n)
			w.Plain.SetOwner(id, seat)
		} else {
			w.Plain.Remove(RowID(n&3) % 3)
		}
	}
}
