package session

import (
	"crypto/rand"
	"encoding/binary"
	"slices"
	"time"
)

const (
	// probeInterval is the time between two pings of the server to a client that sends inputs. They are those of WebSocket,
	// which every client's library answers by itself, with 10 bytes each way.
	probeInterval = 3 * time.Second
	// tripsKept is how many round trips are looked at. The longest counts: a connection that has just become slower must not
	// lose what it is due.
	tripsKept = 4
)

// trips measures a connection's round trip by pings whose content cannot be guessed, so that a client cannot answer before it has got
// one. A client can make its connection look slower than it is by answering late, though not faster than that.
type trips struct {
	next    time.Time     // when the next ping is due; this and longest are read with each input
	longest time.Duration // of last: the round trip that counts; 0 before the first is known
	sent    time.Time     // zero: the last ping was answered, or there was none yet
	nonce   [8]byte       // of the last ping
	last    [tripsKept]time.Duration
	count   uint8 // of last, modulo tripsKept
}

// ping makes a ping at now.
func (t *trips) ping(now time.Time) []byte {
	if !t.sent.IsZero() { // a client that does not answer has no round trip to show
		t.note(0)
	}
	t.sent, t.next = now, now.Add(probeInterval)
	rand.Read(t.nonce[:])
	return t.nonce[:]
}

// pong takes the answer, which came at now.
func (t *trips) pong(payload []byte, now time.Time) {
	if t.sent.IsZero() || len(payload) != len(t.nonce) || binary.LittleEndian.Uint64(payload) != binary.LittleEndian.Uint64(t.nonce[:]) {
		return
	}
	t.note(max(0, now.Sub(t.sent)))
	t.sent = time.Time{}
}

func (t *trips) note(trip time.Duration) {
	t.last[t.count%tripsKept] = trip
	t.count++
	t.longest = slices.Max(t.last[:])
}

// probe pings the client if it is time.
func (c *Conn) probe() error {
	if c.lastRead.Before(c.trips.next) {
		return nil
	}
	return c.answer(opPing, c.trips.ping(c.lastRead))
}
