package session

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// rate limits a client's messages to proto.MaxMessageRate a second for long and proto.MaxMessageBurst at once. It is
// the generic cell rate algorithm, a token bucket kept as one time: that at which the bucket will be full again.
type rate struct{ full time.Time }

// take takes one token at now; false when there is none.
func (r *rate) take(now time.Time) bool {
	const token = time.Second / proto.MaxMessageRate
	if r.full.Before(now) {
		r.full = now
	}
	if r.full.Sub(now) > (proto.MaxMessageBurst-1)*token {
		return false
	}
	r.full = r.full.Add(token)
	return true
}
