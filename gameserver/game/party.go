package game

import "time"

// Party is the group of players that an entrant belongs to; the zero Party: none.
type Party struct {
	ID   string
	Size int           // players, the entrant included
	Hold time.Duration // how long seats are kept for those who are not here yet
}

// partyRow is the seats that are kept for the players of a party who have not come. It stays until Until with none left, so that a
// party that has come is not taken for a new one.
type partyRow struct {
	ID    string `state:"max=32"`
	Left  uint8  `state:""`
	Until uint32 `state:""` // first tick in which the seats are free
}

// allot reports whether a seat is there for a player of p, and counts it. The first player of a party gets one only if there are seats
// for all of it, and those of the others are kept. Without such a seat a player takes one that nobody has and nobody keeps.
func (s *Simulation) allot(p Party) bool {
	free := s.settings.Seats - s.core.Seats.Len()
	var known *partyRow
	for _, row := range s.core.Parties.All() {
		free -= int(row.Left)
		if row.ID == p.ID {
			known = row
		}
	}
	switch {
	case known != nil && known.Left > 0:
		known.Left--
		return true
	case known != nil || p.ID == "" || p.Hold <= 0:
		return free > 0
	case free < p.Size:
		return false
	}
	*s.core.Parties.Put(s.partyID()) = partyRow{ID: p.ID, Left: uint8(p.Size - 1),
		Until: uint32(s.store.Tick()+1) + uint32(p.Hold.Seconds()*float64(s.settings.TickRate))}
	return true
}

// partyID gives a row for another party: an unused one, or that of a party that has come. There is one, since a seat is free.
func (s *Simulation) partyID() (id RowID) {
	for i := range RowID(s.core.Parties.Cap()) {
		switch row := s.core.Parties.Get(i); {
		case row == nil:
			return i
		case row.Left == 0:
			id = i
		}
	}
	return id
}

// expireParties frees the seats of players who have not come in time.
func (s *Simulation) expireParties() {
	for id, row := range s.core.Parties.All() {
		if int32(uint32(s.at)-row.Until) >= 0 {
			s.core.Parties.Remove(id)
		}
	}
}

// Reserved is how many seats are kept for players of parties who have not come.
func (s *Simulation) Reserved() (n int) {
	for _, row := range s.core.Parties.All() {
		n += int(row.Left)
	}
	return n
}
