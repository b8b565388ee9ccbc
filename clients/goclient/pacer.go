package goclient

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// DefaultSlack is how long before the tick an input should arrive: above the jitter of a good network.
const DefaultSlack = 5 * time.Millisecond

// Pacer is a clock for sending inputs: it keeps them just ahead of the server's ticks by what the own records say.
// Without it an input waits for its tick as chance has it, half a tick on average. Not for concurrent use.
type Pacer struct {
	period, target time.Duration
	correction     time.Duration // of the next interval
}

// NewPacer makes a pacer for a room's tick rate.
func NewPacer(tickRate uint8, target time.Duration) *Pacer {
	return &Pacer{period: time.Second / time.Duration(tickRate), target: target}
}

// Observe takes the slack of a tick, in milliseconds, or proto.NoSlack.
func (p *Pacer) Observe(slack uint8) {
	limit := p.period / 20
	if slack == proto.NoSlack {
		p.correction = -limit
		return
	}
	early := time.Duration(slack)*time.Millisecond - p.target
	p.correction = max(-limit, min(limit, early/10))
}

// Next is how long after this input to send the next.
func (p *Pacer) Next() time.Duration {
	d := p.period + p.correction
	p.correction = 0
	return d
}
