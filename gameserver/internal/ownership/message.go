package ownership

import (
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Holding is what a server has of a room. Higher values take precedence when several servers answer.
type Holding uint8

const (
	// None: the process has nothing of the room. If the query was a claim, it leaves the room to the asker for ClaimTime at least.
	None Holding = iota
	// Creating: Answer.Leader is asking the others at this moment and comes before the asker.
	Creating
	// Moved: as None, but the process had the room. Answer.Leader leads it in Answer.Epoch, as far as this process knows.
	Moved
	// Over: as None, but the instance in Answer.Epoch has ended by itself.
	Over
	// Gone: as None, but the quorum has declared that the instance in Answer.Epoch is lost.
	Gone
	// Standby: the process has a replica of Answer.Tick and Answer.Epoch, led by Answer.Leader.
	Standby
	// Leading: the process leads the room in Answer.Epoch.
	Leading
	holdings // counts them
)

var holdingNames = [holdings]string{"none", "creating", "moved", "over", "gone", "standby", "leading"}

// Valid reports whether h is one of the constants.
func (h Holding) Valid() bool { return h < holdings }

func (h Holding) String() string {
	if !h.Valid() {
		return fmt.Sprintf("holding %d", uint8(h))
	}
	return holdingNames[h]
}

// Query asks a server what it has of a room.
type Query struct {
	Room proto.RoomID
	// Claim: the asker wants to create the room. A server that has nothing of it leaves it to the asker for ClaimTime at least.
	Claim bool
	// Lost, unless it is zero, is an instance that the quorum has declared lost, as players were told. A server drops what it has of
	// that instance, unless it ticks or its leader has a stream here, and remembers that it is lost.
	Lost proto.Instance
	// Seeks, unless it is zero, is an instance that clients look for at the asker. The asked server remembers since when, in case the
	// asker restarts meanwhile.
	Seeks proto.Instance
	// Withdrawn, unless it is zero, is an epoch that the asker has offered to the asked server with a final tick, and that it
	// withdraws: the asked server does not lead in that epoch, or in a lower one, if it does not do so yet.
	Withdrawn proto.Epoch
	// Instance, unless it is zero, is the one of which the asker has a replica, or that it leads.
	Instance proto.Instance
	// Leads, unless it is zero, is the epoch in which the asker leads the room. It is suspended. A server that leads and ticks the
	// room in a lower one raises its own above it: the server that ticks the room keeps it, and the asker gives way.
	Leads proto.Epoch
}

// Process is one run of a server.
type Process struct {
	Server string // stable name
	Boot   uint64 // drawn by the process when it starts
}

// Answer to a Query.
type Answer struct {
	Process Process // that answers
	Holding Holding
	Epoch   proto.Epoch // of what it has or had; zero with None and Creating
	Leader  string      // server that leads the room, or is about to create it; empty where there is none
	Tick    proto.Tick  // of a replica
	// Counted: it is Leading, and has waited from its first tick on, or since the asker caught up, for the asker's word. A replica
	// that its leader does not count must not be used.
	Counted bool
	// Suspended: it leads the room and does not tick it, is about to lead it, or has a replica from which nobody may lead. A
	// suspended leader resumes only after it has asked the others. With Moved: Leader is such a one, and has asked a moment ago.
	Suspended bool
	// Away: it is Leading and suspended: for how long.
	Away time.Duration
	// Sought is for how long the instance of Query.Seeks has been looked for, as far as the process knows, in a time in which it
	// belonged to the part of the fleet that may decide and was not paused.
	Sought time.Duration
	// Age is for how long the process has run; 0: that is not known.
	Age time.Duration
	// Announced: it has a replica, and the leader in Epoch was about to run the first tick after a takeover, and may not have.
	Announced bool
}

// RejectCode says why a server does not stand by for a room.
type RejectCode uint8

const (
	RejectOther        RejectCode = iota // see the text; the server may have a replica
	RejectGame                           // the game cannot take the room up; see the text
	RejectEpoch                          // the server knows a higher epoch, or another instance: Rejection.Epoch, led by Rejection.Leader
	RejectDraining                       // it is about to stop
	RejectBusy                           // it stands by for as many rooms as it may
	RejectSize                           // the room's keyframe is larger than a standby takes
	RejectStopped                        // the answer to a dismissal: it has no replica any more
	RejectIncompatible                   // it does not run the game, or no version that takes over the leader's
	RejectCrashed                        // the room has killed a server that took it over, and its players were told so
	rejectCodes
)

// soon reports whether a server that rejects so may stand by for another room, or soon. It concerns new replicas only.
func (c RejectCode) soon() bool { return c == RejectBusy || c == RejectDraining }

// Rejection is the answer of a server that does not stand by, or no longer. It is an error.
type Rejection struct {
	Code   RejectCode
	Epoch  proto.Epoch // highest known of the room, or of another instance of it; zero if none
	Leader string      // server that leads it in Epoch
	Text   string      // for the log
}

func (r *Rejection) Error() string { return "does not stand by: " + r.Text }
