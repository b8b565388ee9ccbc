package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Action is something that the shell does, in the order in which Step returns them.
type Action interface{ action() }

// Ask asks Servers, all at once, and gives what they say as Replies of Round. A server that is silent is asked through
// others. The round may end early when one leads the room in an epoch that is not below Floor.
type Ask struct {
	Round   uint64
	Servers []string
	Needed  []string // those that are waited for; the others have a moment once these have answered. nil: all
	Query   Query
	Floor   proto.Epoch
}

// Suspect has membership probe a server at once.
type Suspect struct{ Server string }

// Prepare makes the room's simulation: of a replica, or a new one. Prepared follows, unless another Accept, Prepare or Drop comes
// before it.
type Prepare struct{ Create bool }

// Reason is why a room does not tick. A room ticks when it has none.
type Reason uint8

// The reasons, one bit each.
const (
	NoQuorum  Reason = 1 << iota // this server sees too little of the fleet
	WasPaused                    // this process did not run for a while
	OnProbation
)

// Lead starts the room from the simulation that was prepared. Started follows at once.
type Lead struct {
	Epoch     proto.Epoch // of a room that is created: without an instance, which the shell fills in
	Standbys  []int       // outcomes wait for these from the first tick on; Open uses the ids, or Remove comes without an Open
	Fenced    []int       // of Standbys: they stand for the lost leader, whose epoch a results store fences off
	Resumed   bool        // another server has led it
	Handoff   bool        // with a final tick, whose inputs and due time apply
	Suspended Reason
}

// Open opens the stream to a standby. Base: the stream continues from the tick that the room has now, whose state was led in From.
type Open struct {
	ID     int
	Server string
	Base   bool
	From   proto.Epoch
}

// Wait makes outcomes wait for ID, which has no stream, until Remove.
type Wait struct{ ID int }

// Dismiss tells a standby that it is not needed; outcomes wait until it says that it has no replica.
type Dismiss struct{ ID int }

// Remove ends a standby's stream, if it is open; outcomes wait for it no longer.
type Remove struct {
	ID  int
	Why string
}

// Update tells all standbys the epoch, who else has a replica, and each whether the leader has heard from it on its stream.
type Update struct{}

// SetEpoch raises the epoch of the room that is led here.
type SetEpoch struct{ Epoch proto.Epoch }

// Suspend and Resume stop and start the room's ticks. Asked is when the answers were asked for that allow it.
type (
	Suspend struct{ Reason Reason }
	Resume  struct {
		Reason Reason
		Asked  time.Duration
	}
)

// Announce tells one standby that the room's first tick comes next.
type Announce struct{ ID int }

// Step1 runs one tick of a suspended room. Stepped follows.
type Step1 struct{}

// End ends the room here. Its clients hear Code: CloseMoved with Server and Epoch, CloseOver, CloseLost, CloseEnded, or
// CloseOverloaded: they are to look for the room elsewhere.
type End struct {
	Code   proto.CloseCode
	Server string
	Epoch  proto.Epoch
}

// Accept takes a stream. Keep: the replica has the stream's base.
type Accept struct {
	Stream uint64
	Keep   bool
}

// Reject ends a stream, with the reason for the leader. Stream may be one that is offered.
type Reject struct {
	Stream    uint64
	Rejection Rejection
}

// Took tells the leader of a handoff that this server leads the room in Epoch.
type Took struct {
	Stream uint64
	Epoch  proto.Epoch
}

// Drop frees the replica.
type Drop struct{}

// Send sends waiting clients to Server. All: those too that wait for the room to move here.
type Send struct {
	Server string
	Epoch  proto.Epoch
	All    bool
}

// Turn turns waiting clients away. Instance, unless zero: only those that were in it. Newcomers: only those that were in none.
type Turn struct {
	Code      proto.CloseCode
	Instance  proto.Instance
	Newcomers bool
	Why       string // for CloseOverloaded: what the client is told
}

// HandOff starts the handoff in the room, to the standby ID. CallOff ends it, if its final tick has not been.
type (
	HandOff struct {
		ID     int
		Server string
		Hurry  bool // this server is draining
	}
	CallOff struct{}
)

// MoveEnded says what came of MoveTo: nil, the target leads the room.
type MoveEnded struct{ Err error }

// Report is for logs, metrics and the event log.
type Report struct {
	Kind  ReportKind
	From  string // server that led the room before
	To    string // server that leads it now
	Why   string
	Epoch proto.Epoch
	Took  time.Duration // since the move or the loss began
}

// ReportKind is what a Report is about.
type ReportKind uint8

const (
	ReportCreated  ReportKind = iota // the room was created here
	ReportTook                       // this server leads a room that was handed to it
	ReportMoved                      // the room was handed to another server
	ReportNotMoved                   // a handoff failed
	ReportFailover                   // this server leads a room whose leader is gone
	ReportDeposed                    // another server leads the room in a later epoch
	ReportLost                       // no server can continue the room
	ReportDropped                    // a replica is needed no longer, or of no use
	ReportRejected                   // a server does not stand by
	ReportStuck                      // a replica cannot be led yet
)

func (Ask) action()       {}
func (Suspect) action()   {}
func (Prepare) action()   {}
func (Lead) action()      {}
func (Open) action()      {}
func (Wait) action()      {}
func (Dismiss) action()   {}
func (Remove) action()    {}
func (Update) action()    {}
func (SetEpoch) action()  {}
func (Suspend) action()   {}
func (Resume) action()    {}
func (Announce) action()  {}
func (Step1) action()     {}
func (End) action()       {}
func (Accept) action()    {}
func (Reject) action()    {}
func (Took) action()      {}
func (Drop) action()      {}
func (Send) action()      {}
func (Turn) action()      {}
func (HandOff) action()   {}
func (CallOff) action()   {}
func (MoveEnded) action() {}
func (Report) action()    {}
