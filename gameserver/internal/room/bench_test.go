package room

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/proto"
)

// discard is a client that takes everything.
type discard struct{ bytes int }

func (d *discard) QueueFrame(own, shared []byte) bool {
	d.bytes += len(own) + len(shared)
	return true
}
func (d *discard) QueueKeyframe(own, shared []byte) bool   { return d.QueueFrame(own, shared) }
func (d *discard) QueueEvent(records []byte) bool          { return d.QueueFrame(records, nil) }
func (d *discard) Poll(*network.Poller)                    {}
func (d *discard) Flush()                                  {}
func (d *discard) Close(code proto.CloseCode, text string) {}

// steady is a room full of clients, ticked by hand; play runs one tick with an input of everyone.
type steady struct {
	room      *Room
	occupants []*Occupant
	input     proto.Input
}

func newSteady(t testing.TB, sim *game.Simulation, clients int, input func(seq proto.Seq) proto.Input) *steady {
	t.Helper()
	s := &steady{input: input(1)}
	s.enter(t, sim, clients)
	for range 200 { // until every buffer has its size
		s.play(t)
	}
	return s
}

// enter makes the room and queues the joins.
func (s *steady) enter(t testing.TB, sim *game.Simulation, clients int) {
	t.Helper()
	p, err := NewPool(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	s.room = newRoom(p, Spec{ID: "r", Game: "g", Sim: sim})
	for i := range clients {
		o, err := s.room.QueueJoin(Join{Player: proto.PlayerID(fmt.Sprint("p", i)), Client: &discard{}})
		if err != nil {
			t.Fatal(err)
		}
		s.occupants = append(s.occupants, o)
	}
}

func (s *steady) play(t testing.TB) {
	for _, o := range s.occupants {
		if err := o.QueueInput(s.input, time.Now(), 0); err != nil {
			t.Fatal(err)
		}
	}
	s.input.First++
	if s.room.tick(s.room.now()) != goesOn {
		t.Fatal("the room has ended")
	}
}

// sink is a standby that keeps what it is given until the next flush, as a link's outbox does, and acknowledges it.
type sink struct {
	room *Room
	mu   sync.Mutex
	out  []byte
}

func (s *sink) QueueKeyframe(tick proto.Tick, public, secret []byte) bool {
	return s.QueueTick(tick, public, secret)
}

func (s *sink) QueueTick(tick proto.Tick, public, secret []byte) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.out = append(append(s.out[:0], public...), secret...)
	s.room.Acked(1, tick)
	return true
}

func (s *sink) QueueFinal(replication.FinalTick) bool { return false }
func (s *sink) QueueHanded(string, proto.Epoch)       {}

func oneInput(seq proto.Seq) proto.Input { return testInputs(seq, 1) }

func TestSteadyTickAllocatesNothing(t *testing.T) {
	s := newSteady(t, newTestGame(t, 20, 8), 8, oneInput)
	if n := testing.AllocsPerRun(500, func() { s.play(t) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if err := s.room.QueueStandby(1, &sink{room: s.room}, 0, false); err != nil {
		t.Fatal(err)
	}
	s.play(t)
	if n := testing.AllocsPerRun(500, func() { s.play(t) }); n != 0 {
		t.Errorf("%v allocations a tick with a standby", n)
	}
	s.room.pool.config.Results = &testResults{}
	s.room.pending = append(s.room.pending, pendingOutcome{queued: true})
	s.play(t)
	if n := testing.AllocsPerRun(500, func() { s.play(t) }); n != 0 {
		t.Errorf("%v allocations a tick while an outcome waits for the results store", n)
	}
	if s.room.connected != 8 || s.room.sim.Processed(0) != s.input.First-1 {
		t.Errorf("%d clients, %d inputs processed of %d", s.room.connected, s.room.sim.Processed(0), s.input.First-1)
	}
}

func BenchmarkTick(b *testing.B) {
	for _, clients := range []int{8, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := newSteady(b, newTestGame(b, 20, clients), clients, oneInput)
			b.ReportAllocs()
			for b.Loop() {
				s.play(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*clients), "ns/player-tick")
		})
	}
}

// BenchmarkStandby plays two arenas in turn, one with a standby, in which eight players run, aim and shoot. It shows the
// median tick of each, inputs included. Clients, standby and link cost nothing here beyond a copy and an acknowledgement.
func BenchmarkStandby(b *testing.B) {
	const players, ticks = 8, 512
	definition := arena.Definition()
	rng := rand.New(rand.NewPCG(1, 1))
	var inputs [ticks][players]proto.Input
	for i := range inputs {
		for seat := range inputs[i] {
			inputs[i][seat] = gametest.Encode(b, 1, 0, arena.Input{MoveX: int8(rng.IntN(255) - 127),
				MoveY: int8(rng.IntN(255) - 127), Aim: rng.Float32() * 6, Fire: rng.IntN(4) == 0})
		}
	}
	var rooms [2]steady
	for i := range rooms {
		sim, err := game.New(&definition, []byte(`{"tick_rate":20,"seats":8,"round_seconds":900,"frag_limit":100}`), game.Origin{Seed: 1, Instance: 1})
		if err != nil {
			b.Fatal(err)
		}
		rooms[i].enter(b, sim, players)
	}
	if err := rooms[1].room.QueueStandby(1, &sink{room: rooms[1].room}, 0, false); err != nil {
		b.Fatal(err)
	}
	var took [2][]time.Duration
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		for i := range rooms {
			i := (i + n) % 2 // who comes second finds the inputs in the cache
			begun := time.Now()
			for seat, o := range rooms[i].occupants {
				in := inputs[n%ticks][seat]
				in.First, in.Ack = proto.Seq(n+1), proto.Tick(n)
				if err := o.QueueInput(in, time.Now(), 0); err != nil {
					b.Fatal(err)
				}
			}
			if rooms[i].room.tick(rooms[i].room.now()) != goesOn {
				b.Fatal("the room has ended")
			}
			took[i] = append(took[i], time.Since(begun))
		}
		n++
	}
	for i, name := range []string{"ns/tick-alone", "ns/tick-replicated"} {
		slices.Sort(took[i])
		b.ReportMetric(float64(took[i][n/2]), name)
	}
}

// BenchmarkSchedule is the cost of keeping 1000 rooms in order: one due room taken, advanced and put back.
func BenchmarkSchedule(b *testing.B) {
	var s schedule
	for i := range 1000 {
		r := &Room{cadence: newCadence(60, time.Duration(i)*16*time.Microsecond, 0)}
		r.due = r.cadence.due()
		s.push(r)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := s[0]
		r.cadence.advance(r.due)
		r.due = r.cadence.due()
		s.fixFirst()
	}
}

// BenchmarkInbox is one input's way through the inbox.
func BenchmarkInbox(b *testing.B) {
	in := newInbox()
	o, samples := &Occupant{}, make([]byte, 4)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		in.queueMessage(&item{kind: itemInput, occ: o, at: time.Second}, samples)
		if n++; n == 16 {
			n = 0
			in.giveBack(take(in))
		}
	}
}
