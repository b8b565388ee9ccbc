package room

import (
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// Received is what came of a message of the game's backend.
type Received struct {
	Tick proto.Tick // that took it
	Err  error      // it was not taken
}

// receipt is owed to who sent a message.
type receipt struct {
	tick proto.Tick
	done func(Received)
}

// QueueMessage gives the game a message of its backend and copies it. The room's loop calls done, which must not block, when every standby has the
// tick that took the message, so no loss of this server takes it back; or when the game takes none. A room that ends or moves before that does
// not call it.
func (r *Room) QueueMessage(payload []byte, done func(Received)) error {
	payload = slices.Clone(payload)
	return r.control(func() {
		if err := r.sim.Receive(payload); err != nil {
			done(Received{Err: err})
			return
		}
		r.receipts = append(r.receipts, receipt{r.sim.Tick() + 1, done})
	})
}

// giveReceipts tells the senders of messages that these are safe.
func (r *Room) giveReceipts() {
	r.receipts = slices.DeleteFunc(r.receipts, func(c receipt) bool {
		if c.tick > r.sim.Tick() || !r.settled(c.tick) {
			return false
		}
		c.done(Received{Tick: c.tick})
		return true
	})
}
