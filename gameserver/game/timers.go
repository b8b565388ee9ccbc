package game

import (
	"math"
	"time"
)

// Timed is implemented by games that set timers with Room.After and Room.Every.
type Timed interface {
	// Timer tells that t is due. It is called in a tick, after Message and before Tick; of several, by the tick in which they were due and
	// then in the order in which they were set.
	Timer(r *Room, t Timer)
}

// TimerID names a timer of a room for Room.Cancel. 0 is none.
type TimerID uint32

// Timer is what a game set. It is state: it moves with the room, and runs in ticks, so it stands still while the room is suspended.
type Timer struct {
	ID   TimerID
	Kind uint16 // what for, a constant of the game's own
	Data uint64 // of what, as a seat or a row
}

// timers is the framework's state in the rooms of games that are Timed.
type timers struct {
	Timers Table[timerRow]  `state:"max=256,hidden"`
	Timing Value[timingRow] `state:"hidden"`
}

type timerRow struct {
	ID    uint32 `state:""`
	At    uint32 `state:""` // tick
	Every uint32 `state:""` // ticks; 0: once
	Kind  uint16 `state:""`
	Data  uint64 `state:""`
}

type timingRow struct {
	LastID uint32 `state:""`
}

// After has the game's Timer called once, in the first tick that is d or more from now, and not in this one. The game must be a Timed,
// otherwise After panics. It gives 0, and nothing is called, while 256 timers wait.
func (r *Room) After(d time.Duration, kind uint16, data uint64) TimerID {
	return r.s.setTimer(r.s.ticks(d), 0, kind, data)
}

// Every is After again and again, each time d later, until Cancel.
func (r *Room) Every(d time.Duration, kind uint16, data uint64) TimerID {
	n := r.s.ticks(d)
	return r.s.setTimer(n, n, kind, data)
}

// Cancel stops a timer. One that there is not any more is none to stop.
func (r *Room) Cancel(t TimerID) {
	if r.s.timed == nil {
		return
	}
	for id, row := range r.s.timers.Timers.All() {
		if row.ID == uint32(t) {
			r.s.timers.Timers.Remove(id)
			return
		}
	}
}

// ticks is how many ticks d takes, at least one.
func (s *Simulation) ticks(d time.Duration) uint32 {
	n := math.Ceil(d.Seconds() * float64(s.settings.TickRate))
	return uint32(min(max(n, 1), math.MaxInt32))
}

func (s *Simulation) setTimer(after, every uint32, kind uint16, data uint64) TimerID {
	if s.timed == nil {
		panic("game: Room.After and Room.Every need a game with a method Timer(*game.Room, game.Timer)")
	}
	_, row := s.timers.Timers.Add()
	if row == nil {
		return 0
	}
	last := s.timers.Timing.Get()
	last.LastID = max(last.LastID+1, 1)
	*row = timerRow{ID: last.LastID, At: uint32(s.at) + after, Every: every, Kind: kind, Data: data}
	return TimerID(row.ID)
}

// fire calls the game's Timer for what is due.
func (s *Simulation) fire() {
	if s.timed == nil {
		return
	}
	for {
		var due *timerRow
		var at RowID
		for id, row := range s.timers.Timers.All() {
			if row.At <= uint32(s.at) && (due == nil || row.At < due.At || row.At == due.At && row.ID < due.ID) {
				due, at = row, id
			}
		}
		if due == nil {
			return
		}
		t := Timer{TimerID(due.ID), due.Kind, due.Data}
		if due.At += due.Every; due.Every == 0 {
			s.timers.Timers.Remove(at)
		}
		s.timed.Timer(&s.room, t)
	}
}
