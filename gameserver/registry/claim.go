package registry

import (
	"context"
	"errors"
	"time"

	"github.com/ringside-go/ringside/gameserver/peer"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// claimTimeout bounds how long the others are asked. A round trip within a fleet is a millisecond and a failed one is
// known by then; a player who waits for his room hardly notices.
const claimTimeout = 250 * time.Millisecond

type reply struct {
	server string
	answer peer.Answer
	err    error
}

// claim asks the other servers what they have of a room, all at once, and gives whom to go to: the leader, or one that is
// making the room and goes before this server. With peer.None nobody who can be reached has it.
//
// A server that refuses connections has nothing. One that stays silent may lead the room; the room is made all the same,
// and the silence logged and counted.
func (r *Registry) claim(id proto.RoomID) peer.Answer {
	// Not the context of the client who came first: others wait for this claim too.
	ctx, cancel := context.WithTimeout(context.Background(), claimTimeout)
	defer cancel()
	asked := r.asked()
	replies := make(chan reply, len(asked))
	for _, m := range asked {
		go func() {
			a, err := r.claimer.Claim(ctx, string(m.Name), m.Peer, id)
			replies <- reply{string(m.Name), a, err}
		}()
	}
	var all []reply
	for range asked {
		got := <-replies
		r.note(id, got)
		if got.err == nil {
			all = append(all, got)
			if got.answer.Holding == peer.Leading {
				cancel() // the rest is of no interest
			}
		}
	}
	return judge(all)
}

// asked are the servers to ask: all game servers, draining ones too. A leader keeps its room when placement moves on, so
// it may be anywhere in the room's order and even outside of it.
func (r *Registry) asked() (asked []membership.Member) {
	for _, m := range r.members.View().Members {
		if m.Role == membership.GameServer && string(m.Name) != r.self && m.Peer != "" {
			asked = append(asked, m)
		}
	}
	return asked
}

// judge says where the room is by all answers. The leader of the highest epoch goes first. Of a server that is only making
// the room, its own word counts more than that of others about it: it may have given way since.
func judge(all []reply) (leader peer.Answer) {
	spoke := map[string]bool{}
	for _, got := range all {
		spoke[got.server] = true
	}
	var making peer.Answer
	for _, got := range all {
		switch a := got.answer; a.Holding {
		case peer.Leading, peer.Following:
			if leader.Leader == "" || leader.Epoch.Less(a.Epoch) {
				leader = a
			}
		case peer.Claiming:
			if a.Leader == got.server || !spoke[a.Leader] {
				making = a
			}
		}
	}
	if leader.Leader == "" {
		return making
	}
	return leader
}

// note logs and counts one answer.
func (r *Registry) note(id proto.RoomID, got reply) {
	result := got.answer.Holding.String()
	switch {
	case errors.Is(got.err, context.Canceled):
		return
	case errors.Is(got.err, peer.ErrTimeout):
		result = "timeout"
		r.log.Warn("a server does not answer a claim; the room is made without it", "room", id, "peer", got.server)
	case errors.Is(got.err, peer.ErrGone):
		result = "refused"
		r.log.Info("a server that membership still lists is gone", "room", id, "peer", got.server, "error", got.err)
	case got.err != nil:
		result = "refused"
		r.log.Warn("a server could not be asked; the room is made without it", "room", id, "peer", got.server, "error", got.err)
	}
	r.metrics.Claims.WithLabelValues(result).Inc()
}
