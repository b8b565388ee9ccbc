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

// replica is a standby that rebuilds the room and holds it, after every tick, against the leader's to the last bit.
type replica struct {
	options []byte
	room    *Room
	id      int
	silent  bool          // it acknowledges nothing
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
	due    time.Duration // of the tick after the final one, on the room's clock
}

// follow attaches a replica to r, a drill of this rate and so many seats.
func follow(t testing.TB, r *Room, id int) *replica {
	t.Helper()
	s := &replica{room: r, id: id, options: drillOptions(r.settings.TickRate, r.settings.Seats)}
	if err := r.QueueFollow(id, s); err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *replica) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.tries++
	if s.full {
		return false
	}
	s.frames++
	s.final = nil
	var err error
	if s.sim, err = game.Rebuild(&drillDefinition, s.options, tick, public, secret); err != nil {
		s.breaks("keyframe: %v", err)
	}
	s.compare()
	return true
}

func (s *replica) QueueTick(tick proto.Tick, public, secret []byte) bool {
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

func (s *replica) QueueFinal(f replication.FinalTick) bool {
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

func (s *replica) tick(tick proto.Tick, public, secret []byte) {
	if s.final != nil {
		s.breaks("tick %d after the final one", tick)
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

func (s *replica) compare() {
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

func (s *replica) breaks(format string, args ...any) {
	s.broken = append(s.broken, fmt.Sprintf(format, args...))
}

// check fails t with whatever was broken so far, and gives the replica for reading.
func (s *replica) check(t *testing.T) *replica {
	t.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.broken {
		t.Error(b)
	}
	s.broken = nil
	return s
}

func (s *replica) fill(full bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.full = full
}
