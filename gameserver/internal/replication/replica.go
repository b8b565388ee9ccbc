package replication

import (
	"errors"
	"sync/atomic"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// Rooms answers other servers. The methods are called on the links' reading goroutines, for many rooms at once, and must
// not block: all rooms of the link wait.
type Rooms interface {
	// Query answers what this process has of a room. asker is the server that wants to know: its handshake has proved its
	// name, or the relay's has. Links fills Answer.Process in.
	Query(asker string, q ownership.Query) ownership.Answer
	// Offer makes a replica of a room that the server from leads. An error rejects the stream; the leader is told a
	// *ownership.Rejection as it is, and the text of any other error. back may be used from the call on.
	Offer(from string, o Open, back Back) (Replica, error)
}

// Replica takes a room's stream at a standby. The methods are called on the link's reading goroutine, in order; all rooms
// of the link wait for them. Byte slices are valid during the call.
//
// A keyframe comes first, unless Open.HasBase, and again whenever the leader's queue was full. A Tick is always the one
// after the tick before. What Keyframe and Tick take without an error is acknowledged to the leader.
//
// The stream ends with one of: an error from Keyframe or Tick (the leader hears Rejected), Handed, Stop, Lost, and Back's
// Took or Reject.
type Replica interface {
	Keyframe(tick proto.Tick, public, secret []byte) error
	Tick(tick proto.Tick, public, secret []byte) error
	// Final hands the room over to this server. No Tick follows.
	Final(f FinalTick)
	// Handed: the leader handed the room to another server, which leads it in epoch from the last tick on. The replica
	// stays and waits for the new leader's stream.
	Handed(leader string, epoch proto.Epoch)
	// Updated: the room's epoch and the other servers that may have a replica are these from now on. counted: the leader has heard
	// from this server on this stream. All that came before may have waited on the way since before the stream's link was lost.
	Updated(epoch proto.Epoch, counted bool, others []string)
	// Probation: the leader is about to run the first tick after a takeover. The answer is Back.Probation.
	Probation()
	Stop(reason string)
	Lost(err error) // the link broke: ErrBroken, ErrTimeout or ErrStopped
}

// Back is what a Replica says to its leader. The methods may be called from any goroutine and do not block. They do nothing
// once the stream has ended.
type Back interface {
	Ready(waiting int)
	// NeedKeyframe: the replica cannot continue from what it has, such as Open.Base. Ticks are skipped until a keyframe comes.
	NeedKeyframe()
	Probation()                   // acknowledges Replica.Probation
	Took(epoch proto.Epoch)       // ends the stream: nothing more is called on the Replica
	Reject(r ownership.Rejection) // likewise
}

// receiver is the receiving end of one stream; it is the Back of its Replica.
type receiver struct {
	acceptor *acceptor
	number   uint32
	replica  Replica     // set before the stream's next record is read
	skipping atomic.Bool // a keyframe was asked for: ticks are skipped until one begins

	// The reading goroutine's own.
	last    proto.Tick
	current bool // the replica has last
	applied bool // it is in acceptor.applied
	coming  keyframe
	parts   []byte // of coming; nil while none comes
}

// begin starts a keyframe, in place of one that has not come in whole.
func (s *receiver) begin(k keyframe) error {
	s.skipping.Store(false)
	s.current = false
	s.coming, s.parts = k, make([]byte, 0, k.public+k.secret)
	return s.complete()
}

// complete gives the replica its keyframe once all of it is there.
func (s *receiver) complete() error {
	k, all := s.coming, s.parts
	if len(all) < k.public+k.secret {
		return nil
	}
	s.parts = nil
	s.note(k.tick, s.replica.Keyframe(k.tick, all[:k.public:k.public], all[k.public:]))
	return nil
}

// note keeps what the replica has applied, or rejected with err.
func (s *receiver) note(tick proto.Tick, err error) {
	if err != nil {
		s.reject(err)
		return
	}
	if s.skipping.Load() { // it has asked for a keyframe instead
		return
	}
	s.last, s.current = tick, true
	if !s.applied {
		s.applied = true
		s.acceptor.applied = append(s.acceptor.applied, s)
	}
}

// end ends the stream and reports whether this call did it.
func (s *receiver) end() bool {
	a := s.acceptor
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	if a.streams[s.number] != s {
		return false
	}
	delete(a.streams, s.number)
	a.conn.carry(-1)
	return true
}

func (s *receiver) reject(err error) {
	r := &ownership.Rejection{Code: ownership.RejectOther, Text: err.Error()}
	errors.As(err, &r)
	s.Reject(*r)
}

// Ready implements Back.
func (s *receiver) Ready(waiting int) {
	s.sayIfOpen(encode(kindReady, &ready{s.number, uint32(max(waiting, 0))}))
}

// NeedKeyframe implements Back.
func (s *receiver) NeedKeyframe() {
	s.skipping.Store(true)
	s.sayIfOpen(encode(kindNeedKeyframe, &signal{s.number}))
}

// Probation implements Back.
func (s *receiver) Probation() { s.sayIfOpen(encode(kindNoted, &signal{s.number})) }

// Took implements Back.
func (s *receiver) Took(epoch proto.Epoch) {
	if s.end() {
		s.say(encode(kindTook, &took{s.number, epoch}))
	}
}

// Reject implements Back.
func (s *receiver) Reject(r ownership.Rejection) {
	if s.end() {
		s.say(encode(kindReject, &reject{s.number, r}))
	}
}

func (s *receiver) sayIfOpen(record []byte) {
	if s.acceptor.find(s.number) == s {
		s.say(record)
	}
}

func (s *receiver) say(record []byte) { s.acceptor.say(record) }
