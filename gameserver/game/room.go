package game

import (
	"iter"
	"math/rand/v2"
	"time"
)

// Room is what a game sees of its room. It is valid during the call that got it, and the same in every call.
type Room struct{ s *Simulation }

// Tick is the tick being computed, from 1; 0 in Start.
func (r *Room) Tick() Tick { return r.s.at }

// TickRate is the room's ticks per second.
func (r *Room) TickRate() int { return r.s.settings.TickRate }

// TickLength is the time from one tick to the next.
func (r *Room) TickLength() time.Duration { return time.Second / time.Duration(r.s.settings.TickRate) }

// Seats is how many players the room can have.
func (r *Room) Seats() int { return r.s.settings.Seats }

// Players gives the players by seat, also those whose connection is lost and whose seat is held.
func (r *Room) Players() iter.Seq[Player] {
	return func(yield func(Player) bool) {
		for id, row := range r.s.core.Seats.All() {
			if !yield(row.player(id)) {
				return
			}
		}
	}
}

// Player gives the player on seat s; false when nobody is.
func (r *Room) Player(s Seat) (Player, bool) { return r.s.Player(s) }

// Rand is the room's random generator. Its state is in a table, so that a room that moves goes on with the same
// numbers.
func (r *Room) Rand() *rand.Rand { return r.s.random }

// Match is the number of the match being played, from 1.
func (r *Room) Match() uint32 { return r.s.core.Room.Get().Match }

// Finish ends the match with outcome o, which is final, and begins the next: the room goes on, and what the tables say
// is the game's affair. It panics when o has over proto.MaxSeats results or over proto.MaxOutcomeData bytes of data.
func (r *Room) Finish(o Outcome) { r.s.finish(o) }

// Send sends a custom message to seat s, or with NoSeat to everyone, spectators included. It goes out with this tick,
// and is dropped when nobody is connected on s. It copies payload. The error wraps ErrCustoms, and the message is not sent, when
// payload is over proto.MaxCustom bytes, or when the messages of this tick to s, or those to everyone, are over
// MaxCustomTick bytes together. State that changes all the time belongs in a table.
func (r *Room) Send(s Seat, payload []byte) error { return r.s.customs.send(s, payload) }
