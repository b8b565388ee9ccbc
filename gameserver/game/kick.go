package game

// Kick puts the player on seat s out of the room. Leave is called for the player at the end of this tick, after Tick; then the
// seat is free, and the player's connection is closed with reason, of at most proto.MaxText bytes, which the player
// reads. Clients do not come back by themselves after it. A player who asks to enter again may: keep them out by
// kicking them in Join, or have an operator ban them. It does nothing where nobody has the seat.
func (r *Room) Kick(s Seat, reason string) { r.s.Kick(s, reason) }

// Kicked is a player who was put out.
type Kicked struct {
	Seat    Seat
	Reason  string
	Refused bool // by Admit: the player never was in the room
}

// Kick is Room.Kick at the end of the next Step.
func (s *Simulation) Kick(seat Seat, reason string) {
	if int(seat) >= s.settings.Seats || s.core.Seats.Get(RowID(seat)) == nil || s.kicking.has(seat) {
		return
	}
	s.kicking.add(seat)
	s.kicks = append(s.kicks, Kicked{Seat: seat, Reason: reason})
}

// Kicked gives those who were put out by the last Step. Valid until the next.
func (s *Simulation) Kicked() []Kicked { return s.kicked }

// putOut takes the seats of those who were kicked, by the game's Leave too.
func (s *Simulation) putOut() {
	for len(s.kicks) > 0 { // again for those whom the game kicks in Leave
		for _, k := range s.kicks {
			if s.kicking.has(k.Seat) { // else the player has left meanwhile
				s.leaving.add(k.Seat)
				s.kicked = append(s.kicked, k)
			}
		}
		s.kicks, s.kicking = s.kicks[:0], 0
		s.seatChanges()
	}
}

// free takes the row of seat away, and what was meant for who had it.
func (s *Simulation) free(seat Seat) {
	s.core.Seats.Remove(RowID(seat))
	s.kicking.del(seat)
}
