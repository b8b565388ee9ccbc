package goclient

import (
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Stats counts since Dial, over all connections. Bytes are those of the TCP connections (inside TLS), upgrades included.
type Stats struct {
	Tick               proto.Tick // newest
	Ticks              uint64     // deltas applied
	Keyframes          uint64     // applied
	Checks             uint64     // state hashes compared and found equal
	Messages           uint64     // WebSocket messages received
	BytesDown, BytesUp uint64
	Acked              uint64        // samples acknowledged
	Reconnects         uint64        // connections lost that the client came, or tried to come, back from
	Moves              uint64        // moved messages, those on the way in included
	ReplayedTicks      uint64        // seen, and played again by a new leader
	MissedTicks        uint64        // not seen, from one connection to the next
	ResentInputs       uint64        // samples sent again after they had been acknowledged
	LostInputs         uint64        // acknowledged samples that are too old to be sent again
	RepeatedOutcomes   uint64        // of matches whose outcome was known
	Suspended          time.Duration // how long rooms were suspended while the client was there, up to the last resumption
	Violations         uint64
	RoundTrip          time.Duration // of the newest pong; 0 before the first
	ClockOffset        time.Duration // the server's clock minus this one
}

type counters struct {
	tick                                                   atomic.Uint32
	ticks, keyframes, checks, messages, bytesDown, bytesUp atomic.Uint64
	acked, reconnects, moves, violations                   atomic.Uint64
	replayed, missed, resent, lostInputs, outcomesAgain    atomic.Uint64
	roundTrip, offset, suspended                           atomic.Int64 // nanoseconds
}

// Stats gives the counts of this moment. From any goroutine.
func (c *Client) Stats() Stats {
	s := &c.stats
	return Stats{
		Tick: proto.Tick(s.tick.Load()), Ticks: s.ticks.Load(), Keyframes: s.keyframes.Load(), Checks: s.checks.Load(),
		Messages: s.messages.Load(), BytesDown: s.bytesDown.Load(), BytesUp: s.bytesUp.Load(), Acked: s.acked.Load(),
		Reconnects: s.reconnects.Load(), Moves: s.moves.Load(), Violations: s.violations.Load(),
		ReplayedTicks: s.replayed.Load(), MissedTicks: s.missed.Load(), ResentInputs: s.resent.Load(), LostInputs: s.lostInputs.Load(),
		RepeatedOutcomes: s.outcomesAgain.Load(), Suspended: time.Duration(s.suspended.Load()),
		RoundTrip: time.Duration(s.roundTrip.Load()), ClockOffset: time.Duration(s.offset.Load()),
	}
}
