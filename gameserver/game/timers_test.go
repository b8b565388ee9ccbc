package game_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

// alarms is a game with timers.
type alarms struct {
	mute
	Rung  game.Value[rung] `state:"hidden"`
	rings *[]string
}

type rung struct {
	Sum   uint64 `state:""`
	Clock uint32 `state:""` // id of the one that rings every second
}

func (a *alarms) Start(r *game.Room) {
	a.Rung.Get().Clock = uint32(r.Every(time.Second, 1, 0))
	r.After(1500*time.Millisecond, 2, 7)
	r.After(0, 2, 8)
	r.After(1501*time.Millisecond, 2, 9)
	r.Cancel(r.After(time.Second, 3, 0))
	r.Cancel(99)
}

func (a *alarms) Timer(r *game.Room, t game.Timer) {
	*a.rings = append(*a.rings, fmt.Sprintf("%d:%d/%d", r.Tick(), t.Kind, t.Data))
	a.Rung.Get().Sum = a.Rung.Get().Sum*31 + uint64(t.Kind) + t.Data
	switch {
	case t.Data == 7:
		r.After(0, 4, 0) // not in this tick
	case r.Tick() == 40:
		r.Cancel(game.TimerID(a.Rung.Get().Clock))
		r.Every(time.Minute, 5, uint64(r.Rand().Uint32()))
	}
}

func alarmClock() (game.Definition, *[]string) {
	rings := new([]string)
	return game.Definition{Name: "alarms", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &alarms{rings: rings}, game.Settings{TickRate: 20, Seats: 2}, nil
	}}, rings
}

func TestTimers(t *testing.T) {
	d, rings := alarmClock()
	h := newHall(t, d, "", 1)
	h.steps(15)
	h = h.rebuilt()
	h.steps(60)
	want := []string{"1:2/8", "20:1/0", "30:2/7", "31:2/9", "31:4/0", "40:1/0"}
	if !slices.Equal(*rings, want) {
		t.Errorf("rings %v, want %v", *rings, want)
	}
	if n := testing.AllocsPerRun(50, h.step); n > 0 {
		t.Errorf("%v allocations a tick with a timer that waits", n)
	}
}

func TestTimersMove(t *testing.T) {
	d, _ := alarmClock()
	gametest.Check(t, d, gametest.Options{Every: 5})
}

func TestTimersAreBounded(t *testing.T) {
	d, _, tick := probeDefinition(20, 1)
	*tick = func(r *game.Room) { r.After(time.Second, 1, 0) }
	h := newHall(t, d, "", 1)
	if err := h.sim.Step(); err == nil || !strings.Contains(err.Error(), "need a game with a method Timer") {
		t.Errorf("a game that is not Timed: %v", err)
	}
	var r *game.Room
	set := game.Definition{Name: "full", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &filler{room: &r}, game.Settings{TickRate: 20, Seats: 1}, nil
	}}
	full := newHall(t, set, "", 1)
	for i := range 256 {
		if id := r.After(time.Hour, 1, 0); id != game.TimerID(i+1) {
			t.Fatalf("timer %d has id %d", i, id)
		}
	}
	if id := r.After(time.Hour, 1, 0); id != 0 {
		t.Errorf("one more has id %d", id)
	}
	r.Cancel(17)
	if id := r.After(time.Hour, 1, 0); id != 257 {
		t.Errorf("after a Cancel the next has id %d", id)
	}
	full.step()
}

type filler struct {
	mute
	room **game.Room
}

func (f *filler) Start(r *game.Room)           { *f.room = r }
func (f *filler) Timer(*game.Room, game.Timer) {}
