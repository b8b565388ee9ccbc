package state

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// TestTicksAllocateNothing: once the tables have their size, neither end of a stream allocates.
func TestTicksAllocateNothing(t *testing.T) {
	a := newArenaTrace(t, 60)
	standby, err := Open(nil, &arena{})
	must(t, err)
	standby.SetHistory(30)
	replica := NewReplica(a.s.Schema())
	buf := make([]byte, 0, 16<<10)
	secret := make([]byte, 0, 16<<10)
	tick := a.s.Tick()
	sync := func() {
		buf = a.s.AppendKeyframe(buf[:0])
		must(t, standby.ApplyKeyframe(tick, buf))
		must(t, standby.ApplySecretKeyframe(a.s.AppendSecretKeyframe(secret[:0])))
		must(t, replica.ApplyKeyframe(tick, buf))
		must(t, replica.ApplyOwnKeyframe(a.s.AppendOwnKeyframe(secret[:0], 3)))
	}
	run := func() {
		tick++
		a.play(int(tick))
		a.s.Commit(tick)
		buf = a.s.AppendDelta(buf[:0])
		must(t, standby.ApplyDelta(tick, buf))
		must(t, standby.ApplySecretDelta(a.s.AppendSecretDelta(secret[:0])))
		must(t, replica.ApplyDelta(tick, buf))
		for seat := range proto.Seat(16) {
			secret = a.s.AppendOwnDelta(secret[:0], seat)
			if seat == 3 {
				must(t, replica.ApplyOwnDelta(secret))
			}
		}
		if a.s.Hash() != replica.Hash() || a.s.SecretHash() != standby.SecretHash() {
			t.Fatal("followers differ")
		}
	}
	sync()
	for range 60 {
		run()
	}
	if n := testing.AllocsPerRun(200, run); n != 0 {
		t.Errorf("a tick costs %v allocations", n)
	}
	if n := testing.AllocsPerRun(50, sync); n != 0 {
		t.Errorf("a keyframe costs %v allocations", n)
	}
}
