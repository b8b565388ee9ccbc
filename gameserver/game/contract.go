package game

// CONTRACT STUB: owned by the game helper, who replaces this file by real ones with these signatures.

import (
	"encoding/json"
	"iter"
	"math/rand/v2"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// What an author needs under one import.
type (
	RowID         = state.RowID
	Table[T any]  = state.Table[T]
	Value[T any]  = state.Value[T]
	Events[T any] = state.Events[T]
	Seat          = proto.Seat
	Tick          = proto.Tick
)

// Inputs[T] is a field of the game's struct: it declares the input struct and gives the samples of this tick.
type Inputs[T any] struct{ _ [0]T }

// Of gives seat's samples of this tick in order, at most proto.MaxSamplesPerTick; valid until the tick ends.
func (in *Inputs[T]) Of(seat Seat) []Sample[T] { panic("stub") }

type Sample[T any] struct {
	Seq proto.Seq
	// Ack is the newest tick that the client had decoded when it sent this: what it saw when it aimed.
	Ack   Tick
	Value T
}

// Game is the rules. Called by the room's loop only. All that changes lives in Table, Value and Events fields of the type that
// implements it; other fields are set by New from the options and never again.
type Game interface {
	// Start fills the tables of a new room. Not called when the room is rebuilt from a keyframe.
	Start(r *Room)
	// Join: p took a seat. Called before the tick's Tick.
	Join(r *Room, p Player)
	// Leave: p gave up the seat (left, or did not come back in time).
	Leave(r *Room, p Player)
	// Tick advances by one tick.
	Tick(r *Room)
}

// Messenger is implemented by games that take custom messages.
type Messenger interface {
	Message(r *Room, p Player, payload []byte)
}

// Settings is what New answers besides the game.
type Settings struct {
	TickRate int // 1..60
	Seats    int // 1..proto.MaxSeats
}

// Definition is a game that a server can run.
type Definition struct {
	Name proto.GameName
	// New builds a game for options (JSON object, may be empty); an error names the bad option and what is allowed.
	New func(options json.RawMessage) (Game, Settings, error)
}

type Player struct {
	Seat      Seat
	ID        proto.PlayerID
	Name      string
	Connected bool // false while the seat is held for a lost connection
}

// Room is what a game sees of its room.
type Room struct{}

func (r *Room) Tick() Tick                   { panic("stub") } // the tick being computed, from 1
func (r *Room) TickRate() int                { panic("stub") }
func (r *Room) TickLength() time.Duration    { panic("stub") }
func (r *Room) Seats() int                   { panic("stub") }
func (r *Room) Players() iter.Seq[Player]    { panic("stub") } // by seat
func (r *Room) Player(s Seat) (Player, bool) { panic("stub") }
func (r *Room) Rand() *rand.Rand             { panic("stub") } // its state is in a hidden table
func (r *Room) Finish(o Outcome)             { panic("stub") } // ends the match; the room goes on with the next match
func (r *Room) Match() uint32                { panic("stub") } // number of the match being played, from 1
func (r *Room) Send(s Seat, payload []byte)  { panic("stub") } // custom message to one seat; proto.NoSeat: everyone

// Outcome is what a game says of a match's end; places and scores by seat.
type Outcome struct {
	Results []Result
	Data    []byte
}
type Result struct {
	Seat  Seat
	Place uint8 // 1 first; equal places are a draw
	Score int32
}

// Simulation is one room's pure core: game, tables, seats, random numbers. No clock, socket, goroutine or log.
// The room package drives it, and so do the test kit and a standby.
type Simulation struct{}

// New starts a fresh room. Rebuild makes one from keyframes of another; both check the options.
func New(d *Definition, options []byte, seed uint64) (*Simulation, error) { panic("stub") }
func Rebuild(d *Definition, options []byte, tick Tick, public, secret []byte) (*Simulation, error) {
	panic("stub")
}

func (s *Simulation) Settings() Settings  { panic("stub") }
func (s *Simulation) Store() *state.Store { panic("stub") }
func (s *Simulation) Tick() Tick          { panic("stub") } // of the last Step

// Seats. The room's own table `seats` is state: player id and name and connected are public; token, processed and lost-at hidden.
// Join gives p a seat (ErrFull), or, when p already has one, that seat. token is the resume secret to keep.
func (s *Simulation) Join(id proto.PlayerID, name string, token []byte) (seat Seat, again bool, err error) {
	panic("stub")
}
func (s *Simulation) Resume(token []byte) (Seat, bool) { panic("stub") }
func (s *Simulation) Disconnect(seat Seat)             { panic("stub") } // the hold time begins
func (s *Simulation) Leave(seat Seat)                  { panic("stub") } // gives the seat up at the next Step
func (s *Simulation) Player(seat Seat) (Player, bool)  { panic("stub") }
func (s *Simulation) Token(seat Seat) []byte           { panic("stub") }
func (s *Simulation) Processed(seat Seat) proto.Seq    { panic("stub") }

// Queue adds an input message's samples to seat's queue: samples at or below the last processed or queued number are skipped (sent again), a gap or
// one beyond proto.InputWindow is an error (ErrFuture), undecodable samples are an error (ErrSample). Copies what it keeps.
func (s *Simulation) Queue(seat Seat, in proto.Input) error { panic("stub") }
func (s *Simulation) Message(seat Seat, payload []byte)     { panic("stub") }

// Step runs one tick: expires held seats, leaves, joins, takes up to MaxSamplesPerTick queued samples a seat, Game.Tick, Commit.
// After it Store's Append functions give the tick's frames. A panic in the game is returned as *PanicError (value, stack).
func (s *Simulation) Step() error { panic("stub") }

// Outcomes gives the outcomes decided in the last Step; Customs the custom messages sent in it. Valid until the next Step.
func (s *Simulation) Outcomes() []proto.Outcome { panic("stub") }
func (s *Simulation) Customs() []CustomOut      { panic("stub") }

type CustomOut struct {
	Seat    Seat // NoSeat: everyone
	Payload []byte
}

// Pending gives the queued and not yet processed samples of seat as an input message (for a handoff); ok false when none.
func (s *Simulation) Pending(seat Seat) (proto.Input, bool) { panic("stub") }
