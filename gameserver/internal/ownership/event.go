package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Event is something that happened. The shell gives events to Machine.Step one after the other.
type Event interface{ event() }

// FleetChanged: there is a new view. Order are the servers that may stand by for the room or take it, in the room's order,
// without this one.
type FleetChanged struct {
	Fleet *Fleet
	Order []string
}

// Due: the time of Machine.Next has come.
type Due struct{}

// Paused: this process did not run from From until now.
type Paused struct{ From time.Duration }

// Wanted: a client wants to enter the room, which is not led here.
type Wanted struct {
	Seen      proto.Epoch // the newest that it has seen; zero: it was never in the room
	Waits     bool        // it plays at the leader and waits for the room to move here
	Elsewhere bool        // it is connected to the leader, which has suspended the room: it does not ask whether the room is lost
	Create    bool        // it may create the room
}

// Evidence is what came of asking one server.
type Evidence uint8

const (
	Answered   Evidence = iota // Reply.Answer is the answer of the server's present process
	Silent                     // nothing came, directly or through others
	NoAnswer                   // the question could not be sent: nothing is known
	RefusedFar                 // its address refuses across the network
	GoneHere                   // its address refuses on this machine, or another server answers there: the process is gone
	Misfit                     // it speaks no common version, or has another key: it may have anything
)

// Reply is what came of asking one server.
type Reply struct {
	Server   string
	Evidence Evidence
	Answer   Answer
}

// Replies are the outcome of Ask.
type Replies struct {
	Round   uint64
	Replies []Reply // one for each server asked, unless a leader was found before
}

// Prepared: the simulation of Prepare is there, or the error says why not.
type Prepared struct {
	Err error
	// Final: the error will come again.
	Final bool
}

// Started: the room of Lead runs, or the error says why not.
type Started struct{ Err error }

// Offered: another server leads the room and wants this one to stand by. The machine answers with Accept or Reject.
type Offered struct {
	Stream  uint64 // names the stream in later events; never 0, and never used twice
	From    Process
	Epoch   proto.Epoch
	Others  []string // that may have a replica too
	Base    proto.Tick
	HasBase bool
	// BaseEpoch is Open.From of the leader: two servers may have had different states at one tick. Zero: Epoch.
	BaseEpoch proto.Epoch
	Unable    *Rejection // this server takes no new replica; nil: it may
}

// Stocked: the first keyframe of a stream was taken.
type Stocked struct{ Stream uint64 }

// StreamLost: the link with a leader's stream broke.
type StreamLost struct{ Stream uint64 }

// StreamStopped: the leader needs the replica no longer.
type StreamStopped struct{ Stream uint64 }

// Unfit: the replica cannot be kept; its leader hears Rejection.
type Unfit struct {
	Stream    uint64
	Rejection Rejection
}

// Updated: the leader leads in another epoch, other servers have replicas, or it has heard from this one.
type Updated struct {
	Stream  uint64
	Epoch   proto.Epoch
	Counted bool // the leader has had an acknowledgement of this stream
	Others  []string
}

// HandedTo: the leader has handed the room to Leader, in Epoch, and its stream ends.
type HandedTo struct {
	Stream uint64
	Leader string
	Epoch  proto.Epoch
}

// Offer: the leader has handed the room to this server, which leads in Epoch. The machine answers with Prepare or Reject.
type Offer struct {
	Stream uint64
	Epoch  proto.Epoch
	Others []string
}

// Announced: the leader is about to run the first tick after a takeover.
type Announced struct{ Stream uint64 }

// StandbyCaught: a standby has acknowledged something of its stream.
type StandbyCaught struct {
	ID   int
	Boot uint64
}

// StandbyLost: a standby's stream is lost. Boot is the process that the stream may have reached; 0: it has reached none.
type StandbyLost struct {
	ID       int
	Evidence Evidence
	Boot     uint64
}

// StandbyRejected: a standby has no replica, or does not take this stream.
type StandbyRejected struct {
	ID        int
	Rejection Rejection
}

// StandbyTook: the target of a handoff leads the room in Epoch.
type StandbyTook struct {
	ID    int
	Epoch proto.Epoch
}

// StandbyAnnounced: a standby knows of the announcement.
type StandbyAnnounced struct{ ID int }

// MoveTo: the room is wanted on Target.
type MoveTo struct {
	Target string
	Why    string
}

// HandedOver: the room has ended here with a final tick, and this server has its state as a replica.
type HandedOver struct {
	Epoch proto.Epoch // offered
	Tick  proto.Tick
}

// HandoffFailed: the room stays here and ticks.
type HandoffFailed struct{ Err error }

// Stepped: the room has run its first tick after a takeover.
type Stepped struct{}

// Ended: the room has ended by itself.
type Ended struct{}

// ClientSaw: a client whose resume token the room has verified has seen an epoch that outranks this one.
type ClientSaw struct{ Epoch proto.Epoch }

// Superseded: the results store has the word of another leader, in Epoch. Epoch.Server is empty where it is not known whose.
type Superseded struct{ Epoch proto.Epoch }

func (FleetChanged) event()     {}
func (Due) event()              {}
func (Paused) event()           {}
func (Wanted) event()           {}
func (Replies) event()          {}
func (Prepared) event()         {}
func (Started) event()          {}
func (Offered) event()          {}
func (Stocked) event()          {}
func (StreamLost) event()       {}
func (StreamStopped) event()    {}
func (Unfit) event()            {}
func (Updated) event()          {}
func (HandedTo) event()         {}
func (Offer) event()            {}
func (Announced) event()        {}
func (StandbyCaught) event()    {}
func (StandbyLost) event()      {}
func (StandbyRejected) event()  {}
func (StandbyTook) event()      {}
func (StandbyAnnounced) event() {}
func (MoveTo) event()           {}
func (HandedOver) event()       {}
func (HandoffFailed) event()    {}
func (Stepped) event()          {}
func (Ended) event()            {}
func (ClientSaw) event()        {}
func (Superseded) event()       {}
