package goclient

import (
	"bytes"

	"github.com/ringside-go/ringside/proto"
)

// outcomesKept is how many matches' outcomes are remembered: more than a room keeps, which a new leader tells again.
const outcomesKept = 128

// outcomes remembers what was heard, by match.
type outcomes map[uint32][]byte

// hear takes an outcome's record and reports whether the match was heard of before, and, if so, whether it ended as it
// did then.
func (h outcomes) hear(match uint32, body []byte) (again, same bool) {
	if was, ok := h[match]; ok {
		return true, bytes.Equal(was, body)
	}
	h[match] = bytes.Clone(body)
	for len(h) > outcomesKept {
		oldest := match
		for m := range h {
			if int32(m-oldest) < 0 {
				oldest = m
			}
		}
		delete(h, oldest)
	}
	return false, true
}

func (c *Client) onOutcome(body []byte) error {
	o, err := proto.ParseOutcome(body)
	if err != nil {
		return c.violate(BadMessage, "%v", err)
	}
	switch again, same := c.outcomes.hear(o.Match, body); {
	case !same:
		_ = c.violate(OutcomeChanged, "match %d is told to have ended otherwise than before, now at tick %d", o.Match, o.Tick)
	case again:
		c.stats.outcomesAgain.Add(1)
	case c.config.Events.Outcome != nil:
		c.config.Events.Outcome(c, o)
	}
	return nil
}
