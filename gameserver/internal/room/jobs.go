package room

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
)

const (
	// maxJobs is how many jobs of games run at once in this process. Others wait for their turn, 64 a room at most (game.Room.Go).
	maxJobs = 256
	// jobGrace is how long a pool that stops waits for jobs, whose contexts have ended. One that does not heed its context is left alone.
	jobGrace = time.Second
)

// jobs runs what games do outside of their rooms. Metric: jobs.
type jobs struct {
	running *sync.WaitGroup
	places  chan struct{}
}

func newJobs() jobs { return jobs{new(sync.WaitGroup), make(chan struct{}, maxJobs)} }

// wait waits for the jobs of ended rooms.
func (j jobs) wait() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		j.running.Wait()
	}()
	select {
	case <-done:
	case <-time.After(jobGrace):
	}
}

// runJobs starts what the game wants to have done outside of the room.
func (r *Room) runJobs() {
	for _, job := range r.sim.Started() {
		if r.jobs == nil {
			r.jobs, r.endJobs = context.WithCancel(context.Background())
		}
		ctx := r.jobs
		r.metrics.Jobs.Inc()
		r.pool.jobs.running.Go(func() {
			defer r.metrics.Jobs.Dec()
			r.runJob(ctx, job)
		})
	}
}

// runJob runs one job on its own goroutine, and queues its answer. A room that has ended does not get it.
func (r *Room) runJob(ctx context.Context, job game.Started) {
	ctx, cancel := context.WithTimeout(ctx, game.JobTime)
	defer cancel()
	var value any
	var err error
	select {
	case r.pool.jobs.places <- struct{}{}:
		value, err = r.work(ctx, job)
		<-r.pool.jobs.places
	case <-ctx.Done():
		err = ctx.Err()
	}
	_ = r.control(func() { r.sim.Answer(job.ID, value, err) })
}

// work calls the game's function. A panic in it is the answer.
func (r *Room) work(ctx context.Context, job game.Started) (value any, err error) {
	defer func() {
		if v := recover(); v != nil {
			p := &game.PanicError{Value: v, Stack: debug.Stack()}
			r.log.Error("a job of a game panicked", "job", job.ID, "panic", v, "stack", string(p.Stack))
			value, err = nil, p
		}
	}()
	return job.Work(ctx)
}
