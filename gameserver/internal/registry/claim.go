package registry

import (
	"context"
	"errors"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// claimTimeout bounds how long the others are asked. A round trip within a fleet is a millisecond and a failed one is
	// known by then; a player who waits for his room hardly notices.
	claimTimeout = 250 * time.Millisecond
	// graceTime is how long a copy waits before it asks again whether one that goes before it has taken over.
	graceTime = 25 * time.Millisecond
	// muteTime is how long a server may be silent until rooms do not wait for its answer any more: membership has dropped one
	// that is dead long before.
	muteTime = 10 * time.Second
	// muteGap without a question ends a silence.
	muteGap = 5 * time.Second
)

// ask asks the other servers what they have of a room, all at once, and gives their replies, one for each. It ends early
// when one leads the room in an epoch that is not below floor. It blocks for claimTimeout at most.
//
// All are asked, draining ones too, and not only the first in the room's order: a leader keeps its room while placement
// moves on, for as long as the view does not settle, so it may be anywhere in the order and even outside of it. A claim
// is 50 bytes over a link that exists already.
func (r *Registry) ask(id proto.RoomID, floor proto.Epoch) []reply {
	// Not the context of the client who came first: others wait for this claim too.
	ctx, cancel := context.WithTimeout(r.ctx, claimTimeout)
	defer cancel()
	asked := r.others()
	replies := make(chan reply, len(asked))
	for _, m := range asked {
		go func() {
			a, err := r.links.Claim(ctx, string(m.Name), m.Peer, id)
			replies <- reply{server: string(m.Name), answer: a, err: err}
		}()
	}
	all := make([]reply, 0, len(asked))
	for range asked {
		got := <-replies
		got.mute = r.muted(got)
		all = append(all, got)
		r.note(id, got)
		if got.has(replication.Leading) && !got.answer.Epoch.Less(floor) {
			cancel() // the rest is of no interest
		}
	}
	return all
}

// silenceOf is since when a server does not answer, and when that was last found.
type silenceOf struct{ since, last time.Time }

// muted notes whether a server answered, and reports whether it has not for muteTime.
func (r *Registry) muted(got reply) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if errors.Is(got.err, context.Canceled) {
		return false
	}
	if got.heard() {
		delete(r.silences, got.server)
		return false
	}
	now := time.Now()
	s := r.silences[got.server]
	if s.since.IsZero() || now.Sub(s.last) > muteGap {
		s.since = now
	}
	s.last = now
	r.silences[got.server] = s
	return now.Sub(s.since) >= muteTime
}

// others are the other game servers of the view.
func (r *Registry) others() (others []membership.Member) {
	for _, m := range r.members.View().Members {
		if m.Role == membership.GameServer && string(m.Name) != r.self && m.Peer != "" {
			others = append(others, m)
		}
	}
	return others
}

// note logs and counts one answer.
func (r *Registry) note(id proto.RoomID, got reply) {
	result := got.answer.Holding.String()
	switch {
	case errors.Is(got.err, context.Canceled):
		return
	case errors.Is(got.err, replication.ErrTimeout):
		result = "timeout"
		r.log.Warn("a server does not answer a claim", "room", id, "peer", got.server)
	case errors.Is(got.err, replication.ErrGone):
		result = "refused"
		r.log.Info("a server that membership still lists is gone", "room", id, "peer", got.server, "error", got.err)
	case got.err != nil:
		result = "refused"
		r.log.Warn("a server could not be asked", "room", id, "peer", got.server, "error", got.err)
	}
	r.metrics.Claims.WithLabelValues(result).Inc()
}
