package arena

import (
	"reflect"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

func (h *hall) phase(want Phase, endsAt game.Tick) {
	h.t.Helper()
	if m := h.a.Match.Get(); m.Phase != want || m.EndsAt != uint32(endsAt) {
		h.t.Fatalf("tick %d: %+v, want phase %d until %d", h.sim.Tick(), *m, want, endsAt)
	}
}

func (h *hall) outcomes(want ...proto.Outcome) {
	h.t.Helper()
	var got []proto.Outcome
	for _, o := range h.sim.Outcomes() {
		got = append(got, o.Outcome)
	}
	if !reflect.DeepEqual(got, want) {
		h.t.Fatalf("tick %d: outcomes %+v, want %+v", h.sim.Tick(), got, want)
	}
}

func (h *hall) result(seat game.Seat, place uint8, score int32) proto.Result {
	p, _ := h.sim.Player(seat)
	return proto.Result{Seat: seat, Alias: p.Alias, Place: place, Score: score}
}

// TestRounds plays two rounds of 5 s at 10 ticks a second: a draw by time, a break of 5 s, a win.
func TestRounds(t *testing.T) {
	h := newHall(t, `{"tick_rate": 10, "round_seconds": 5, "frag_limit": 3}`, 1)
	h.phase(Waiting, 0)
	h.join(1)
	h.join(2)
	h.step()
	h.phase(Playing, 52)
	h.fighter(0).Score, h.fighter(1).Score, h.fighter(2).Score = 2, 1, 2
	h.steps(49)
	h.outcomes()
	h.phase(Playing, 52)
	h.step()
	h.outcomes(proto.Outcome{Match: 1, Tick: 52, Results: []proto.Result{h.result(0, 1, 2), h.result(1, 3, 1), h.result(2, 1, 2)}})
	h.phase(Break, 102)
	if m := h.a.Match.Get(); m.Winner != game.NoSeat {
		t.Errorf("seat %d won a draw", m.Winner)
	}
	h.queue(0, 52, Input{Fire: true})
	h.step()
	if n := len(h.shots()); n != 0 {
		t.Errorf("%d shots in the break", n)
	}
	h.steps(49)
	h.phase(Playing, 152)
	for seat := range game.Seat(3) {
		if f := h.fighter(seat); f.Score != 0 || f.HP != fullHP || !f.Alive || !f.Shielded {
			t.Errorf("seat %d begins a round as %+v", seat, f)
		}
	}
	h.fighter(1).Score = 3
	h.step()
	h.outcomes(proto.Outcome{Match: 2, Tick: 103, Results: []proto.Result{h.result(0, 2, 0), h.result(1, 1, 3), h.result(2, 2, 0)}})
	h.phase(Break, 153)
	if m := h.a.Match.Get(); m.Winner != 1 {
		t.Errorf("seat %d won, want 1", m.Winner)
	}
}

func TestLastOneThereWins(t *testing.T) {
	h := newHall(t, `{"tick_rate": 10}`, 2)
	h.fighter(0).Score = 1
	h.sim.Leave(0)
	h.step()
	h.outcomes(proto.Outcome{Match: 1, Tick: 2, Results: []proto.Result{h.result(1, 1, 0)}})
	h.phase(Break, 52)
	h.steps(50)
	h.phase(Waiting, 0)
	h.join(0)
	h.step()
	h.phase(Playing, 53+1200)
}

func TestEverybodyLeaves(t *testing.T) {
	h := newHall(t, `{"tick_rate": 10}`, 2)
	h.sim.Leave(0)
	h.sim.Leave(1)
	h.step()
	h.outcomes()
	h.phase(Break, 52)
}

// TestDeathAndNextLife: a shot kills, and after two seconds the fighter lives at the spawn farthest from the killer.
func TestDeathAndNextLife(t *testing.T) {
	h, shooter, target := duel(t)
	target.HP = 25
	h.shoot(h.sim.Tick())
	died := h.sim.Tick()
	if target.Alive || target.HP != 0 || target.Deaths != 1 || shooter.Score != 1 || target.NextLife != uint32(died)+60 {
		t.Fatalf("target %+v, shooter %+v", target, shooter)
	}
	h.queue(1, died, Input{MoveX: 127, Fire: true})
	h.step()
	if target.X != 400 || len(h.shots()) != 0 {
		t.Errorf("the dead act: %+v", target)
	}
	h.steps(58)
	if target.Alive {
		t.Errorf("alive after %d ticks", h.sim.Tick()-died)
	}
	h.step()
	if !target.Alive || target.HP != fullHP || !target.Shielded || target.X != 960 || target.Y != 704 {
		t.Errorf("next life: %+v", target)
	}
	h.steps(44)
	if !target.Shielded {
		t.Error("the shield ended early")
	}
	h.step()
	if target.Shielded {
		t.Error("the shield did not end")
	}
}

func TestShieldEndsWithTheFirstShot(t *testing.T) {
	h, shooter, _ := duel(t)
	shooter.Shielded, shooter.ShieldUntil = true, uint32(h.sim.Tick())+100
	h.step()
	if !shooter.Shielded {
		t.Fatal("no shield")
	}
	h.shoot(h.sim.Tick())
	if shooter.Shielded {
		t.Error("a shooter keeps the shield")
	}
}
