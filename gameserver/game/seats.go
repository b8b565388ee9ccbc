package game

import (
	"encoding/json"
	"fmt"
	"math/bits"

	"github.com/ringside-go/ringside/proto"
)

func (r *seatRow) player(id RowID) Player {
	return Player{Seat: Seat(id), ID: proto.PlayerID(r.ID), Alias: proto.Alias(r.Alias), Name: r.Name, Connected: r.Connected}
}

// seatSet is a set of seats. Simulation holds those that join or leave at the next Step; a Step leaves both empty, so
// they are no state.
type seatSet uint64

func (s seatSet) has(seat Seat) bool { return s>>seat&1 != 0 }
func (s *seatSet) add(seat Seat)     { *s |= 1 << seat }
func (s *seatSet) del(seat Seat)     { *s &^= 1 << seat }

// pop takes the lowest seat out.
func (s *seatSet) pop() Seat {
	seat := Seat(bits.TrailingZeros64(uint64(*s)))
	s.del(seat)
	return seat
}

// Entrant is a player who wants a seat. Who calls Join has verified that it is this player.
type Entrant struct {
	ID     proto.PlayerID
	Name   string
	Secret Secret          // random: what the seat's resume tokens are derived from
	Proven uint32          // when the player last proved its identity, in Unix seconds; 0: not known
	Claims json.RawMessage // for Admitter; not copied
	Party  Party
}

// Join gives e the lowest free seat, and the game's Join is called in the next Step. A player who has a seat gets that one
// (again), with the queue of its old connection emptied, its resume tokens replaced, and a leave that was waiting taken back.
// ErrTaken: e has not proven its identity since the player that has the seat did, so it may have no more than a copy of that
// player's ticket. A seat whose player has not said when it did is given if it has no connection. ErrLocked: the game has locked the
// room. ErrFull: no seat is free, or, for the first player of a party, not enough for all of it; one that is left, or whose player the
// game does not admit, frees at the next Step.
func (s *Simulation) Join(e Entrant) (seat Seat, again bool, err error) {
	for i, row := range s.core.Seats.All() {
		if row.ID != string(e.ID) {
			continue
		}
		if !s.leaving.has(Seat(i)) && e.Proven <= row.Proven && (row.Connected || row.Proven != 0) {
			return NoSeat, false, fmt.Errorf("%w: seat %d", ErrTaken, i)
		}
		row.Name, row.Secret, row.Renewed, row.Proven = e.Name, e.Secret.text(), 0, max(row.Proven, e.Proven)
		s.reconnect(Seat(i), row)
		return Seat(i), true, nil
	}
	if s.Locked() {
		return NoSeat, false, ErrLocked
	}
	if !s.allot(e.Party) {
		return NoSeat, false, fmt.Errorf("%w or kept for a party: all %d of them", ErrFull, s.settings.Seats)
	}
	for i := range RowID(s.settings.Seats) {
		if s.core.Seats.Get(i) != nil {
			continue
		}
		*s.core.Seats.Put(i) = seatRow{ID: string(e.ID), Alias: s.alias(e.ID), Name: e.Name, Connected: true,
			Secret: e.Secret.text(), Proven: e.Proven}
		s.joining.add(Seat(i))
		if s.admitter != nil {
			s.claims[i] = e.Claims
		}
		if s.inputs != nil {
			s.inputs.reset(Seat(i))
		}
		return Seat(i), false, nil
	}
	return NoSeat, false, fmt.Errorf("%w: all %d of them", ErrFull, s.settings.Seats)
}

// Resume takes up the seat that token opens, see SeatOf. The tokens before it open it no more. The seat's queue is emptied:
// the client sends what was not processed again.
func (s *Simulation) Resume(token []byte) (Seat, bool) {
	seat, number, ok := s.opens(token)
	if !ok || s.leaving.has(seat) {
		return NoSeat, false
	}
	row := s.core.Seats.Get(RowID(seat))
	row.Renewed = number
	s.reconnect(seat, row)
	return seat, true
}

func (s *Simulation) reconnect(seat Seat, row *seatRow) {
	row.Connected, row.LostAt = true, 0
	s.leaving.del(seat)
	if s.inputs != nil {
		s.inputs.reset(seat)
	}
}

// Disconnect tells that the connection of seat is gone: the time for which the seat is held (proto.SeatHold, in ticks)
// begins. What it had queued is still played.
func (s *Simulation) Disconnect(seat Seat) {
	if row := s.core.Seats.Get(RowID(seat)); row != nil && row.Connected {
		row.Connected, row.LostAt = false, uint32(s.store.Tick()+1)
	}
}

// Leave gives seat up at the next Step.
func (s *Simulation) Leave(seat Seat) {
	switch {
	case s.core.Seats.Get(RowID(seat)) == nil:
	case s.joining.has(seat):
		s.joining.del(seat)
		s.free(seat)
		s.messages.drop(seat) // or they would be taken for those of the next one here
	default:
		s.leaving.add(seat)
	}
}

// Player gives who has seat.
func (s *Simulation) Player(seat Seat) (Player, bool) {
	row := s.core.Seats.Get(RowID(seat))
	if row == nil {
		return Player{}, false
	}
	return row.player(RowID(seat)), true
}

// Processed is the number of the last sample of seat that a tick took.
func (s *Simulation) Processed(seat Seat) proto.Seq {
	row := s.core.Seats.Get(RowID(seat))
	if row == nil {
		return 0
	}
	return proto.Seq(row.Processed)
}

// expire marks the seats that nobody came back to.
func (s *Simulation) expire() {
	hold := uint32(max(s.settings.SeatHold, proto.SeatHold).Seconds() * float64(s.settings.TickRate))
	for id, row := range s.core.Seats.All() {
		if !row.Connected && uint32(s.at)-row.LostAt >= hold {
			s.leaving.add(Seat(id))
		}
	}
}

// seatChanges tells the game who left and then who joined, each by seat.
func (s *Simulation) seatChanges() {
	for s.leaving != 0 {
		seat := s.leaving.pop()
		s.leave(seat)
		s.free(seat)
		if s.inputs != nil {
			s.inputs.reset(seat)
		}
	}
	for s.joining != 0 {
		seat := s.joining.pop()
		if p := s.core.Seats.Get(RowID(seat)).player(RowID(seat)); s.admit(p) {
			s.comeBack(p)
			s.game.Join(&s.room, p)
		}
	}
}
