package state

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"testing"

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
	field := rapid.IntRange(0, 15).Draw(t, "field")
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
			w.Match.Get().Seed += uint64(n)
			w.Deep.Get().Rand ^= uint64(n)
		}
	case 14:
		return func(w *world) {
			w.Shots.Emit(shot{From: seat, X: x, Text: "bang"})
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

// room is a world with its store.
type room struct {
	world
	*Store
}

func newRoom(t rapid.TB) *room {
	t.Helper()
	r := &room{}
	s, err := Open(nil, &r.world)
	if err != nil {
		t.Fatal(err)
	}
	r.Store = s
	s.SetHistory(5)
	return r
}

func (r *room) step(tick proto.Tick, edits []edit) {
	r.Begin()
	for _, e := range edits {
		e(&r.world)
	}
	r.Commit(tick)
}

// frames is all that a commit gives.
type frames struct {
	delta, keyframe, secret, secretKey []byte
	own, ownKey                        [len(audience)][]byte
}

var audience = [...]proto.Seat{0, 1, 2, 63, 7, proto.NoSeat}

func (r *room) frames() (f frames) {
	f.delta, f.keyframe = r.AppendDelta(nil), r.AppendKeyframe(nil)
	f.secret, f.secretKey = r.AppendSecretDelta(nil), r.AppendSecretKeyframe(nil)
	for i, seat := range audience {
		f.own[i], f.ownKey[i] = r.AppendOwnDelta(nil, seat), r.AppendOwnKeyframe(nil, seat)
	}
	return f
}

func (f *frames) equal(t rapid.TB, who string, g *frames) {
	t.Helper()
	same := func(what string, a, b []byte) {
		t.Helper()
		if !bytes.Equal(a, b) {
			t.Fatalf("%s: %s differs\n%x\n%x", who, what, a, b)
		}
	}
	same("delta", f.delta, g.delta)
	same("keyframe", f.keyframe, g.keyframe)
	same("secret delta", f.secret, g.secret)
	same("secret keyframe", f.secretKey, g.secretKey)
	for i := range audience {
		same(fmt.Sprint("own delta of ", audience[i]), f.own[i], g.own[i])
		same(fmt.Sprint("own keyframe of ", audience[i]), f.ownKey[i], g.ownKey[i])
	}
}

// structs is all that the game sees: rows with their owners, and values. Events are no state.
func (r *room) structs() string {
	var b strings.Builder
	structsOf(&b, &r.Fighters)
	structsOf(&b, &r.Many)
	structsOf(&b, &r.Hand)
	structsOf(&b, &r.Traps)
	structsOf(&b, &r.Plain)
	fmt.Fprintf(&b, "%v %v", *r.Match.Get(), *r.Deep.Get())
	return b.String()
}

func structsOf[T any](b *strings.Builder, t *Table[T]) {
	for id, row := range t.All() {
		fmt.Fprintf(b, "%d of %d: %#v\n", id, t.Owner(id), *row)
	}
}

func must(t rapid.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestFollowersAgree is the heart of the package. Replicas that follow by deltas hold what the leader holds, and no
// more; a standby that follows by deltas, and one built from keyframes at any tick, hold all of it, and as leaders go
// on byte for byte as the first one does.
func TestFollowersAgree(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		leader, standby := newRoom(t), newRoom(t)
		var replicas [len(audience)]*Store
		for i := range replicas {
			replicas[i] = NewReplica(leader.Schema())
		}
		var heirs []*room
		ticks := rapid.IntRange(1, 12).Draw(t, "ticks")
		for tick := proto.Tick(1); tick <= proto.Tick(ticks); tick++ {
			edits := rapid.SliceOfN(rapid.Custom(draw), 0, 12).Draw(t, "edits")
			leader.step(tick, edits)
			f := leader.frames()

			must(t, standby.ApplyDelta(tick, f.delta))
			must(t, standby.ApplySecretDelta(f.secret))
			if a, b := leader.SecretHash(), standby.SecretHash(); a != b {
				g := standby.frames()
				t.Fatalf("tick %d: standby differs\n%x %x\n%x %x", tick, f.keyframe, f.secretKey, g.keyframe, g.secretKey)
			}
			if a, b := leader.structs(), standby.structs(); a != b {
				t.Fatalf("tick %d: the standby's structs differ\n%s\n%s", tick, a, b)
			}
			for i, r := range replicas {
				must(t, r.ApplyDelta(tick, f.delta))
				must(t, r.ApplyOwnDelta(f.own[i]))
				if a, b := leader.Hash(), r.Hash(); a != b {
					t.Fatalf("tick %d: replica differs\n%x\n%x", tick, f.keyframe, r.AppendKeyframe(nil))
				}
				if own := r.AppendOwnKeyframe(nil, proto.NoSeat); !bytes.Equal(own, f.ownKey[i]) {
					t.Fatalf("tick %d: own part of seat %d differs\n%x\n%x", tick, audience[i], f.ownKey[i], own)
				}
				if rapid.IntRange(0, 5).Draw(t, "late") == 0 { // as a slow client, or one that comes now
					if rapid.Bool().Draw(t, "new") {
						replicas[i] = NewReplica(leader.Schema())
					}
					must(t, replicas[i].ApplyKeyframe(tick, f.keyframe))
					must(t, replicas[i].ApplyOwnKeyframe(f.ownKey[i]))
				}
			}
			for i, h := range heirs {
				h.step(tick, edits)
				g := h.frames()
				f.equal(t, fmt.Sprintf("heir %d at tick %d", i, tick), &g)
			}
			if rapid.Bool().Draw(t, "heir") {
				if len(heirs) == 0 || rapid.Bool().Draw(t, "another") {
					heirs = append(heirs, newRoom(t))
				}
				h := heirs[len(heirs)-1] // a new one, or one that has another state, in the middle of a tick
				if rapid.Bool().Draw(t, "busy") {
					h.Begin()
					for _, e := range rapid.SliceOfN(rapid.Custom(draw), 0, 5).Draw(t, "lost") {
						e(&h.world)
					}
				}
				must(t, h.ApplyKeyframe(tick, f.keyframe))
				must(t, h.ApplySecretKeyframe(f.secretKey))
			}
			if rapid.IntRange(0, 3).Draw(t, "takeover") == 0 { // the standby goes on as the leader
				leader, standby = standby, newRoom(t)
				must(t, standby.ApplyKeyframe(tick, f.keyframe))
				must(t, standby.ApplySecretKeyframe(f.secretKey))
				g := leader.frames()
				g.delta, g.secret, g.own = f.delta, f.secret, f.own
				f.equal(t, "successor", &g)
			}
		}
	})
}

