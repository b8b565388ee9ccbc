package replication

import (
	"fmt"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/proto"
)

// acceptor is the accepting side of a link: it answers queries and receives streams.
type acceptor struct {
	conn    *conn
	rooms   Rooms
	process ownership.Process // this one
	from    string
	forward func(a *acceptor, m relay) // answers a relay record later, from another goroutine
	streams map[uint32]*receiver       // guarded by conn.mu

	// The reading goroutine's own.
	applied []*receiver // since the last acknowledgement
	acks    []byte
}

// handle takes what the dialler sends. Records on their way to a stream that has ended here are skipped.
func (a *acceptor) handle(kind proto.Kind, body []byte) error {
	switch kind {
	case kindTick:
		return a.tick(body)
	case kindQuery:
		return on(kind, body, func(m *query) error { return a.answer(m.ID, a.from, m.Query) })
	case kindForwarded:
		return on(kind, body, func(m *forwarded) error { return a.answer(m.ID, m.Asker, m.Query) })
	case kindRelay:
		return on(kind, body, func(m *relay) error {
			a.forward(a, *m)
			return nil
		})
	case kindOpen:
		return on(kind, body, a.open)
	case kindKeyframe:
		return on(kind, body, a.keyframe)
	case kindPart:
		return a.part(body)
	case kindFinal:
		return on(kind, body, a.final)
	case kindHanded:
		return on(kind, body, a.handed)
	case kindUpdate:
		return on(kind, body, a.update)
	case kindProbation:
		return on(kind, body, a.probation)
	case kindStop:
		return on(kind, body, a.stop)
	}
	return nil
}

// answer answers a query. An answer that finds no room closes the link, so that the asker does not wait for it.
func (a *acceptor) answer(id uint64, asker string, q ownership.Query) error {
	m := answer{id, a.rooms.Query(asker, q)}
	m.Process = a.process
	return a.conn.send(encode(kindAnswer, &m))
}

// say sends a record that must not be missed in silence: if it finds no room the link ends, and the other side hears of that.
func (a *acceptor) say(record []byte) {
	if err := a.conn.send(record); err != nil {
		a.conn.close(err)
	}
}

func (a *acceptor) find(number uint32) *receiver {
	a.conn.mu.Lock()
	defer a.conn.mu.Unlock()
	return a.streams[number]
}

func (a *acceptor) open(m *opening) error {
	number, o := m.stream, m.Open
	s := &receiver{acceptor: a, number: number, last: o.Base, current: o.HasBase}
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
	var err error
	if s.replica, err = a.rooms.Offer(a.from, o, s); err != nil {
		s.reject(err)
	} else if o.HasBase {
		s.note(o.Base, nil) // the leader hears at once that the standby has it
	}
	return nil
}

func (a *acceptor) keyframe(k *keyframe) error {
	s := a.find(k.stream)
	if s == nil {
		return nil
	}
	return s.begin(*k)
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
		return fmt.Errorf("replication: stream %d: a part without a keyframe", number)
	}
	s.parts = append(s.parts, piece...)
	return s.complete()
}

func (a *acceptor) tick(body []byte) error {
	number, low, public, secret, err := parseTick(body)
	if err != nil {
		return err
	}
	s := a.find(number)
	if s == nil || s.skipping.Load() {
		return nil
	}
	tick := s.last + 1
	if !s.current || uint16(tick) != low {
		return fmt.Errorf("replication: stream %d: tick %d (low bits) after %d", number, low, s.last)
	}
	s.note(tick, s.replica.Tick(tick, public, secret))
	return nil
}

func (a *acceptor) final(f *final) error {
	s := a.find(f.stream)
	if s == nil || s.skipping.Load() {
		return nil
	}
	if !s.current || f.Tick != s.last+1 {
		return fmt.Errorf("replication: stream %d: final tick %d after %d", f.stream, f.Tick, s.last)
	}
	s.current = false
	s.replica.Final(f.FinalTick)
	return nil
}

func (a *acceptor) handed(m *handed) error {
	if s := a.find(m.stream); s != nil && s.end() {
		s.replica.Handed(m.leader, m.epoch)
	}
	return nil
}

func (a *acceptor) update(m *update) error {
	if s := a.find(m.stream); s != nil {
		s.replica.Updated(m.epoch, m.counted, m.others)
	}
	return nil
}

func (a *acceptor) probation(m *signal) error {
	if s := a.find(m.stream); s != nil {
		s.replica.Probation()
	}
	return nil
}

func (a *acceptor) stop(m *stop) error {
	if s := a.find(m.stream); s != nil && s.end() {
		s.replica.Stop(m.reason)
		s.say(encode(kindReject, &reject{m.stream, ownership.Rejection{Code: ownership.RejectStopped, Text: "the leader has stopped the stream"}}))
	}
	return nil
}

// acknowledge says how far each stream of the batch was applied.
func (a *acceptor) acknowledge() error {
	if len(a.applied) == 0 {
		return nil
	}
	a.acks = a.acks[:0]
	for i, s := range a.applied {
		s.applied = false
		a.acks = appendAck(a.acks, s.number, s.last)
		a.applied[i] = nil
	}
	a.applied = a.applied[:0]
	return a.conn.send(a.acks)
}

// end tells the replicas that the link has ended.
func (a *acceptor) end(err error) {
	a.conn.mu.Lock()
	lost := a.streams
	a.streams = nil
	a.conn.mu.Unlock()
	for _, s := range lost {
		s.replica.Lost(err)
	}
}
