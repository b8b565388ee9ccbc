package game_test

import (
	"encoding/json"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto/state"
)

// announcer has much outside its tables after its first ticks.
type announcer struct {
	Got    game.Table[probeRow] `state:"max=4"`
	Score  game.Value[probeRow] `state:"hidden"`
	Shouts game.Events[probeRow]
	Input  game.Inputs[probeInput]
}

func (g *announcer) Start(*game.Room)                 {}
func (g *announcer) Join(_ *game.Room, p game.Player) { g.Got.Put(game.RowID(p.Seat)) }
func (g *announcer) Leave(_ *game.Room, p game.Player) {
	g.Got.Remove(game.RowID(p.Seat))
}
func (g *announcer) Message(_ *game.Room, p game.Player, payload []byte) {
	g.Score.Get().Count += uint32(len(payload))
}

func (g *announcer) Tick(r *game.Room) {
	for p := range r.Players() {
		for _, s := range g.Input.Of(p.Seat) {
			g.Got.Get(game.RowID(p.Seat)).Sum += int32(s.Value.Add)
		}
	}
	g.Score.Get().Sum = int32(r.Rand().Uint32() >> 1)
	g.Shouts.Emit(probeRow{Count: uint32(r.Tick())})
	r.Send(game.NoSeat, []byte("a tick"))
	if r.Tick() <= 2 {
		r.Finish(game.Outcome{Data: []byte("over")})
	}
}

var announcerDefinition = game.Definition{Name: "announcer", New: func(json.RawMessage) (game.Game, game.Settings, error) {
	return &announcer{}, game.Settings{TickRate: 10, Seats: 4}, nil
}}

// A copy of a simulation behaves as one of its keyframe: it applies the same deltas and steps alike, and nothing of what
// waited outside the tables is left.
func TestCopyOf(t *testing.T) {
	h := newHall(t, announcerDefinition, `{}`, 1)
	old := newHall(t, announcerDefinition, `{}`, 1)
	for _, h := range []*hall{h, old} {
		h.join(0, "ann")
		h.join(1, "bob")
		h.step()
		queue(h, 0, values(1, 6)...)
		h.sim.KeepOutcomes([]game.Kept{{Match: 1}})
		h.step() // takes four of the six
	}
	s := h.sim.Store()
	whole, err := game.NewCopy(&announcerDefinition, []byte(`{}`), nil, s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err != nil {
		t.Fatal(err)
	}
	old.sim.Message(0, []byte("a message that waits"))
	copies := []*game.Copy{whole, game.CopyOf(&announcerDefinition, []byte(`{}`), old.sim)}
	var sims [2]*game.Simulation
	for i, c := range copies {
		if err := c.Check(); err != nil || !c.TakesInputs() {
			t.Errorf("check: %v, takes inputs %v", err, c.TakesInputs())
		}
		sims[i], err = c.Simulation()
		if err != nil {
			t.Fatal(err)
		}
	}
	same := func(when string) {
		t.Helper()
		if d := game.Diff(sims[1], sims[0]); d != "" || sims[1].Store().SecretHash() != sims[0].Store().SecretHash() {
			t.Errorf("%s: the copy of the simulation against that of the keyframe: %s", when, d)
		}
	}
	same("at the start")
	left := sims[1]
	if n := len(left.Pending(0)) + len(left.Customs()) + len(left.Outcomes()); n != 0 {
		t.Errorf("%d inputs, messages and outcomes are left", n)
	}
	for range 30 {
		h.step()
		for _, c := range copies {
			if err := c.Store().ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
				t.Fatal(err)
			}
			if err := c.Store().ApplySecretDelta(s.AppendSecretDelta(nil)); err != nil {
				t.Fatal(err)
			}
		}
		same("applying deltas")
	}
	for range 10*game.OutcomeKeep + 1 { // until the outcomes of before are forgotten, unless they were kept
		for i, sim := range sims {
			if err := sim.Step(); err != nil {
				t.Fatal(err)
			}
			if n := len(sim.Customs()); n != 1 {
				t.Errorf("copy %d: %d messages in a tick", i, n)
			}
		}
		same("leading")
	}
}

// The former leader's tables become the copy's: making it costs no second state.
func TestCopyOfAllocatesNoState(t *testing.T) {
	h := newHall(t, announcerDefinition, `{}`, 1)
	h.step()
	var c *game.Copy
	if n := testing.AllocsPerRun(10, func() { c = game.CopyOf(&announcerDefinition, nil, h.sim) }); n > 1 {
		t.Errorf("%v allocations", n)
	}
	if c.Store() != h.sim.Store() {
		t.Error("the copy has other tables")
	}
}

// NewCopy only mirrors a room of an older version. The game's Migrate runs in Check, which may take its time beside the
// stream, and in Simulation.
func TestMigrateRunsInCheck(t *testing.T) {
	one, _, _ := probeDefinition(10, 4)
	h := newHall(t, one, `{}`, 1)
	h.join(0, "ann")
	h.step()
	schema := older(t, one)
	d, migrate := probe2Definition(4, schema.PeerFingerprint())
	calls, begun, goOn := 0, make(chan struct{}), make(chan struct{})
	s := h.sim.Store()
	tick := s.Tick()
	*migrate = func(_ *probe2, _ *game.Room, _ uint64, old *state.Store) error {
		calls++
		if calls == 1 {
			close(begun)
			<-goOn
			if old.Tick() != tick {
				t.Errorf("the tables went from tick %d to %d in Migrate", tick, old.Tick())
			}
		}
		return nil
	}
	c, err := game.NewCopy(&d, []byte(`{}`), schema, s.Tick(), s.AppendKeyframe(nil), s.AppendSecretKeyframe(nil))
	if err != nil || calls != 0 {
		t.Fatalf("NewCopy: %v, Migrate ran %d times", err, calls)
	}
	var checking sync.WaitGroup
	checking.Go(func() {
		if err := c.Check(); err != nil {
			t.Errorf("check: %v", err)
		}
	})
	<-begun
	for range 3 { // while it runs
		h.step()
		if err := c.Store().ApplyDelta(s.Tick(), s.AppendDelta(nil)); err != nil {
			t.Fatal(err)
		}
		if err := c.Store().ApplySecretDelta(s.AppendSecretDelta(nil)); err != nil {
			t.Fatal(err)
		}
	}
	close(goOn)
	checking.Wait()
	if err := c.Check(); err != nil || calls != 1 {
		t.Errorf("a second check: %v, Migrate ran %d times", err, calls)
	}
	if sim, err := c.Simulation(); err != nil || sim.Tick() != s.Tick() || calls != 2 {
		t.Errorf("simulation: %v, Migrate ran %d times", err, calls)
	}
}
