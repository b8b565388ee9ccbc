package peer

import "time"

// Facts of the link protocol; both ends must agree on them.
const (
	// Version is the version of the link protocol. Servers of different versions do not link.
	Version = 1

	// MaxRecord bounds a record's body, in bytes. A keyframe of the largest room fits.
	MaxRecord = 1 << 20
	// maxHello bounds a record's body before the other side has proved that it holds the cluster key, in bytes.
	maxHello = 8 << 10
	// maxName bounds server names and cluster labels, in bytes: a DNS name.
	maxName = 253
	// maxGames is how many games a hello may list; with the longest names they fit into maxHello.
	maxGames = 128
	// maxOutbox bounds what is queued on a link, in bytes: four of the largest records.
	maxOutbox = 4 << 20
	// maxInFlight is how many requests may wait for answers on one link. Each new room asks once, so this many rooms
	// can be made by one server within a round trip.
	maxInFlight = 4096
	// maxGreeting is how many accepted connections may be within the handshake at once: one for each of the largest
	// fleet's servers, all starting together. More are closed unread, and their diallers try again.
	maxGreeting = 256

	// PromiseTime is how long a server that has answered None leaves the room to the asker: the asker has decided by
	// then, or asks again.
	PromiseTime = time.Second

	// dialTimeout bounds dialling and handshake together. Servers of one fleet are milliseconds apart.
	dialTimeout = 2 * time.Second
	// PingInterval is how often the dialler says something on a link.
	PingInterval = 5 * time.Second
	// SilenceTimeout is how long either side waits for a record before it closes the link: three lost pings.
	SilenceTimeout = 15 * time.Second
	// writeTimeout bounds one write. A server that takes nothing for so long is not alive.
	writeTimeout = 5 * time.Second
)
