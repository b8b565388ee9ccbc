package replication

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Spoken are the versions of the link protocol that this build speaks.
func Spoken() proto.Versions { return proto.Versions{Newest: Version, Oldest: Oldest} }

// Constants of the link protocol; both ends must agree on them.
const (
	// Version is the newest version of the link protocol that this build speaks, Oldest the oldest. Two servers speak the
	// newest common one, and do not link without one. A release that changes the protocol must also speak the version of the
	// release before it, or servers cannot be updated one by one.
	Version = 7
	Oldest  = 7

	// MaxRecord bounds a record's body, in bytes: a tick in which all of the largest room changes fits.
	MaxRecord = 1 << 20
	// MaxKeyframe bounds a room's keyframe, public and hidden part together, in bytes: four times what a client may be sent at
	// once. A link of 50 Mbit/s carries it in less than a second.
	MaxKeyframe = 4 << 20
	// maxPart is the largest piece of a keyframe in one record, in bytes.
	maxPart = 16 << 10
	// bulkPiece is how much of the waiting keyframes one write takes, in bytes. The ticks of other rooms wait for no more than
	// that: half a millisecond at 1 Gbit/s.
	bulkPiece = 64 << 10
	// maxHello bounds a record's body in the handshake, in bytes.
	maxHello = 8 << 10
	// maxName bounds server names and cluster labels, in bytes: a DNS name.
	maxName = 253
	// MaxOthers bounds the other replicas of a room that a standby is told of: those wanted, and as many that have leases left.
	MaxOthers = 8
	// maxSchema bounds the schema of a room's state, in bytes: the most tables with the most fields of the longest names fit.
	maxSchema = 512 << 10
	// maxReason bounds a text for people in a record, in bytes.
	maxReason = 512
	// maxOutbox bounds what is queued on a link, in bytes: two of the largest keyframes, and as much again for ticks. That is
	// the traffic of 1,000 rooms within SilenceTimeout.
	maxOutbox = 16 << 20
	// keepBuffer is the largest write buffer that is kept for the next write, in bytes.
	keepBuffer = 1 << 20
	// maxWrite is the most that writeTimeout is given to, in bytes: one write in most cases.
	maxWrite = 256 << 10
	// readBuffer is the read buffer of a link, in bytes. Ticks are acknowledged at its end at the latest.
	readBuffer = 64 << 10
	// maxInFlight is how many queries may wait for answers on one link. A server can create this many rooms within a round
	// trip, since it asks each other server once for each.
	maxInFlight = 4096
	// DefaultHandshakes bounds the accepted connections whose handshake is pending: one for each server of the largest fleet,
	// all starting together. DefaultHandshakesPerAddress bounds those of one address: each server of a fleet on one machine.
	DefaultHandshakes           = 256
	DefaultHandshakesPerAddress = 64

	// maxForwards bounds the queries that this server forwards for others at one time, in all.
	maxForwards = 1024
	// forwardTimeout bounds one of them: a dial and a round trip.
	forwardTimeout = 2 * time.Second

	// dialTimeout bounds dialling and handshake together: two round trips, and the first resend of a lost packet after 1 s.
	dialTimeout = 2 * time.Second
	// PingInterval is how long either side of a link with streams is silent at most. SilenceTimeout is how long the other side
	// waits before it closes the link: four pings that are lost, or late because an overloaded process does not run.
	PingInterval   = 200 * time.Millisecond
	SilenceTimeout = time.Second
	// gracePeriod is the last part of these timeouts. A side that runs sends a ping within it.
	gracePeriod = PingInterval
	// idlePing and idleTimeout are the same for links without streams, of which a large fleet has thousands.
	idlePing    = 5 * time.Second
	idleTimeout = 15 * time.Second
	// tickGap is the minimum time between two writes of ticks on a link. Rooms tick one by one, spread over their period, and
	// a write with the acks that answer it costs as much as queueing twenty rooms' ticks.
	tickGap = 5 * time.Millisecond
	// writeTimeout bounds one write. A server that reads nothing for so long is not alive.
	writeTimeout = 5 * time.Second
)
