package state

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

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

// TestFramesWait: what a commit gave stays as it was while the game goes on with the next tick.
func TestFramesWait(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newRoom(t)
		edits := rapid.SliceOfN(rapid.Custom(draw), 0, 8)
		a.step(1, edits.Draw(t, "first"))
		a.step(2, edits.Draw(t, "second"))
		f := a.frames()
		a.Begin()
		for _, e := range edits.Draw(t, "third") {
			e(&a.world)
		}
		g := a.frames()
		f.equal(t, "while the next tick is played", &g)
	})
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
