package game_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/game/gametest"
)

// shop asks the outside world every fifth tick.
type shop struct {
	mute
	Bought game.Value[bought]
	told   *[]string
}

type bought struct {
	Gold  uint32 `state:""`
	Fails uint32 `state:""`
}

func (s *shop) Tick(r *game.Room) {
	if r.Tick()%5 == 1 {
		n := uint64(r.Tick())
		r.Go(uint16(r.Tick()%3), n, func(context.Context) (any, error) {
			if n%15 == 1 {
				return nil, errors.New("sold out")
			}
			return uint32(n), nil
		})
	}
}

func (s *shop) Done(r *game.Room, j game.Job) {
	*s.told = append(*s.told, fmt.Sprintf("%d: job %d of kind %d, %d: %v, %v", r.Tick(), j.ID, j.Kind, j.Data, j.Value, j.Err))
	if j.Err != nil {
		s.Bought.Get().Fails++
		if errors.Is(j.Err, game.ErrLost) {
			r.Go(j.Kind, j.Data, func(context.Context) (any, error) { return uint32(j.Data), nil }) // once more
		}
		return
	}
	s.Bought.Get().Gold += j.Value.(uint32)
}

func shops() (game.Definition, *[]string) {
	told := new([]string)
	return game.Definition{Name: "shop", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &shop{told: told}, game.Settings{TickRate: 10, Seats: 1}, nil
	}}, told
}

func TestJobs(t *testing.T) {
	d, told := shops()
	h := newHall(t, d, "", 1)
	h.steps(6)
	started := h.sim.Started()
	if len(started) != 2 || len(h.sim.Started()) != 0 {
		t.Fatalf("%d jobs were started, want those of ticks 1 and 6", len(started))
	}
	value, err := started[1].Work(t.Context())
	h.sim.Answer(started[1].ID, value, err)
	value, err = started[0].Work(t.Context())
	h.sim.Answer(started[0].ID, value, err)
	h.sim.Answer(started[0].ID, value, err) // never twice
	h.sim.Answer(99, 1, nil)
	h.steps(5)
	b := h.rebuilt()
	if len(b.sim.Started()) > 0 {
		t.Error("a rebuilt room starts jobs of another server's")
	}
	b.step()
	b.sim.LoseJobs()
	b.step()
	want := []string{"7: job 2 of kind 0, 6: 6, <nil>", "7: job 1 of kind 1, 1: <nil>, sold out", "13: job 3 of kind 2, 11: <nil>, " + game.ErrLost.Error()}
	if !slices.Equal(*told, want) {
		t.Errorf("told %q\nwant %q", *told, want)
	}
	if again := b.sim.Started(); len(again) != 1 || again[0].ID != 4 {
		t.Errorf("after the loss %v was started", again)
	}
}

func TestJobsKeepThePromises(t *testing.T) {
	d, told := shops()
	gametest.Check(t, d, gametest.Options{Seed: 3, Every: 10, Ticks: 600})
	if all := strings.Join(*told, " "); !strings.Contains(all, "sold out") || !strings.Contains(all, "lost") {
		t.Error("no job failed, or none was lost")
	}
}

func TestGoWantsAWorker(t *testing.T) {
	d, _, tick := probeDefinition(20, 1)
	*tick = func(r *game.Room) { r.Go(1, 0, nil) }
	if err := newHall(t, d, "", 1).sim.Step(); err == nil || !strings.Contains(err.Error(), "needs a game with a method Done") {
		t.Errorf("error %v", err)
	}
}
