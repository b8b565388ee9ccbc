package game

import (
	"fmt"
	"runtime/debug"

	"github.com/ringside-go/ringside/proto"
)

// Queue adds an input message's samples to seat's queue. Those at or below the last one that was processed or queued
// are skipped: they were sent again. It refuses the whole message with ErrFuture when samples are missing before it or
// its last one is over proto.InputWindow above the processed one, with ErrSample when it cannot be decoded, and with
// ErrSeat. An Ack above the last tick is taken for the last tick: a client may have seen ticks of a leader
// that was lost. It keeps nothing of in.
func (s *Simulation) Queue(seat Seat, in proto.Input) error {
	row := s.core.Seats.Get(RowID(seat))
	switch {
	case row == nil:
		return fmt.Errorf("%w: seat %d", ErrSeat, seat)
	case s.inputs == nil:
		return fmt.Errorf("%w: this game takes none", ErrSample)
	}
	if in.Ack.Since(s.store.Tick()) > 0 {
		in.Ack = s.store.Tick()
	}
	return s.inputs.queue(seat, proto.Seq(row.Processed), in)
}

// BoundAck says how many ticks the Ack of a sample of seat may be behind the tick that takes it, from now on until another
// connection takes the seat; 0: any number. A lower Ack counts as the lowest one allowed. It is no state.
func (s *Simulation) BoundAck(seat Seat, behind Tick) {
	if s.inputs != nil && int(seat) < s.settings.Seats {
		s.inputs.bound(seat, behind)
	}
}

// Message queues a custom message of seat for the next Step and copies it. A game that is no Messenger ignores it.
func (s *Simulation) Message(seat Seat, payload []byte) { s.messages.add(seat, payload) }

// Receive queues a message of the game's backend for the next Step and copies it. ErrReceiver: the game takes none.
func (s *Simulation) Receive(payload []byte) error {
	if _, ok := s.game.(Receiver); !ok {
		return ErrReceiver
	}
	s.messages.add(NoSeat, payload)
	return nil
}

// Pending gives what is queued for seat and was not processed, as messages for another simulation's Queue; nil when
// nothing is. Each is of samples with one Ack.
func (s *Simulation) Pending(seat Seat) []proto.Input {
	if s.inputs == nil || int(seat) >= s.settings.Seats {
		return nil
	}
	return s.inputs.pending(seat)
}

// Step runs one tick: held seats expire, leaves, joins after Admit, at most proto.MaxSamplesPerTick samples a seat are taken,
// custom messages, timers, answers of jobs, the game's Tick, kicks, commit. After it the frames of the tick can be had from Store. A panic is returned
// as a *PanicError, by this call and all later ones; the tick was not committed. In steady state it does not allocate.
func (s *Simulation) Step() (err error) {
	if s.failed != nil {
		return s.failed
	}
	defer func() {
		if v := recover(); v != nil {
			s.failed = &PanicError{Value: v, Stack: debug.Stack()}
			err = s.failed
		}
	}()
	s.store.Begin()
	s.at = s.store.Tick() + 1
	s.outcomes, s.kicked = s.outcomes[:0], s.kicked[:0]
	s.customs.begin()
	s.expire()
	s.expireParties()
	s.seatChanges()
	s.takeInputs()
	s.giveMessages()
	s.fire()
	s.answerJobs()
	s.game.Tick(&s.room)
	s.putOut()
	s.dropOldOutcomes()
	s.store.Commit(s.at)
	if s.inputs != nil {
		s.inputs.drop()
	}
	return nil
}

func (s *Simulation) takeInputs() {
	if s.inputs == nil {
		return
	}
	for id, row := range s.core.Seats.All() {
		row.Processed += uint32(s.inputs.take(Seat(id), s.at))
	}
}

func (s *Simulation) giveMessages() {
	m, takes := s.game.(Messenger)
	for _, c := range s.messages.list {
		if b, ok := s.game.(Receiver); ok && c.Seat == NoSeat {
			b.Receive(&s.room, c.Payload)
		} else if p, ok := s.Player(c.Seat); ok && takes {
			m.Message(&s.room, p, c.Payload)
		}
	}
	s.messages.clear()
}

// Refused is how many custom messages of the game's last Step were refused.
func (s *Simulation) Refused() int { return s.customs.refused }

// Customs gives the custom messages that the game sent in the last Step. Valid until the next.
func (s *Simulation) Customs() []CustomOut { return s.customs.list }
