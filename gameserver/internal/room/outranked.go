package room

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// maxSeen is how far above the room's epoch a client's may be to be believed. A higher one would need more takeovers
	// than a client sees between two connections: each raises the counter by 16 at most.
	maxSeen = 64
	// outrankedInterval is the minimum time between two calls of Spec.Outranked, so that clients cannot make this server
	// query the others more often.
	outrankedInterval = 3 * time.Second
)

// outranked reports whether o's client has been in a later epoch of this instance than the room's, by an epoch that
// counts: the client shows the resume token of a seat here. It tells the registry, which asks the other servers.
func (r *Room) outranked(o *Occupant) bool {
	if r.spec.Outranked == nil || o.spectator || !outranks(o.seen, r.epoch) {
		return false
	}
	if _, ok := r.sim.SeatOf(o.resume); !ok {
		return false
	}
	if now := r.now(); !r.asked || now-r.askedAt >= outrankedInterval {
		r.asked, r.askedAt = true, now
		r.spec.Outranked(o.seen)
	}
	return true
}

// outranks reports whether a client that has seen an epoch was in a room that the leader of ours does not continue.
func outranks(seen, ours proto.Epoch) bool {
	if seen.Instance != ours.Instance || seen.Counter < ours.Counter {
		return false
	}
	above := seen.Counter - ours.Counter
	return above <= maxSeen && (above > 0 || seen.Server != ours.Server)
}
