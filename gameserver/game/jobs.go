package game

import (
	"context"
	"errors"
	"slices"
)

// Worker is implemented by games that ask the outside world with Room.Go.
type Worker interface {
	// Done gives the answer of a job, exactly once for each. It is called in a tick, after Timer and before Tick, in the order in which the
	// answers came.
	Done(r *Room, j Job)
}

// ErrLost is a Job's error when the room continues on another server: whether the work was done, and what came of it, is not known.
// A game that wants it done again calls Room.Go again.
var ErrLost = errors.New("the room has moved, and the answer is lost")

// JobID names a job of a room. 0 is none.
type JobID uint32

// Job is work outside of the room, and its answer.
type Job struct {
	ID    JobID
	Kind  uint16 // what for, a constant of the game's own
	Data  uint64 // of what, as a seat or a row
	Value any    // what the function returned
	Err   error  // the function's error, ErrLost, or a *PanicError
}

// Started is a job that a Step has started. Whoever drives the Simulation calls Work on another goroutine, once, and hands its answer to Answer.
type Started struct {
	ID   JobID
	Work func(ctx context.Context) (any, error)
}

// jobs is the framework's state in the rooms of games that are Workers.
type jobs struct {
	Jobs    Table[jobRow]   `state:"max=64,hidden"`
	Working Value[worksRow] `state:"hidden"`
}

type jobRow struct {
	ID   uint32 `state:""`
	Kind uint16 `state:""`
	Data uint64 `state:""`
}

type worksRow struct {
	LastID uint32 `state:""`
}

// Go calls work on another goroutine, and has the game's Done called with what it returned in a later tick. The game must be a Worker,
// otherwise Go panics. work must touch nothing of the room or the game: give it copies. Its context ends after JobTime, and when the room ends
// or moves; then work must return. That a job waits is state: if the room continues on another server before the answer came,
// Done gets ErrLost there. So work may have been done twice, or without an answer: make it safe to repeat, as a request with an idempotency
// key is. Never decide an outcome by it: that is what Finish is for. Go gives 0, and calls nothing, while 64 jobs of the room wait.
func (r *Room) Go(kind uint16, data uint64, work func(ctx context.Context) (any, error)) JobID {
	s := r.s
	if s.worker == nil {
		panic("game: Room.Go needs a game with a method Done(*game.Room, game.Job)")
	}
	_, row := s.jobs.Jobs.Add()
	if row == nil {
		return 0
	}
	last := s.jobs.Working.Get()
	last.LastID = max(last.LastID+1, 1)
	*row = jobRow{ID: last.LastID, Kind: kind, Data: data}
	s.started = append(s.started, Started{JobID(row.ID), work})
	return JobID(row.ID)
}

// Started gives the jobs that were started since the last call, also before the first Step. The caller runs them.
func (s *Simulation) Started() []Started {
	if len(s.started) == 0 {
		return nil
	}
	started := s.started
	s.started = nil
	return started
}

// Answer hands the answer of a job to the next Step. One that does not wait any more is ignored.
func (s *Simulation) Answer(id JobID, value any, err error) {
	s.answers = append(s.answers, Job{ID: id, Value: value, Err: err})
}

// LoseJobs tells the game in the next Step that nobody works on its jobs any more.
func (s *Simulation) LoseJobs() {
	if s.worker == nil {
		return
	}
	at := len(s.answers)
	for _, row := range s.jobs.Jobs.All() {
		s.answers = append(s.answers, Job{ID: JobID(row.ID), Err: ErrLost})
	}
	slices.SortFunc(s.answers[at:], func(a, b Job) int { return int(a.ID) - int(b.ID) })
}

// answerJobs tells the game the answers that came.
func (s *Simulation) answerJobs() {
	for _, j := range s.answers {
		for id, row := range s.jobs.Jobs.All() {
			if JobID(row.ID) == j.ID {
				j.Kind, j.Data = row.Kind, row.Data
				s.jobs.Jobs.Remove(id)
				s.worker.Done(&s.room, j)
				break
			}
		}
	}
	clear(s.answers)
	s.answers = s.answers[:0]
}
