package arena

import (
	"math"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
)

const open = `{"seats": 4, "map": "crossfire"}` // at 30 ticks a second: time is turned back 7 ticks, a gun rests 9

// duel is two fighters on the long lane at y 320 above the middle, 200 units apart, seen there for a second.
func duel(t *testing.T) (h *hall, shooter, target *Fighter) {
	h = newHall(t, open, 2)
	shooter, target = h.put(0, 200, 320), h.put(1, 400, 320)
	h.steps(30)
	return h, shooter, target
}

func (h *hall) shots() (all []Shot) {
	for _, s := range h.a.Shots.All() {
		all = append(all, *s)
	}
	return all
}

// shoot makes the tick in which seat 0 fires to the right, having seen tick saw.
func (h *hall) shoot(saw game.Tick) []Shot {
	h.t.Helper()
	h.queue(0, saw, Input{Fire: true})
	h.step()
	return h.shots()
}

func TestShotHits(t *testing.T) {
	h, shooter, target := duel(t)
	got := h.shoot(h.sim.Tick())
	if len(got) != 1 || got[0] != (Shot{X: 384, Y: 320, Shooter: 0, Hit: 1}) {
		t.Errorf("shots %+v", got)
	}
	if target.HP != 75 || shooter.Ammo != fullAmmo-1 || shooter.Cooldown != 9 {
		t.Errorf("target %+v, shooter %+v", target, shooter)
	}
	h.step()
	if len(h.shots()) != 0 {
		t.Errorf("the shot is still there: %+v", h.shots())
	}
}

func TestShotMisses(t *testing.T) {
	h, _, target := duel(t)
	target.Y += 17
	h.step()
	want := Shot{X: 1008, Y: 320, Shooter: 0, Hit: game.NoSeat}
	if got := h.shoot(h.sim.Tick()); len(got) != 1 || got[0] != want || target.HP != fullHP {
		t.Errorf("shots %+v, target %+v", got, target)
	}
}

func TestWallStopsShot(t *testing.T) {
	h, shooter, target := duel(t)
	shooter.Y, target.X, target.Y = 384, 700, 384 // the middle block is between 480 and 544
	h.steps(10)
	want := Shot{X: 480, Y: 384, Shooter: 0, Hit: game.NoSeat}
	if got := h.shoot(h.sim.Tick()); len(got) != 1 || got[0] != want || target.HP != fullHP {
		t.Errorf("shots %+v, target %+v", got, target)
	}
}

// TestShotTurnsTimeBack: the target steps out of the line in tick 0 of each case, and the shooter saw it before.
func TestShotTurnsTimeBack(t *testing.T) {
	for _, c := range []struct {
		later int // ticks from the last one in the line to the shot
		saw   int // ticks from the last one in the line to what the shooter saw
		hit   bool
	}{
		{1, 0, true}, {7, 0, true}, {7, 1, false}, {5, -4, true},
		{8, 0, false}, // 7 ticks are 233 ms, 8 would be 267
		{8, -20, false}, {30, 0, false},
	} {
		h, _, target := duel(t)
		last := h.sim.Tick()
		target.Y += 60
		h.steps(c.later - 1)
		got := h.shoot(game.Tick(int(last) + c.saw))
		if hit := got[0].Hit == 1; hit != c.hit || hit != (target.HP < fullHP) {
			t.Errorf("%d ticks later, having seen %d: hit %v, want %v", c.later, c.saw, hit, c.hit)
		}
	}
}

// TestNobodyIsHurt who is dead or shielded, now or then.
func TestNobodyIsHurt(t *testing.T) {
	for name, change := range map[string]func(h *hall, f *Fighter){
		"dead":      func(h *hall, f *Fighter) { f.Alive, f.HP = false, 0 },
		"shielded":  func(h *hall, f *Fighter) { f.Shielded, f.ShieldUntil = true, 1<<30 },
		"dead then": func(h *hall, f *Fighter) { f.Alive = false; h.step(); f.Alive = true },
		"shielded then": func(h *hall, f *Fighter) {
			f.Shielded, f.ShieldUntil = true, 1<<30
			h.step()
			f.Shielded = false
		},
	} {
		h, _, target := duel(t)
		change(h, target)
		saw := h.sim.Tick()
		if got := h.shoot(saw); len(got) != 1 || got[0].Hit != game.NoSeat {
			t.Errorf("%s: shots %+v", name, got)
		}
	}
}

func TestNearestIsHit(t *testing.T) {
	h := newHall(t, open, 3)
	h.put(0, 200, 320)
	h.put(1, 400, 320)
	h.put(2, 300, 320)
	h.steps(10)
	if got := h.shoot(h.sim.Tick()); got[0] != (Shot{X: 284, Y: 320, Shooter: 0, Hit: 2}) {
		t.Errorf("shots %+v", got)
	}
}

// TestShotsAreSimultaneous: two fighters with their last health kill each other.
func TestShotsAreSimultaneous(t *testing.T) {
	h, a, b := duel(t)
	a.HP, b.HP = 25, 25
	h.queue(1, h.sim.Tick(), Input{Fire: true, Aim: math.Pi})
	h.shoot(h.sim.Tick())
	if a.Alive || b.Alive || a.Score != 1 || b.Score != 1 || a.Deaths != 1 || b.Deaths != 1 {
		t.Errorf("%+v, %+v", a, b)
	}
}

// TestGunRestsAndReloads: a trigger that is held fires every 9 ticks, twelve times, and then rests for 45.
func TestGunRestsAndReloads(t *testing.T) {
	h, f, target := duel(t)
	target.Y = 64
	var fired []int
	for tick := range 200 {
		for range h.shoot(h.sim.Tick()) {
			fired = append(fired, tick)
		}
	}
	want := []int{0, 9, 18, 27, 36, 45, 54, 63, 72, 81, 90, 99, 144, 153, 162, 171, 180, 189, 198}
	if len(fired) != len(want) {
		t.Fatalf("fired at %v, want %v", fired, want)
	}
	for i := range want {
		if fired[i] != want[i] {
			t.Fatalf("fired at %v, want %v", fired, want)
		}
	}
	h.queue(0, 0, Input{Reload: true})
	h.steps(10)
	h.queue(0, 0, Input{Reload: true})
	h.step()
	if f.Ammo != 0 || f.Cooldown != 45 {
		t.Fatalf("%+v, want to reload", f)
	}
	h.steps(45)
	if f.Ammo != fullAmmo || f.Cooldown != 0 {
		t.Errorf("%+v, want to have reloaded", f)
	}
}
