package room

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/proto"
)

// testStandby is a standby that rebuilds the room and compares it, after every tick, with the leader's to the last bit.
type testStandby struct {
	options []byte
	room    *Room
	id      int
	silent  bool          // it acknowledges nothing
	copied  bool          // it needs no keyframe
	delay   time.Duration // before it acknowledges; 0: within the tick

	mu     sync.Mutex
	full   bool // takes nothing
	cut    bool // what it is sent does not arrive any more
	broken []string
	sim    *game.Simulation
	ticks  int
	frames int // keyframes
	tries  int // keyframes offered
	final  *replication.FinalTick
	handed []handed
	due    time.Duration // of the tick after the final one, on the room's clock
}

// handed is a call of QueueHanded.
type handed struct {
	leader string
	epoch  proto.Epoch
	tick   proto.Tick // that the standby has
}

// attach attaches a testStandby to r, which runs the test game.
func attach(t testing.TB, r *Room, id int) *testStandby {
	t.Helper()
	s := &testStandby{room: r, id: id, options: testOptions(r.settings.TickRate, r.settings.Seats)}
	if err := r.QueueStandby(id, s, 0, false); err != nil {
		t.Fatal(err)
	}
	return s
}

// attachCopy attaches the former leader of r, which has the state after its final tick. A keyframe to it fails the test.
func attachCopy(t testing.TB, r *Room, id int, out HandedOver) *testStandby {
	t.Helper()
	s := &testStandby{room: r, id: id, options: testOptions(r.settings.TickRate, r.settings.Seats), copied: true}
	sim, err := game.CopyOf(&testDefinition, s.options, out.Sim).Simulation()
	if err != nil {
		t.Fatal(err)
	}
	s.sim = sim
	if err := r.QueueStandby(id, s, out.Tick, true); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *testStandby) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.full {
		return false
	}
	if s.frames++; s.copied {
		s.breaks("a keyframe to a standby that has tick %d", s.sim.Tick())
	}
	var err error
	if s.sim, err = game.Rebuild(&testDefinition, s.options, tick, public, secret); err != nil {
		s.breaks("keyframe: %v", err)
	}
	s.compare()
	return true
}

func (s *testStandby) QueueTick(tick proto.Tick, public, secret []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	if !s.cut {
		s.tick(tick, public, secret)
	}
	return true
}

func (s *testStandby) QueueFinal(f replication.FinalTick) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.full {
		return false
	}
	s.tick(f.Tick, f.Public, f.Secret)
	f.Public, f.Secret = nil, nil
	s.final, s.due = &f, s.room.now()+f.Due
	return true
}

func (s *testStandby) QueueHanded(leader string, epoch proto.Epoch) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handed = append(s.handed, handed{leader, epoch, s.sim.Tick()})
}

func (s *testStandby) tick(tick proto.Tick, public, secret []byte) {
	if s.final != nil || s.handed != nil {
		s.breaks("tick %d after the final one", tick)
		return
	}
	s.ticks++
	if err := s.sim.Store().ApplyDelta(tick, public); err != nil {
		s.breaks("%v", err)
	}
	if err := s.sim.Store().ApplySecretDelta(secret); err != nil {
		s.breaks("%v", err)
	}
	s.compare()
}

func (s *testStandby) compare() {
	tick := s.room.sim.Tick()
	if a, b := s.sim.Store().SecretHash(), s.room.sim.Store().SecretHash(); a != b {
		s.breaks("tick %d: hash %#x, the leader has %#x: %s", tick, a, b, game.Diff(s.sim, s.room.sim))
	}
	switch {
	case s.silent:
	case s.delay == 0:
		s.room.Acked(s.id, tick)
	default:
		time.AfterFunc(s.delay, func() { s.room.Acked(s.id, tick) })
	}
}

func (s *testStandby) breaks(format string, args ...any) {
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
}

// check fails t with whatever was broken so far, and gives the testStandby for reading.
func (s *testStandby) check(t *testing.T) *testStandby {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.broken {
		t.Error(b)
	}
	s.broken = nil
	return s
}

func (s *testStandby) fill(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}
