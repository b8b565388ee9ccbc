package room

import (
	"slices"
	"time"
)

// closeWait is how long a room that the game has closed waits for its outcomes to be told. Those that are on no disk and in no store keep it
// for longer, see unsaved.
const closeWait = 10 * time.Second

// closes reports whether the game has closed the room and everybody has heard its outcomes.
func (r *Room) closes(now time.Duration) (reason string, ok bool) {
	reason, closing := r.sim.Closing()
	if !closing {
		return "", false
	}
	if r.closingAt == 0 {
		r.closingAt = max(now, 1)
	}
	untold := slices.ContainsFunc(r.pending, func(o pendingOutcome) bool { return o.told == 0 && !o.lost })
	return reason, !untold || now-r.closingAt >= closeWait && !r.unsaved(now)
}
