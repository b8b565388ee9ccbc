package room

import (
	"fmt"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
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
func (d *discard) Poll()                                   {}
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
	p, err := NewPool(testConfig())
	if err != nil {
		t.Fatal(err)
	}
	s := &steady{room: newRoom(p, Spec{ID: "r", Game: "g", Sim: sim})}
	for i := range clients {
		o, err := s.room.QueueJoin(Join{Player: proto.PlayerID(fmt.Sprint("p", i)), Client: &discard{}})
		if err != nil {
			t.Fatal(err)
		}
		s.occupants = append(s.occupants, o)
	}
	s.input = input(1)
	for range 200 { // until every buffer has its size
		s.play(t)
	}
	return s
}

func (s *steady) play(t testing.TB) {
	for _, o := range s.occupants {
		if err := o.QueueInput(s.input, time.Now()); err != nil {
			t.Fatal(err)
		}
	}
	s.input.First++
	if !s.room.tick(s.room.now()) {
		t.Fatal("the room has ended")
	}
}

func oneInput(seq proto.Seq) proto.Input { return drillInputs(seq, 1) }

func TestSteadyTickAllocatesNothing(t *testing.T) {
	s := newSteady(t, newDrill(t, 20, 8), 8, oneInput)
	if n := testing.AllocsPerRun(500, func() { s.play(t) }); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if s.room.connected != 8 || s.room.sim.Processed(0) != s.input.First-1 {
		t.Errorf("%d clients, %d inputs processed of %d", s.room.connected, s.room.sim.Processed(0), s.input.First-1)
	}
}

func BenchmarkTick(b *testing.B) {
	for _, clients := range []int{8, 16} {
		b.Run(fmt.Sprintf("clients=%d", clients), func(b *testing.B) {
			s := newSteady(b, newDrill(b, 20, clients), clients, oneInput)
			b.ReportAllocs()
			for b.Loop() {
				s.play(b)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*clients), "ns/player-tick")
		})
	}
}

// BenchmarkSchedule is the cost of keeping 1000 rooms in order: one due room taken, advanced and put back.
func BenchmarkSchedule(b *testing.B) {
	var s schedule
	var p phases
	for range 1000 {
		r := &Room{cadence: newCadence(60, p.take(), 0)}
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
	var in inbox
	var taken batch
	o, samples := &Occupant{}, make([]byte, 4)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		in.queueMessage(item{kind: itemInput, occ: o, at: time.Second}, samples)
		if n++; n == 16 {
			n = 0
			in.take(&taken)
		}
	}
}
