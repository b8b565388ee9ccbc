package game

// The states of a room's door, roomRow.Door.
const (
	doorOpen uint8 = iota
	doorLocked
	doorClosing
)

// Lock keeps newcomers out from this tick on: no player gets a seat, nobody new watches, and quick match and lists leave the room out.
// Who has a seat may come back to it, and who watches stays.
func (r *Room) Lock() {
	if row := r.s.core.Room.Get(); row.Door == doorOpen {
		row.Door = doorLocked
	}
}

// Unlock takes Lock back.
func (r *Room) Unlock() {
	if row := r.s.core.Room.Get(); row.Door == doorLocked {
		row.Door = doorOpen
	}
}

// Locked reports whether newcomers are kept out.
func (r *Room) Locked() bool { return r.s.Locked() }

// Close ends the room after this tick: everybody is closed with proto.CloseEnded and reads reason, of at most proto.MaxText bytes. It cannot be
// taken back, and locks the room. While outcomes of the room have not been told yet, which takes a moment, the room stays and Tick is called; so
// players hear every outcome. Whoever enters the room's id later makes a new room. The server that a closing room moves to
// closes it, without the reason.
func (r *Room) Close(reason string) {
	r.s.core.Room.Get().Door = doorClosing
	r.s.farewell = clip(reason)
}

// Locked reports whether newcomers get in.
func (s *Simulation) Locked() bool { return s.core.Room.Get().Door != doorOpen }

// Closing reports whether the game wants the room to end, and what everybody is told.
func (s *Simulation) Closing() (reason string, closing bool) {
	return s.farewell, s.core.Room.Get().Door == doorClosing
}
