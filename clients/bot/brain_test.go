package main

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBlocks(t *testing.T) {
	w := box{10, 10, 10, 10}
	for _, c := range []struct {
		a, b vec
		want bool
	}{
		{vec{0, 15}, vec{30, 15}, true},
		{vec{30, 15}, vec{0, 15}, true},
		{vec{0, 0}, vec{30, 30}, true},
		{vec{0, 15}, vec{9, 15}, false},
		{vec{0, 25}, vec{30, 25}, false},
		{vec{0, 0}, vec{30, 9}, false},
		{vec{15, 0}, vec{15, 30}, true},
		{vec{5, 0}, vec{5, 30}, false},
	} {
		if got := w.blocks(c.a, c.b); got != c.want {
			t.Errorf("from %v to %v: %v, want %v", c.a, c.b, got, c.want)
		}
	}
}

// TestBrainFights lets a brain look at an enemy who stands in the open: it must turn to the enemy and fire within a second.
func TestBrainFights(t *testing.T) {
	b := newBrain(rand.New(rand.NewPCG(1, 1)))
	v := view{me: vec{100, 100}, enemies: []vec{{100, 300}}}
	for range 30 {
		d := b.decide(v)
		if !d.fire {
			continue
		}
		if off := math.Abs(math.Remainder(d.aim-math.Pi/2, 2*math.Pi)); off > fireWithin {
			t.Fatalf("fires %v radians off", off)
		}
		return
	}
	t.Fatal("never fires at an enemy in the open")
}

func TestBrainHoldsFireAtWalls(t *testing.T) {
	b := newBrain(rand.New(rand.NewPCG(1, 1)))
	v := view{me: vec{100, 100}, enemies: []vec{{100, 300}}, walls: []box{{0, 180, 200, 20}}}
	for range 100 {
		if b.decide(v).fire {
			t.Fatal("fires at an enemy behind a wall")
		}
	}
}

// TestBrainLeavesWalls holds a brain where it is: it must try other directions.
func TestBrainLeavesWalls(t *testing.T) {
	b := newBrain(rand.New(rand.NewPCG(1, 1)))
	v := view{me: vec{100, 100}, enemies: []vec{{100, 300}}, walls: []box{{0, 180, 200, 20}}}
	first := b.decide(v).move
	for range 2 * stuckAfter {
		if m := b.decide(v).move; m != first {
			return
		}
	}
	t.Fatal("pushes in one direction for ever")
}
