package game

import (
	"encoding/json"
	"errors"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

const top = math.MaxUint32

// wrapped is a game that notes the samples that it is given.
type wrapped struct {
	Input Inputs[wrapInput]
	Rows  Table[wrapRow] `state:"max=2"`
	taken *[]Sample[wrapInput]
	left  *[]Tick
}

type wrapInput struct {
	N int8 `state:""`
}

type wrapRow struct {
	At uint32 `state:"rewind"`
}

func (g *wrapped) Start(*Room)             { g.Rows.Put(0) }
func (g *wrapped) Join(*Room, Player)      {}
func (g *wrapped) Leave(r *Room, _ Player) { *g.left = append(*g.left, r.Tick()) }
func (g *wrapped) Tick(r *Room) {
	g.Rows.Get(0).At = uint32(r.Tick())
	*g.taken = append(*g.taken, g.Input.Of(0)...)
}

// atTick is a room whose tick, and whose numbers that set changes, are near the end.
func atTick(t *testing.T, tick Tick, seats int, set func(c *core)) (sim *Simulation, last **wrapped, d Definition) {
	t.Helper()
	taken, left := new([]Sample[wrapInput]), new([]Tick)
	last = new(*wrapped)
	d = Definition{Name: "wrapped", New: func(json.RawMessage) (Game, Settings, error) {
		*last = &wrapped{taken: taken, left: left}
		return *last, Settings{TickRate: 10, Seats: seats}, nil
	}}
	sim, err := New(&d, nil, Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := sim.Join(Entrant{ID: "ann"}); err != nil {
		t.Fatal(err)
	}
	if err := sim.Step(); err != nil {
		t.Fatal(err)
	}
	sim.store.Begin()
	set(sim.core)
	sim.store.Commit(tick)
	return rebuilt(t, sim, &d), last, d
}

func rebuilt(t *testing.T, sim *Simulation, d *Definition) *Simulation {
	t.Helper()
	again, err := Rebuild(d, nil, sim.Tick(), sim.store.AppendKeyframe(nil), sim.store.AppendSecretKeyframe(nil))
	if err != nil {
		t.Fatal(err)
	}
	return again
}

func steps(t *testing.T, sim *Simulation, n int) {
	t.Helper()
	for range n {
		if err := sim.Step(); err != nil {
			t.Fatal(err)
		}
	}
}

// input is a message of n samples.
func input(t *testing.T, first proto.Seq, ack Tick, n int) proto.Input {
	t.Helper()
	codec, err := state.NewCodec[wrapInput]()
	if err != nil {
		t.Fatal(err)
	}
	m := proto.Input{First: first, Ack: ack, Count: n}
	var base wrapInput
	for i := range n {
		v := wrapInput{int8(i)}
		m.Samples = codec.Append(m.Samples, &base, &v)
		base = v
	}
	return m
}

// Sample numbers and ticks begin again at 0: none is lost, none is taken twice, and what a player saw is bounded as ever.
func TestSamplesOverTheWrap(t *testing.T) {
	sim, g, _ := atTick(t, top-3, 2, func(c *core) { c.Seats.Get(0).Processed = top - 2 })
	sim.BoundAck(0, 2)
	var want []proto.Seq
	for i := range 10 {
		seq := proto.Seq(top-1) + proto.Seq(i)
		want = append(want, seq)
		m := input(t, seq-1, sim.Tick()-1, 2) // the first of them is known
		if i%2 == 1 {
			m.Ack = sim.Tick() + 5 // a tick that there is not yet
		}
		if err := sim.Queue(0, m); err != nil {
			t.Fatal(err)
		}
		steps(t, sim, 1)
		last := (*(*g).taken)[len(*(*g).taken)-1]
		if behind := sim.Tick().Since(last.Ack); last.Ack != 0 && (behind < 1 || behind > 2) {
			t.Errorf("sample %d saw tick %d in tick %d", last.Seq, last.Ack, sim.Tick())
		}
	}
	var got []proto.Seq
	for _, s := range *(*g).taken {
		got = append(got, s.Seq)
	}
	if !slices.Equal(got, want) || sim.Processed(0) != 7 || sim.Tick() != 6 {
		t.Errorf("taken %v at tick %d, processed %d; want %v", got, sim.Tick(), sim.Processed(0), want)
	}
}

func TestSamplesTooFarAheadOverTheWrap(t *testing.T) {
	sim, g, _ := atTick(t, 7, 2, func(c *core) { c.Seats.Get(0).Processed = top - 2 })
	for name, m := range map[string]proto.Input{
		"a gap":     input(t, 1, 0, 1),
		"a far gap": input(t, 1<<30, 0, 1),
	} {
		if err := sim.Queue(0, m); !errors.Is(err, ErrFuture) {
			t.Errorf("%s: %v", name, err)
		}
	}
	for first := proto.Seq(top - 1); first != proto.InputWindow-2; first++ {
		if err := sim.Queue(0, input(t, first, 0, 1)); err != nil {
			t.Fatalf("sample %d: %v", first, err)
		}
	}
	if err := sim.Queue(0, input(t, proto.InputWindow-2, 0, 1)); !errors.Is(err, ErrFuture) {
		t.Errorf("one more than the window: %v", err)
	}
	var again []proto.Seq
	for _, m := range sim.Pending(0) {
		again = append(again, m.First)
	}
	if len(again) == 0 || again[0] != top-1 {
		t.Errorf("pending from %v", again)
	}
	steps(t, sim, proto.InputWindow/proto.MaxSamplesPerTick)
	if len(*(*g).taken) != proto.InputWindow || sim.Processed(0) != proto.InputWindow-3 {
		t.Errorf("%d samples taken, processed %d", len(*(*g).taken), sim.Processed(0))
	}
}

// A seat and a party's seats are held for as long as ever.
func TestHoldsOverTheWrap(t *testing.T) {
	sim, g, _ := atTick(t, top-9, 3, func(*core) {})
	e := Entrant{ID: "bob", Party: Party{ID: "red", Size: 2, Hold: 2 * time.Second}}
	if _, _, err := sim.Join(e); err != nil {
		t.Fatal(err)
	}
	sim.Disconnect(0)
	steps(t, sim, 19)
	if sim.Reserved() != 1 {
		t.Errorf("%d seats are kept at tick %d", sim.Reserved(), sim.Tick())
	}
	steps(t, sim, 2)
	if sim.Reserved() != 0 {
		t.Errorf("%d seats are kept at tick %d", sim.Reserved(), sim.Tick())
	}
	steps(t, sim, 200)
	if want := proto.Tick(top-8) + proto.Tick(proto.SeatHold.Seconds()*10); !slices.Equal(*(*g).left, []Tick{want}) {
		t.Errorf("the seat was free at %v, want %d", *(*g).left, want)
	}
}

// The past goes with the room over the wrap, so a server that takes over turns back time as the last one did.
func TestPastOverTheWrap(t *testing.T) {
	sim, g, d := atTick(t, top-4, 2, func(*core) {})
	steps(t, sim, 7)
	leader := *g
	next := rebuilt(t, sim, &d)
	if a, b := sim.store.SecretHash(), next.store.SecretHash(); a != b {
		t.Errorf("the states are %08x and %08x", a, b)
	}
	found := 0
	for age := range Tick(7) {
		tick := sim.Tick() - age
		a, okA := leader.Rows.Past(tick, 0)
		b, okB := (*g).Rows.Past(tick, 0)
		if a != b || okA != okB || okA && a.At != uint32(tick) {
			t.Errorf("tick %d: %v %v, rebuilt %v %v", tick, a, okA, b, okB)
		}
		if okA {
			found++
		}
	}
	if found < 5 {
		t.Errorf("%d of 7 ticks are kept", found)
	}
}

// Of the outcomes that are kept the oldest comes first, and goes first.
func TestOutcomesOverTheWrap(t *testing.T) {
	sim, _, _ := atTick(t, 7, 2, func(c *core) { c.Room.Get().Match = top - 1 })
	for range 3 {
		sim.store.Begin()
		sim.at = sim.store.Tick() + 1
		sim.finish(Outcome{Results: []Result{{Seat: 0, Place: 1}}})
		sim.store.Commit(sim.at)
		sim.outcomes = nil
	}
	all, err := sim.RecentOutcomes()
	var got []uint32
	for _, o := range all {
		got = append(got, o.Match)
	}
	if err != nil || !slices.Equal(got, []uint32{top - 1, top, 0}) {
		t.Errorf("outcomes of matches %v, %v", got, err)
	}
	sim.store.Begin()
	if !sim.makeRoom() {
		t.Fatal("all are needed")
	}
	if all, _ = sim.RecentOutcomes(); len(all) != 2 || all[0].Match != top {
		t.Errorf("%d outcomes are left", len(all))
	}
}

// A lane that was long once, after a stall, does not stay so.
func TestLanesShrink(t *testing.T) {
	in := Inputs[wrapInput]{lanes: make([]lane[wrapInput], 1)}
	l := &in.lanes[0]
	for range 2 {
		l.queued = append(l.queued, make([]Sample[wrapInput], 10*keptSamples)...)
		l.taken = len(l.queued)
		if in.drop(); cap(l.queued) > keptSamples {
			t.Errorf("an empty lane has room for %d samples", cap(l.queued))
		}
	}
	l.queued = make([]Sample[wrapInput], 1, keptSamples)
	l.taken = 1
	if in.drop(); cap(l.queued) != keptSamples {
		t.Error("a lane gave up the room that every tick needs")
	}
}
