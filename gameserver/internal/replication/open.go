package replication

import (
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Open describes a room to the server that is asked to stand by for it.
type Open struct {
	Room    proto.RoomID
	Game    proto.GameName
	Options []byte      // JSON of the room's creation, at most proto.MaxOptions bytes
	Schema  []byte      // of the room's state, hidden parts included: state.Schema.AppendPeer
	Epoch   proto.Epoch // in which the leader leads the room
	Process uint64      // the leader's Links.Process
	Others  []string    // other servers that may have a replica of the room, at most MaxOthers
	// HasBase: the stream continues from Base, a tick whose state the receiver may have already. The first record is the tick
	// after it, and a keyframe comes only if the receiver asks for one.
	HasBase bool
	Base    proto.Tick
	// BaseEpoch is the one in which the state of Base was led: two servers may have had different states at one tick.
	BaseEpoch proto.Epoch
}

// StreamEvents hears what happens to a Stream. The methods are called on the link's reading goroutine, in order, and must
// not block: all rooms of the link wait. The last call is one of Took, Rejected and Lost. After Stream.Stop and
// QueueHanded no call starts. A Rejected that this side causes (RejectSize) comes from a goroutine of its own.
type StreamEvents interface {
	Acked(tick proto.Tick) // the standby has applied everything up to and including tick; once per batch it read
	Ready(waiting int)     // number of clients that wait for the room at the standby
	// NeedKeyframe: the standby cannot continue from what it has. QueueTick answers false until a keyframe is queued. After
	// QueueFinal none can be queued: the standby has probably skipped the final tick, and only a query tells.
	NeedKeyframe()
	Probation()                     // the standby has noted QueueProbation
	Took(epoch proto.Epoch)         // the standby leads the room now, in epoch
	Rejected(r ownership.Rejection) // the standby does not stand by, or no longer
	// Lost: there is no link, or it broke. err is one of ErrGone, ErrRefusedDial, ErrTimeout, ErrLocal, ErrIncompatible,
	// ErrBroken, ErrBusy and ErrStopped.
	Lost(err error)
}

// FinalTick is the leader's last tick in a handoff.
type FinalTick struct {
	Tick           proto.Tick
	Public, Secret []byte        // the tick's delta
	Epoch          proto.Epoch   // in which the receiver is to lead
	Pending        []SeatInput   // inputs that no tick has taken, per seat in the order of arrival
	Due            time.Duration // from now until tick+1 is due; microseconds on the wire
	Stay           bool          // the room was moved on request: it stays there as long as placement does not change
	Others         []string      // as Open.Others
}

// SeatInput is an input message that waits for a tick.
type SeatInput struct {
	Seat  proto.Seat
	Input proto.Input
}
