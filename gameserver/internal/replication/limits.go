package replication

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Spoken are the versions of the link protocol that this build speaks.
func Spoken() proto.Versions { return proto.Versions{Newest: Version, Oldest: Oldest} }

// Facts of the link protocol; both ends must agree on them.
const (
	// Version is the version of the link protocol, and Oldest the oldest one that this build still speaks: two servers speak
	// the newest that both can, and do not link when there is none. A release that changes the protocol must speak the
	// version of the release before it, or servers cannot be updated one by one.
	Version = 6
	Oldest  = 6

	// MaxRecord bounds a record's body, in bytes: a tick in which all of the largest room changes fits.
	MaxRecord = 1 << 20
	// MaxKeyframe bounds a room's keyframe, public and hidden part together, in bytes: four times what a client may be sent at
	// once, and a standby that is behind by one is brought up in less than a second over a link of 50 Mbit/s.
	MaxKeyframe = 4 << 20
	// maxPart is the largest piece of a keyframe in one record, in bytes.
	maxPart = 16 << 10
	// bulkPiece is how much of waiting keyframes one write takes, in bytes. The ticks of other rooms wait for no more than
	// that: half a millisecond at 1 Gbit/s.
	bulkPiece = 64 << 10
	// maxHello bounds a record's body before the other side has proved that it holds the cluster key, in bytes.
	maxHello = 8 << 10
	// maxName bounds server names and cluster labels, in bytes: a DNS name.
	maxName = 253
	// MaxOthers bounds the other copies of a room that are named to a standby: those wanted, and as many that are waited for.
	MaxOthers = 8
	// maxSchema bounds the schema of a room's state, in bytes: more than that of the most tables with the most fields of the
	// longest names.
	maxSchema = 512 << 10
	// maxReason bounds a text for people in a record, in bytes.
	maxReason = 512
	// maxOutbox bounds what is queued on a link, in bytes: two of the largest keyframes, and as much again for ticks, which
	// is the traffic of 1,000 rooms in the time after which a silent link is given up.
	maxOutbox = 16 << 20
	// keepBuffer is how large a write's buffer may be to be kept for the next, in bytes.
	keepBuffer = 1 << 20
	// maxFrame is how much is sealed as one, in bytes: what one write takes in most cases.
	maxFrame = 256 << 10
	// readBuffer of a link, in bytes. Ticks are acknowledged at its end at the latest.
	readBuffer = 64 << 10
	// maxInFlight is how many requests may wait for answers on one link. Each new room asks once, so this many rooms
	// can be made by one server within a round trip.
	maxInFlight = 4096
	// maxHandshakes is how many accepted connections may be within the handshake at once: one for each of the largest
	// fleet's servers, all starting together. More are closed unread, and their diallers try again.
	maxHandshakes = 256

	// maxForwards bounds the queries that this server forwards for others at one time, in all.
	maxForwards = 1024
	// forwardTimeout bounds one of them: a dial and a round trip.
	forwardTimeout = 2 * time.Second

	// dialTimeout bounds dialling and handshake together. Servers of one fleet are milliseconds apart.
	dialTimeout = 2 * time.Second
	// PingInterval is how long either side of a link with streams is silent at most, and SilenceTimeout how long the other waits
	// before it gives the link up: four pings lost, or late for as long as an overloaded process does not get to run.
	PingInterval   = 200 * time.Millisecond
	SilenceTimeout = time.Second
	// gracePeriod is the end of a timeout of silence: a ping comes within it from a side that runs.
	gracePeriod = PingInterval
	// idlePing and idleTimeout are the same for a link without streams, of which a large fleet has thousands.
	idlePing    = 5 * time.Second
	idleTimeout = 15 * time.Second
	// tickGap is the least time between two writes of ticks on a link. Rooms tick one by one, spread over their period; a write
	// and the acks that it brings back cost as much as twenty rooms' ticks. A standby that is so far behind misses a tick at most.
	tickGap = 5 * time.Millisecond
	// writeTimeout bounds one write. A server that takes nothing for so long is not alive.
	writeTimeout = 5 * time.Second
)
