package state

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// applier is one of the functions that take a body.
type applier struct {
	name  string
	body  []byte
	apply func(b []byte) error
}

// appliers gives every body of a commit with the function that reads it, on stores that were made ready for it.
func appliers(t rapid.TB, tick proto.Tick, before, f *frames) []applier {
	ready := func() (*room, *Store) {
		standby := newRoom(t)
		replica := NewReplica(standby.Schema())
		must(t, standby.ApplyKeyframe(tick-1, before.keyframe))
		must(t, standby.ApplySecretKeyframe(before.secretKey))
		must(t, replica.ApplyKeyframe(tick-1, before.keyframe))
		must(t, replica.ApplyOwnKeyframe(before.ownKey[0]))
		return standby, replica
	}
	return []applier{
		{"delta", f.delta, func(b []byte) error { _, r := ready(); return r.ApplyDelta(tick, b) }},
		{"own delta", f.own[0], func(b []byte) error {
			_, r := ready()
			must(t, r.ApplyDelta(tick, f.delta))
			return r.ApplyOwnDelta(b)
		}},
		{"secret delta", f.secret, func(b []byte) error {
			s, _ := ready()
			must(t, s.ApplyDelta(tick, f.delta))
			return s.ApplySecretDelta(b)
		}},
		{"keyframe", f.keyframe, func(b []byte) error { _, r := ready(); return r.ApplyKeyframe(tick, b) }},
		{"own keyframe", f.ownKey[0], func(b []byte) error {
			_, r := ready()
			must(t, r.ApplyKeyframe(tick, f.keyframe))
			return r.ApplyOwnKeyframe(b)
		}},
		{"secret keyframe", f.secretKey, func(b []byte) error {
			s, _ := ready()
			must(t, s.ApplyKeyframe(tick, f.keyframe))
			return s.ApplySecretKeyframe(b)
		}},
	}
}

// TestCutAndLong: every body is read as it is, and no shorter prefix of it and nothing longer.
func TestCutAndLong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newRoom(t)
		a.step(1, rapid.SliceOfN(rapid.Custom(draw), 0, 8).Draw(t, "before"))
		before := a.frames()
		a.step(2, rapid.SliceOfN(rapid.Custom(draw), 0, 8).Draw(t, "edits"))
		f := a.frames()
		for _, x := range appliers(t, 2, &before, &f) {
			if err := x.apply(x.body); err != nil {
				t.Fatalf("%s: %v", x.name, err)
			}
			n := rapid.IntRange(0, len(x.body)-1).Draw(t, "cut")
			for _, n := range []int{0, n, len(x.body) - 1} {
				if err := x.apply(x.body[:n]); !errors.Is(err, proto.ErrShort) {
					t.Fatalf("%s of %d bytes cut at %d: %v", x.name, len(x.body), n, err)
				}
			}
			if err := x.apply(append(x.body[:len(x.body):len(x.body)], 0)); !errors.Is(err, proto.ErrTrailing) {
				t.Fatalf("%s with a byte behind it: %v", x.name, err)
			}
		}
	})
}

// TestNoise: bytes that are changed give an error or another state, never a panic, and a keyframe repairs the store.
func TestNoise(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := newRoom(t)
		a.step(1, rapid.SliceOfN(rapid.Custom(draw), 0, 8).Draw(t, "before"))
		before := a.frames()
		a.step(2, rapid.SliceOfN(rapid.Custom(draw), 0, 8).Draw(t, "edits"))
		f := a.frames()
		for _, x := range appliers(t, 2, &before, &f) {
			b := append([]byte(nil), x.body...)
			for range rapid.IntRange(1, 3).Draw(t, "changes") {
				b[rapid.IntRange(0, len(b)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "to")
			}
			_ = x.apply(b) // a changed value may well be a value
		}
		s, r := newRoom(t), NewReplica(a.Schema())
		spoil := func(err error) bool { return err != nil }
		spoil(s.ApplyKeyframe(7, f.secretKey))
		spoil(s.ApplySecretKeyframe(f.keyframe))
		spoil(s.ApplyDelta(s.Tick()+1, f.keyframe))
		spoil(s.ApplySecretDelta(f.ownKey[1]))
		spoil(r.ApplyOwnKeyframe(f.keyframe))
		spoil(r.ApplyDelta(1, f.secret))
		spoil(r.ApplyOwnDelta(f.delta))
		must(t, s.ApplyKeyframe(2, f.keyframe))
		must(t, s.ApplySecretKeyframe(f.secretKey))
		must(t, r.ApplyKeyframe(2, f.keyframe))
		must(t, r.ApplyOwnKeyframe(f.ownKey[0]))
		if s.SecretHash() != a.SecretHash() || r.Hash() != a.Hash() {
			t.Fatal("a keyframe did not repair the store")
		}
	})
}