// blur changes what seat must not see: hidden fields, owner fields of rows that it does not own, and rows of tables
// that are not public. What it does see becomes same, since a row that was handed to it may have been blurred before.
func blur(w *world, seat proto.Seat, n, same int32) {
	pick := func(owner proto.Seat) int32 {
		if owner == seat {
			return same
		}
		return n
	}
	for id, f := range w.Fighters.All() {
		f.Cool, f.Mood, f.Fear, f.Seen = uint16(n), float32(n%997)/997, float32(n%991)/991, proto.Tick(n)
		f.Password = fmt.Sprint(n)
		m := pick(w.Fighters.Owner(id))
		f.VX, f.VY, f.Ammo, f.Target, f.Sum = float32(m%5), float32(m%3), int8(m), proto.Seat(m), uint32(m)
	}
	for id, c := range w.Hand.All() {
		c.Trick = n
		m := pick(w.Hand.Owner(id))
		c.Suit, c.Lift = uint8(m), float32(m%8)
	}
	w.Traps.Put(RowID(n & 63)).N = int16(n)
	w.Match.Get().Seed, w.Deep.Get().Rand = uint64(n), uint64(n)
	w.Traces.Emit(trace{uint16(n)})
	if seat != 40 {
		w.Notes.EmitTo(40, note{n})
	}
}

// TestNothingLeaks: two rooms that differ in what a seat may not see give it, and everybody, the same bytes.
func TestNothingLeaks(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		seat := rapid.SampledFrom(audience[:]).Draw(t, "seat")
		a, b := newRoom(t), newRoom(t)
		for tick := range proto.Tick(rapid.IntRange(1, 8).Draw(t, "ticks")) {
			edits := rapid.SliceOfN(rapid.Custom(draw), 0, 8).Draw(t, "edits")
			values := rapid.Int32Range(0, 1<<30)
			same := values.Draw(t, "same")
			for _, r := range []*room{a, b} {
				n := values.Draw(t, "n")
				r.step(tick+1, append(edits[:len(edits):len(edits)], func(w *world) { blur(w, seat, n, same) }))
			}
			for what, f := range map[string]func(r *room) []byte{
				"delta":        func(r *room) []byte { return r.AppendDelta(nil) },
				"keyframe":     func(r *room) []byte { return r.AppendKeyframe(nil) },
				"own delta":    func(r *room) []byte { return r.AppendOwnDelta(nil, seat) },
				"own keyframe": func(r *room) []byte { return r.AppendOwnKeyframe(nil, seat) },
			} {
				if x, y := f(a), f(b); !bytes.Equal(x, y) {
					t.Fatalf("tick %d: %s of seat %d shows what it must not\n%x\n%x", tick+1, what, seat, x, y)
				}
			}
		}
	})
}
