package gametest

import (
	"context"
	"slices"

	"github.com/ringside-go/ringside/gameserver/game"
)

// answer is that of a job, which the original gets at a tick, and the other rooms with it.
type answer struct {
	game.Job
	at game.Tick
}

// work does what the original has started. Other rooms get the same answers.
func (c *crew) work() {
	for _, job := range c.a.Started() {
		ctx, cancel := context.WithTimeout(context.Background(), game.JobTime)
		value, err := job.Work(ctx)
		cancel()
		c.answers = append(c.answers, answer{game.Job{ID: job.ID, Value: value, Err: err}, c.a.Tick() + game.Tick(1+c.rng.IntN(2*c.a.Settings().TickRate))})
	}
}

// answer adds the answers that come before the next tick. Now and then all that is under way is lost, as after a move.
func (c *crew) answer(calls []call) []call {
	if len(c.answers) > 0 && c.rng.IntN(50) == 0 {
		c.answers = nil
		return append(calls, func(sim *game.Simulation) error { sim.LoseJobs(); return nil })
	}
	c.answers = slices.DeleteFunc(c.answers, func(a answer) bool {
		if a.at > c.a.Tick() {
			return false
		}
		calls = append(calls, func(sim *game.Simulation) error { sim.Answer(a.ID, a.Value, a.Err); return nil })
		return true
	})
	return calls
}
