package state

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// fuzzRoom is a room with rows in every table, after two ticks, so that a delta of tick 3 has something to change.
func fuzzRoom(t testing.TB) (a *room, before frames) {
	a = newRoom(t)
	a.step(1, []edit{func(w *world) {
		for id := range RowID(3) {
			*w.Fighters.Put(id) = fighter{X: 9, Y: 2, Aim: 1, HP: 50, Name: "anna", VX: 1, Mood: 0.5}
			w.Fighters.SetOwner(id, proto.Seat(id))
			w.Hand.Put(id + 1).Suit = 2
			w.Hand.SetOwner(id+1, 0)
			w.Many.Put(id * 60).Color = 7
			w.Traps.Put(id * 30).N = 5
			w.Plain.Put(id).A = 3
		}
	}})
	a.step(2, []edit{func(w *world) {
		for _, f := range w.Fighters.All() {
			f.X, f.Y, f.VX, f.Mood = f.X+1, f.Y+0.1, 2, 0.6
			f.Aim, f.Name, f.Total = 2, "bob", 77
			f.Board[8], f.Items[1] = 2, 300
		}
	}})
	before = a.frames()
	a.step(3, []edit{func(w *world) {
		w.Fighters.Get(0).X, w.Fighters.Get(1).X, w.Fighters.Get(2).X = 11, 40, 1000
		w.Fighters.Get(1).VX, w.Fighters.Get(1).Cool = -1, 9
		w.Fighters.Get(1).Board, w.Fighters.Get(0).Keys[63], w.Fighters.Get(0).Aims[1] = [9]uint8{1, 2, 1}, true, 3
		w.Fighters.Get(0).Items, w.Fighters.Get(2).Way[0] = [5]uint16{9, 8}, 2
		w.Fighters.SetOwner(2, 0)
		w.Many.Remove(60)
		w.Hand.Remove(2)
		w.Traps.Put(7)
		w.Shots.Emit(shot{From: 1, Text: "bang"})
		w.Notes.EmitTo(0, note{5})
		w.Match.Get().Clock = 3
	}})
	return a, before
}

// fuzzApply feeds body to a replica and a standby, as each kind of frame. None may panic, then or later, and a
// keyframe repairs whatever it did.
func fuzzApply(f *testing.F, key bool) {
	a, before := fuzzRoom(f)
	now := a.frames()
	for i, b := range [][]byte{now.delta, now.own[0], now.own[1], now.secret, now.keyframe, now.ownKey[0], now.secretKey} {
		f.Add(byte(i), b)
	}
	f.Fuzz(func(t *testing.T, what byte, body []byte) {
		s, r := newRoom(t), NewReplica(a.Schema())
		must(t, s.ApplyKeyframe(2, before.keyframe))
		must(t, s.ApplySecretKeyframe(before.secretKey))
		must(t, r.ApplyKeyframe(2, before.keyframe))
		must(t, r.ApplyOwnKeyframe(before.ownKey[0]))
		var errs [3]error
		if key {
			errs = [3]error{r.ApplyKeyframe(3, body), r.ApplyOwnKeyframe(body), s.ApplySecretKeyframe(body)}
			if what&1 == 0 {
				errs[0] = s.ApplyKeyframe(3, body)
			}
		} else {
			errs = [3]error{r.ApplyDelta(3, body), r.ApplyOwnDelta(body), s.ApplySecretDelta(body)}
			if what&1 == 0 {
				errs[0] = s.ApplyDelta(3, body)
			}
		}
		for _, err := range errs {
			if err != nil && err.Error() == "" {
				t.Error("an error without a word")
			}
		}
		// Whatever was read, the stores can go on.
		r.Hash()
		r.AppendOwnKeyframe(nil, 0)
		s.SecretHash()
		s.Fighters.Past(3, 4)
		s.step(4, nil)
		s.frames()
		must(t, s.ApplyKeyframe(3, now.keyframe))
		must(t, s.ApplySecretKeyframe(now.secretKey))
		must(t, r.ApplyKeyframe(3, now.keyframe))
		must(t, r.ApplyOwnKeyframe(now.ownKey[0]))
		if s.SecretHash() != a.SecretHash() || r.Hash() != a.Hash() {
			t.Fatal("a keyframe did not repair the store")
		}
	})
}

func FuzzApplyDelta(f *testing.F) { fuzzApply(f, false) }

func FuzzApplyKeyframe(f *testing.F) { fuzzApply(f, true) }

// FuzzParseSchema: what is read is a schema that NewReplica takes and that says the same when it is written again.
func FuzzParseSchema(f *testing.F) {
	f.Add(worldSchema(f).Append(nil))
	f.Add((&Schema{}).Append(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseSchema(b)
		if err != nil {
			return
		}
		again := s.Append(nil)
		if string(again) != string(b) {
			t.Fatalf("%x became %x", b, again)
		}
		NewReplica(s).Hash()
	})
}

// FuzzParsePeerSchema: what is read is a schema that NewMirror takes and that says the same when it is written again.
func FuzzParsePeerSchema(f *testing.F) {
	f.Add(worldSchema(f).AppendPeer(nil))
	f.Add((&Schema{}).AppendPeer(nil))
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParsePeerSchema(b)
		if err != nil {
			return
		}
		again := s.AppendPeer(nil)
		if string(again) != string(b) {
			t.Fatalf("%x became %x", b, again)
		}
		NewMirror(s).SecretHash()
	})
}

// FuzzCodecParse: what is read can be written and read again.
func FuzzCodecParse(f *testing.F) {
	c, err := NewCodec[sample]()
	must(f, err)
	var zero sample
	c.Quantise(&zero)
	next := sample{MoveX: 1, MoveY: -1, Aim: 3, Far: 7, Fire: true, Slot: 2, Big: 1 << 40, Raw: 1.5, Word: "日"}
	f.Add(c.Append(nil, &zero, &next))
	f.Add(c.Append(nil, &next, &zero))
	f.Fuzz(func(t *testing.T, b []byte) {
		var v, w sample
		rest, err := c.Parse(b, &zero, &v)
		if err != nil {
			return
		}
		if len(rest) >= len(b) {
			t.Fatal("nothing was read")
		}
		quantised := v
		if c.Quantise(&quantised); quantised != v {
			t.Fatalf("%+v was read, which is not quantised", v)
		}
		if _, err := c.Parse(c.Append(nil, &zero, &v), &zero, &w); err != nil || v != w {
			t.Fatalf("%+v became %+v, %v", v, w, err)
		}
	})
}
