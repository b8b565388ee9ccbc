package replication

import (
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Open says which room is followed.
type Open struct {
	Room    proto.RoomID
	Game    proto.GameName
	Options []byte      // JSON of the room's creation, at most proto.MaxOptions bytes
	Schema  []byte      // of the room's state, hidden parts included: state.Schema.AppendPeer
	Epoch   proto.Epoch // in which the leader leads it
	Boot    uint64      // of the leader's process: a server that was restarted may lead another room in the same epoch
	Others  []string    // servers beside the standby that may have a copy of the room, at most MaxOthers
}

// FeedEvents hears what happens to a Feed. The methods are called on the link's goroutine, in order, and must not block: all
// rooms of the link wait. The last of them is one of Took, Refused and Lost; after Feed.Stop none follows, but for a call
// that is underway. A Refused that is found on this side (RefuseSize) comes from a goroutine of its own.
type FeedEvents interface {
	Acked(tick proto.Tick)  // the standby has applied everything up to and including tick; comes once per batch it read
	Ready(waiting int)      // so many clients wait for the room at the standby
	Took(epoch proto.Epoch) // the standby leads the room now, in epoch
	Refused(r Refusal)      // the standby does not follow, or no longer
	Lost(err error)         // there is no link, or it broke: ErrGone, ErrTimeout, ErrBroken, ErrRefused or ErrStopped
}

// Back is what a Copy says to its leader. The methods may be called from any goroutine and do not block. After Took and
// Refuse, and when the copy has ended, they do nothing.
type Back interface {
	Ready(waiting int)
	Took(epoch proto.Epoch) // ends the copy's stream: nothing more is called on the Copy
	Refuse(r Refusal)       // likewise
}

// Copy takes a room's stream at its standby. The methods are called on the link's reading goroutine, in order; all rooms
// of the link wait for them. Byte slices are valid during the call.
//
// Keyframe comes first, and again whenever the leader's queue was full; a Tick is always of the tick after the one
// before it. What these two took without an error is acknowledged. The stream ends with one of: an error from Keyframe
// or Tick (the leader hears it as Refused; a *Refusal as it is), Stop, Lost, and Back's Took or Refuse. Final is
// followed by no Tick.
type Copy interface {
	Keyframe(tick proto.Tick, public, secret []byte) error
	Tick(tick proto.Tick, public, secret []byte) error
	Final(f FinalTick)
	Stop(reason string)
	Lost(err error) // the link broke: ErrBroken, ErrTimeout or ErrStopped
}

// FinalTick is the leader's last tick in a handoff.
type FinalTick struct {
	Tick           proto.Tick
	Public, Secret []byte        // the tick's delta
	Epoch          proto.Epoch   // in which the standby is to lead
	Pending        []SeatInput   // inputs that no tick has taken, in the order of their arrival per seat
	Due            time.Duration // from now until tick+1 is due; in microseconds on the wire
	Stay           bool          // the room was sent there on request: it does not go home while placement stays as it is
	Others         []string      // as Open's
}

// SeatInput is an input message that waits for a tick.
type SeatInput struct {
	Seat  proto.Seat
	Input proto.Input
}

// RefusalCode says why a standby does not follow.
type RefusalCode uint8

// Reasons not to follow.
const (
	RefuseOther    RefusalCode = iota // see the text
	RefuseGame                        // the game cannot take the room up; see the text
	RefuseEpoch                       // it knows a higher epoch of the room: Refusal.Epoch, led by Refusal.Leader
	RefuseDraining                    // it is about to stop
	RefuseBusy                        // it follows as many rooms as it can
	RefuseSize                        // the room's keyframe is larger than MaxKeyframe
	RefuseStopped                     // the answer to Feed.Dismiss: it has no copy any more
	RefuseVersion                     // this process does not run the game, or no version of it that takes over the leader's
)

// Refusal is the answer of a server that does not follow a room. It is an error, for Rooms.Follow and Copy to return.
type Refusal struct {
	Code   RefusalCode
	Epoch  proto.Epoch // highest known of the room; zero if none
	Leader string      // name of the server that leads it in Epoch
	Text   string      // for the log
}

func (r *Refusal) Error() string { return fmt.Sprintf("does not follow: %s", r.Text) }