// TestFaults names the table and the field, or what to do.
func TestFaults(t *testing.T) {
	type thing struct {
		X float32 `state:"range=0..100,step=1"`
		N uint16  `state:"range=0..999"`
		S string  `state:"max=3"`
		F float32 `state:""`
	}
	type things struct {
		Things Table[thing] `state:"max=4"`
		Spread Table[thing] `state:"max=100"`
		One    Value[struct {
			B bool `state:""`
		}]
	}
	s, err := Open(nil, &things{})
	must(t, err)
	born := []byte{1, 1, 1, 50, 7, 0, 1, 'a', 0, 0, 0, 0}
	for _, c := range []struct {
		what string
		base []byte // delta of tick 1
		body []byte
		want string
	}{
		{"unknown table", nil, []byte{8}, "state: public delta of tick 1: value is out of range"},
		{"no rows", nil, []byte{1, 0}, "state: table things: rows: value is out of range"},
		{"row beyond max", nil, []byte{1, 0x10}, "state: table things: rows: value is out of range"},
		{"more rows than max", nil, []byte{2, 101}, "state: table spread: rows: value is out of range"},
		{"gap beyond max", nil, []byte{2, 2, 98, 1}, "state: table spread: rows: value is out of range"},
		{"long form of a number", nil, []byte{0x81, 0}, "state: public delta of tick 1: value is out of range"},
		{"change of a row that does not live", nil, []byte{1, 1, 2}, "state: table things: row 0: value is out of range"},
		{"removal of a row that does not live", nil, []byte{1, 2, 3}, "state: table things: row 1: value is out of range"},
		{"removal of a value", nil, []byte{4, 3}, "state: table one: row 0: value is out of range"},
		{"empty mask", nil, []byte{4, 0}, "state: table one: row 0: value is out of range"},
		{"mask beyond the fields", nil, []byte{4, 4}, "state: table one: row 0: value is out of range"},
		{"fixed beyond its range", nil, []byte{1, 1, 1, 101}, "state: table things: row 0: field x: value is out of range"},
		{"integer beyond its range", nil, []byte{1, 1, 1, 0, 0xe8, 3}, "state: table things: row 0: field n: value is out of range"},
		{"string too long", nil, []byte{1, 1, 1, 0, 0, 0, 4, 'a', 'b', 'c', 'd'}, "state: table things: row 0: field s: value is out of range"},
		{"string not UTF-8", nil, []byte{1, 1, 1, 0, 0, 0, 1, 0xff}, "state: table things: row 0: field s: value is out of range"},
		{"not a number", nil, []byte{1, 1, 1, 0, 0, 0, 0, 1, 0, 0xc0, 0x7f}, "state: table things: row 0: field f: value is out of range"},
		{"residual out of the range", born, []byte{1, 1, 2, 51}, "state: table things: row 0: field x: value is out of range"},
		{"difference out of the range", born, []byte{1, 1, 8, 0x0f}, "state: table things: row 0: field n: value is out of range"},
		{"cut", born, []byte{1, 1, 16, 2, 'a'}, "state: table things: row 0: field s: message is cut short"},
		{"behind the end", nil, []byte{0, 0}, "state: public delta of tick 1: message has bytes behind its end"},
	} {
		r := NewReplica(s.Schema())
		if c.base != nil {
			must(t, r.ApplyDelta(1, c.base))
		}
		tick := r.Tick() + 1
		err := r.ApplyDelta(tick, c.body)
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: %v, want %s", c.what, err, c.want)
		}
		if r.Tick() != tick-1 {
			t.Errorf("%s: the tick went on", c.what)
		}
	}
	r := NewReplica(s.Schema())
	// x is 50 of 0 to 100: it cannot have come from 101 or from -1.
	for disp, want := range map[string]string{
		"\x64": "", "\x63": "", "\x66": "value is out of range", "\x65": "value is out of range",
	} {
		err := r.ApplyKeyframe(1, []byte("\x01\x32\x00\x00\x00\x00\x00\x00\x00"+disp+"\x00\x00"))
		if want == "" && err != nil || want != "" && (err == nil || err.Error() != "state: table things: row 0: field x: "+want) {
			t.Errorf("displacement %x: %v", disp, err)
		}
	}
	r = NewReplica(s.Schema())
	if err := r.ApplyDelta(3, []byte{0}); err == nil || err.Error() != "state: delta of tick 3 on tick 0: ask for a keyframe" {
		t.Error(err)
	}
	if err := r.ApplySecretDelta(nil); !errors.Is(err, errReplica) {
		t.Error(err)
	}
	if err := r.ApplySecretKeyframe(nil); !errors.Is(err, errReplica) {
		t.Error(err)
	}
	if err := s.ApplyOwnDelta(nil); !errors.Is(err, errBound) {
		t.Error(err)
	}
	if err := s.ApplyOwnKeyframe(nil); !errors.Is(err, errBound) {
		t.Error(err)
	}
}
