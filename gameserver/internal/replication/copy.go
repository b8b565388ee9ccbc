package replication

import (
	"errors"
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// acceptor is the accepting side of a link: it answers claims and follows rooms.
type acceptor struct {
	conn    *conn
	rooms   Rooms
	from    string
	streams map[uint32]*stream // guarded by conn.mu

	// The reading goroutine's own.
	applied []*stream // since the last acknowledgement
	acks    []byte
}

// stream is a followed room; it is the Back of its Copy.
type stream struct {
	acceptor *acceptor
	number   uint32
	copy     Copy // set before the stream's next record is read

	// The reading goroutine's own.
	last    proto.Tick
	fed     bool // last is what the copy has
	applied bool // it is in acceptor.applied
	coming  keyframe
	parts   []byte // of coming; nil while none comes
}

// handle takes what the dialler sends. A stream that is over here may have records on the way: they are skipped.
func (a *acceptor) handle(kind proto.Kind, body []byte) error {
	switch kind {
	case kindTick:
		return a.tick(body)
	case kindClaim:
		m, err := parseClaim(body)
		if err != nil {
			return err
		}
		return a.conn.send(answer{m.ID, a.rooms.Holding(a.from, m.Room)}.append(nil))
	case kindFollow:
		return a.follow(body)
	case kindKeyframe:
		return a.keyframe(body)
	case kindPart:
		return a.part(body)
	case kindFinal:
		return a.final(body)
	case kindStop:
		number, reason, err := parseStop(body)
		if err != nil {
			return err
		}
		if s := a.find(number); s != nil && s.close() {
			s.copy.Stop(reason)
			s.say(appendDecline(nil, number, &Refusal{Code: RefuseStopped, Text: "it was told to stop"}))
		}
	}
	return nil
}

func (a *acceptor) find(number uint32) *stream {
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	return a.streams[number]
}

func (a *acceptor) follow(body []byte) error {
	number, o, err := parseFollow(body)
	if err != nil {
		return err
	}
	s := &stream{acceptor: a, number: number}
	a.conn.mu.Lock()
	_, twice := a.streams[number]
	if !twice {
		a.streams[number] = s
		a.conn.carry(1)
	}
	a.conn.mu.Unlock()
	if twice {
		return fmt.Errorf("replication: stream %d is opened twice", number)
	}
	if s.copy, err = a.rooms.Follow(a.from, o, s); err != nil {
		s.refuse(err)
	}
	return nil
}

func (a *acceptor) keyframe(body []byte) error {
	number, k, err := parseKeyframe(body)
	if err != nil {
		return err
	}
	s := a.find(number)
	if s == nil {
		return nil
	}
	s.fed = false
	s.coming, s.parts = k, make([]byte, 0, k.public+k.secret)
	return s.complete()
}

func (a *acceptor) part(body []byte) error {
	number, piece, err := parsePart(body)
	if err != nil {
		return err
	}
	s := a.find(number)
	if s == nil {
		return nil
	}
	if s.parts == nil || len(s.parts)+len(piece) > cap(s.parts) {
		return fmt.Errorf("replication: stream %d: a part of no keyframe", number)
	}
	s.parts = append(s.parts, piece...)
	return s.complete()
}

// complete gives the copy its keyframe once all of it is there.
func (s *stream) complete() error {
	k, all := s.coming, s.parts
	if len(all) < k.public+k.secret {
		return nil
	}
	s.parts = nil
	s.took(k.tick, s.copy.Keyframe(k.tick, all[:k.public:k.public], all[k.public:]))
	return nil
}

func (a *acceptor) tick(body []byte) error {
	number, low, public, secret, err := parseTick(body)
	if err != nil {
		return err
	}
	s := a.find(number)
	if s == nil {
		return nil
	}
	tick := s.last + 1
	if !s.fed || uint16(tick) != low {
		return fmt.Errorf("replication: stream %d: tick %d (low bits) after %d", number, low, s.last)
	}
	s.took(tick, s.copy.Tick(tick, public, secret))
	return nil
}

func (a *acceptor) final(body []byte) error {
	number, f, err := parseFinal(body)
	if err != nil {
		return err
	}
	s := a.find(number)
	if s == nil {
		return nil
	}
	if !s.fed || f.Tick != s.last+1 {
		return fmt.Errorf("replication: stream %d: final tick %d after %d", number, f.Tick, s.last)
	}
	s.fed = false
	s.copy.Final(f)
	return nil
}

// took notes what the copy has applied, or refused with err.
func (s *stream) took(tick proto.Tick, err error) {
	if err != nil {
		s.refuse(err)
		return
	}
	s.last, s.fed = tick, true
	if !s.applied {
		s.applied = true
		s.acceptor.applied = append(s.acceptor.applied, s)
	}
}

// acknowledge says how far each stream of the batch was applied.
func (a *acceptor) acknowledge() error {
	if len(a.applied) == 0 {
		return nil
	}
	a.acks = a.acks[:0]
	for i, s := range a.applied {
		s.applied = false
		a.acks = appendNumber(a.acks, kindAck, s.number, uint32(s.last))
		a.applied[i] = nil
	}
	a.applied = a.applied[:0]
	return a.conn.send(a.acks)
}

// end tells the copies that the link is no more.
func (a *acceptor) end(err error) {
	a.conn.mu.Lock()
	lost := a.streams
	a.streams = nil
	a.conn.mu.Unlock()
	for _, s := range lost {
		s.copy.Lost(err)
	}
}

// close ends the stream and reports whether this call did it.
func (s *stream) close() bool {
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

func (s *stream) refuse(err error) {
	r := &Refusal{Code: RefuseOther, Text: err.Error()}
	errors.As(err, &r)
	s.Refuse(*r)
}

// Ready implements Back.
func (s *stream) Ready(waiting int) {
	if s.acceptor.find(s.number) == s {
		s.say(appendNumber(nil, kindReady, s.number, uint32(max(waiting, 0))))
	}
}

// Took implements Back.
func (s *stream) Took(epoch proto.Epoch) {
	if s.close() {
		s.say(appendTook(nil, s.number, epoch))
	}
}

// Refuse implements Back.
func (s *stream) Refuse(r Refusal) {
	if s.close() {
		s.say(appendDecline(nil, s.number, &r))
	}
}

// say sends a record. What cannot be sent must not be missed in silence: the link ends, and the leader hears of that.
func (s *stream) say(record []byte) {
	if err := s.acceptor.conn.send(record); err != nil {
		s.acceptor.conn.close(err)
	}
}
