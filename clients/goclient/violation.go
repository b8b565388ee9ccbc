package goclient

import "fmt"

// Violation is a way in which a server breaks the protocol. The words stand in reports and JSON as they are.
type Violation string

// The violations. After those that leave the state unusable (marked *) the client comes back for a keyframe.
const (
	TickGap        Violation = "tick-gap"        // * a delta is not the next tick's
	TickBack       Violation = "tick-back"       // * a tick at or before one already seen in this epoch
	ProcessedBack  Violation = "processed-back"  // the processed number went back within an epoch
	ProcessedAhead Violation = "processed-ahead" // it is above all samples ever sent
	BadMessage     Violation = "bad-message"     // * a record that cannot be read or stands in the wrong place
	BadState       Violation = "bad-state"       // * a keyframe or delta that does not apply
	HashMismatch   Violation = "hash-mismatch"   // * the replica differs from the server's state
	TwoLeaders     Violation = "two-leaders"     // a server leads the room in another server's epoch
	EpochBack      Violation = "epoch-back"      // a welcome of an older epoch than one seen before
	InputLost      Violation = "input-lost"      // acknowledged samples are not processed, and too old to be sent again
	SeatLost       Violation = "seat-lost"       // the seat was given to nobody or changed while it had to be held
	RoomRestarted  Violation = "room-restarted"  // a welcome of a far earlier tick: the room was begun anew
	// InstanceChanged: a welcome into another instance of the room than the client was in.
	InstanceChanged Violation = "instance-changed"
	OutcomeChanged  Violation = "outcome-changed" // a match is told to have ended in two ways
)

// violate reports v and gives the error that ends the connection, for the violations that must.
func (c *Client) violate(v Violation, format string, args ...any) error {
	detail := fmt.Sprintf(format, args...)
	c.stats.violations.Add(1)
	c.config.Logger.Warn("protocol violation", "kind", string(v), "detail", detail, "room", c.room, "server", c.welcome.Server)
	if f := c.config.Events.Violation; f != nil {
		f(c, v, detail)
	}
	return fmt.Errorf("%w: %s: %s", errLost, v, detail)
}
