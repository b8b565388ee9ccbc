package room

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// jobGame does what its messages say outside of the room: "wait MS", "panic", "forever".
type jobGame struct {
	testGame
	told chan string
}

func (g *jobGame) Message(r *game.Room, p game.Player, payload []byte) {
	order, ms := string(payload), 0
	switch {
	case scan(order, "wait %d", &ms):
		r.Go(1, uint64(ms), func(ctx context.Context) (any, error) {
			time.Sleep(time.Duration(ms) * time.Millisecond)
			return ms, nil
		})
	case order == "panic":
		r.Go(2, 0, func(context.Context) (any, error) { panic("no network") })
	case order == "forever":
		r.Go(3, 0, func(ctx context.Context) (any, error) { <-ctx.Done(); g.told <- "ended"; return nil, ctx.Err() })
	}
}

func (g *jobGame) Done(r *game.Room, j game.Job) {
	g.told <- fmt.Sprintf("%d at %d: %v %v", j.Kind, r.Tick(), j.Value, j.Err)
}

func jobDefinition() (*game.Definition, chan string) {
	told := make(chan string, 100)
	return &game.Definition{Name: "jobs", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		s := game.Settings{TickRate: 20, Seats: 2}
		return &jobGame{testGame{settings: s}, told}, s, nil
	}}, told
}

func all(told chan string) (list []string) {
	for len(told) > 0 {
		list = append(list, <-told)
	}
	return list
}

// A job delays no tick, and its answer comes in the tick after it; a job that panics is an answer too, and one ends with its room.
func TestJobs(t *testing.T) {
	d, told := jobDefinition()
	withPool(t, testConfig(), func(h *harness) {
		sim, err := game.New(d, nil, game.Origin{Seed: 1, Instance: 1})
		if err != nil {
			t.Fatal(err)
		}
		r, err := h.Start(h.spec(sim))
		if err != nil {
			t.Fatal(err)
		}
		ann, _ := h.join(r, Join{Player: "ann"})
		first := r.Info().Tick + 1
		for _, order := range []string{"wait 120", "panic", "forever"} {
			ann.QueueCustom([]byte(order))
		}
		h.pass(time.Second)
		want := []string{fmt.Sprintf("2 at %d: <nil> the game panicked: no network", first+1), fmt.Sprintf("1 at %d: 120 <nil>", first+3)}
		if got := all(told); !slices.Equal(got, want) {
			t.Errorf("told %q, want %q", got, want)
		}
		if got := r.Info().Tick; got < first+19 {
			t.Errorf("a job delayed the ticks: tick %d, it began at %d", got, first)
		}
		r.QueueStop(proto.CloseEnded, "")
		h.pass(100 * time.Millisecond)
		if got := all(told); !slices.Equal(got, []string{"ended"}) {
			t.Errorf("at the room's end %q", got)
		}
	})
}

// A room that has moved tells its game that the answers are lost, once.
func TestJobsOfAMovedRoom(t *testing.T) {
	d, told := jobDefinition()
	withPool(t, testConfig(), func(h *harness) {
		sim, err := game.New(d, nil, game.Origin{Seed: 1, Instance: 1})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := sim.Join(game.Entrant{ID: "ann"}); err != nil {
			t.Fatal(err)
		}
		sim.Message(0, []byte("wait 50"))
		if err := errors.Join(sim.Step(), sim.Step()); err != nil {
			t.Fatal(err)
		}
		moved, err := game.Rebuild(d, nil, sim.Tick(), sim.Store().AppendKeyframe(nil), sim.Store().AppendSecretKeyframe(nil))
		if err != nil {
			t.Fatal(err)
		}
		s := h.spec(moved)
		s.Resumed = true
		if _, err := h.Start(s); err != nil {
			t.Fatal(err)
		}
		h.pass(time.Second)
		if got := all(told); !slices.Equal(got, []string{"1 at 3: <nil> " + game.ErrLost.Error()}) {
			t.Errorf("told %q", got)
		}
	})
}
