package registry

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/proto"
)

// The time between two tries to record a takeover: the first, and the longest.
const (
	takeoverRetry = 200 * time.Millisecond
	takeoverMost  = 10 * time.Second
)

// recordTakeover tells the results store that led is led here in epoch, after its last leader was lost. From then on the store takes no
// outcome of that leader from match on any more, should it live. The room plays on meanwhile, and while the store does not answer.
func (e *entry) recordTakeover(led *room.Room, epoch proto.Epoch, match uint32) {
	r := e.r
	for retry := takeoverRetry; e.leads(led); retry = min(2*retry, takeoverMost) {
		highest, ok, err := r.config.Takeover(r.ctx, epoch, match)
		if err == nil {
			if ok {
				_ = led.QueueTakeover() // an ended room does not care
			} else {
				e.do(ownership.Superseded{Epoch: highest})
			}
			return
		}
		select {
		case <-r.ctx.Done():
			return
		case <-time.After(retry):
		}
	}
}

func (e *entry) leads(led *room.Room) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.led == led && !e.forgotten
}
