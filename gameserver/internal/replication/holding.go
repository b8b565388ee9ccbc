package replication

import "github.com/ringside-go/ringside/proto"

// Holding says what a server has of a room.
type Holding uint8

// What a server has of a room, in the order of precedence.
const (
	None      Holding = iota // nothing, and it will not make the room for PromiseTime: it is the asker's to make
	Claiming                 // Answer.Leader is asking the others at this moment and goes before the asker
	Left                     // as None, but it had the room: Answer.Leader leads it in Epoch; empty: the room has ended in it
	Following                // it stands by for Answer.Leader
	Leading                  // it leads the room
)

func (h Holding) String() string {
	switch h {
	case None:
		return "none"
	case Claiming:
		return "claiming"
	case Left:
		return "left"
	case Following:
		return "following"
	case Leading:
		return "leading"
	}
	return "unknown"
}

// Answer to a claim.
type Answer struct {
	Holding Holding
	Standby bool        // the asker is to stand by, when Leading; if not, a copy that it has is worth nothing
	Epoch   proto.Epoch // of the room, when Left or Leading; when Following, that of the copy
	Leader  string      // name of the server that leads the room or is about to; empty with None, and where it has ended
	Tick    proto.Tick  // the newest that it has, when Following
}

// Rooms answers other servers. The methods are called on the links' reading goroutines, for many rooms at once, and must
// not block: all rooms of the link wait.
type Rooms interface {
	// Holding answers a claim. asker is the name of the server that wants to make the room, proved by the handshake.
	Holding(asker string, room proto.RoomID) Answer
	// Follow makes a standby's copy of a room that the server from leads. An error refuses; a *Refusal is told to the leader
	// as it is, of another error the text. back may be used from now on.
	Follow(from string, o Open, back Back) (Copy, error)
}
