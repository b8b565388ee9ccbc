package state

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

type past struct {
	Runners Table[struct {
		X    float32 `state:"range=0..100,step=1/4,rewind"`
		Down bool    `state:"hidden,rewind"`
		HP   uint8   `state:""`
	}] `state:"max=100"`
}

func TestPast(t *testing.T) {
	g, follower := &past{}, &past{}
	s, err := Open(nil, g)
	must(t, err)
	f, err := Open(nil, follower)
	must(t, err)
	s.SetHistory(4)
	f.SetHistory(4)
	for tick := proto.Tick(1); tick <= 10; tick++ {
		s.Begin()
		if tick == 1 {
			g.Runners.Put(0).HP = 7
		}
		if tick == 8 {
			g.Runners.Put(90) // the columns grow while older moments are short
		}
		g.Runners.Get(0).X = float32(tick)
		g.Runners.Get(0).Down = tick%2 == 0
		s.Commit(tick)
		must(t, f.ApplyDelta(tick, s.AppendDelta(nil)))
		must(t, f.ApplySecretDelta(s.AppendSecretDelta(nil)))
	}
	heir := &past{}
	h, err := Open(nil, heir)
	must(t, err)
	h.SetHistory(4)
	must(t, h.ApplyKeyframe(10, s.AppendKeyframe(nil)))
	must(t, h.ApplySecretKeyframe(s.AppendSecretKeyframe(nil)))
	for who, g := range map[string]*past{"leader": g, "follower": follower, "heir": heir} {
		for _, tick := range []proto.Tick{0, 5, 6, 11, 1 << 31} {
			if _, ok := g.Runners.Past(tick, 0); ok {
				t.Errorf("%s: tick %d is not kept", who, tick)
			}
		}
		for tick := proto.Tick(7); tick <= 10; tick++ {
			r, ok := g.Runners.Past(tick, 0)
			if !ok || r.X != float32(tick) || r.Down != (tick%2 == 0) || r.HP != 0 {
				t.Errorf("%s: tick %d: %+v, %v", who, tick, r, ok)
			}
			if _, ok := g.Runners.Past(tick, 90); ok != (tick >= 8) {
				t.Errorf("%s: tick %d: row 90 lived: %v", who, tick, ok)
			}
		}
		if _, ok := g.Runners.Past(10, 100); ok {
			t.Errorf("%s: there is no row 100", who)
		}
	}
	h.SetHistory(3)
	if err := h.ApplySecretKeyframe(s.AppendSecretKeyframe(nil)); err == nil || err.Error() !=
		"state: secret keyframe of tick 10: history reaches 3 ticks back, this store keeps 3; use the same SetHistory: value is out of range" {
		t.Error(err)
	}
	// The rows as they are, and a moment of this tick in which row 90 lived and then one beyond max.
	rows := []byte{2, 0, 89, 255, 1, 255, 0}
	if err := h.ApplySecretKeyframe(append(rows, 1, 0, 2, 90, 200, 1)); err == nil || err.Error() != "state: secret keyframe of tick 10: value is out of range" {
		t.Error(err)
	}
	if _, ok := heir.Runners.Past(10, 90); ok {
		t.Error("a moment that could not be read has rows")
	}
	h.SetHistory(0)
	if _, ok := heir.Runners.Past(10, 0); ok {
		t.Error("a store without history has a past")
	}
}
