package game

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// What an author needs under one import. Their documentation is in packages state and proto.
type (
	RowID         = state.RowID
	Table[T any]  = state.Table[T]
	Value[T any]  = state.Value[T]
	Events[T any] = state.Events[T]
	Seat          = proto.Seat
	Tick          = proto.Tick
)

// NoSeat stands for nobody.
const NoSeat = proto.NoSeat

const (
	// MaxCustomTick bounds the custom messages of a tick to one seat, and those to everyone, in bytes. A client's outbox holds
	// eight ticks of them.
	MaxCustomTick = 4 << 10
	// MaxState bounds a room's keyframe with the own part of one seat, in bytes. The rest of proto.MaxServerMessage is for the
	// welcome, whose schema takes most of it, and for custom messages.
	MaxState = 896 << 10
	// MaxReceived bounds a message of the game's backend, in bytes.
	MaxReceived = 4 << 10
	// JobTime is how long the function of Room.Go may take.
	JobTime = 30 * time.Second
)

// Game is the rules of one room. Its methods are called by the room's loop only, one at a time, and must not block. A
// panic in one of them ends this room and no other, and so does one that does not return; see the package's documentation. The pointer that Definition.New gives must be to a struct; see the
// package's documentation for what it may hold.
type Game interface {
	// Start fills the tables of a new room, before its first tick and before anybody has joined. It is not called when
	// a room is rebuilt from a keyframe.
	Start(r *Room)
	// Join tells that p took a seat. It is called in a tick, before Tick.
	Join(r *Room, p Player)
	// Leave is called when p gives up the seat: p left, or did not come back in time. It is called in a tick, before Join
	// and Tick, or after Tick when p was kicked; p is still among Room.Players.
	Leave(r *Room, p Player)
	// Tick advances the room by one tick.
	Tick(r *Room)
}

// Messenger is implemented by games that take custom messages from players, such as chat or a purchase: what is rare
// and must not be part of every input.
type Messenger interface {
	// Message hands over a message of p, at most proto.MaxCustom bytes, whatever they are. It is called in a tick,
	// after Join and before Tick, in the order of arrival. The payload is not the game's to keep.
	Message(r *Room, p Player, payload []byte)
}

// Receiver is implemented by games that take messages of the game's backend: POST /v1/rooms/{room}/message with the operators' token.
type Receiver interface {
	// Receive hands over a message, at most MaxReceived bytes, whatever they are. It is called in a tick like Message, and in the order of
	// arrival with the players' messages. The payload is not the game's to keep. The sender hears of it when every standby has the tick; one
	// that hears nothing sends again, so make messages safe to repeat.
	Receive(r *Room, payload []byte)
}

// Admitter is implemented by games that decide who gets a seat.
type Admitter interface {
	// Admit is asked in a tick for each player who wants a seat, just before Join. p has the seat that the player would get. claims are what
	// the game's backend says of the player in the identity token, a JSON object, or nil: a guest's are always nil. Admit may write what is
	// needed of them into tables. An error gives the seat back: the player is closed with proto.CloseRefused and reads the error's
	// text, cut to proto.MaxText bytes; Join and Leave are not called. Admit is not called for players who come back to their seat, and not
	// for spectators.
	Admit(r *Room, p Player, claims json.RawMessage) error
}

// Definition is a game that a server can run.
type Definition struct {
	Name proto.GameName
	// New builds a game for a room's options, a JSON object, which may be empty. It is called from any goroutine, for a
	// new room and for a rebuilt one. An error is read by the person who asked for the room: it names the option, the
	// value and what is allowed. New must be quick: a standby calls it for each whole state that it gets, and the other rooms of
	// that leader wait. What is large is loaded once a process, not once a room.
	New func(options json.RawMessage) (Game, Settings, error)
	// SignedOptions: a room of the game is created only with options that the game's backend has signed, in the claim "create" of an identity
	// token. So players cannot choose them. Where it is false, options are the wish of whoever creates the room.
	SignedOptions bool
	// Migrates are the fingerprints of older versions of the game's state whose rooms this version takes over while a
	// fleet is updated; servers log theirs when they start. Tables and fields are matched by name, and a game that needs
	// more is a Migrator. A room of a version that is not here stays on the servers of that version.
	Migrates []uint64
}

// Validate says what is wrong with the definition itself.
func (d *Definition) Validate() error {
	if _, err := proto.ParseGameName(string(d.Name)); err != nil {
		return err
	}
	if d.New == nil {
		return fmt.Errorf("game %s: New is nil; write a function that gives a pointer to a new game and its settings", d.Name)
	}
	return nil
}

// Settings is what New answers besides the game.
type Settings struct {
	TickRate int // ticks per second, proto.MinTickRate to proto.MaxTickRate
	Seats    int // 1 to proto.MaxSeats
	// SeatHold is how long the seat of a player whose connection is lost is kept, at least proto.SeatHold, which clients count on, and at
	// most maxSeatHold; 0: proto.SeatHold.
	SeatHold time.Duration
	// IdleTime is how long the room continues without players and spectators, at most an hour; 0: the server's -idle-room. It keeps ticking
	// at its rate, since its standby detects by the ticks that the leader runs, and moves like any other room. A move restarts the
	// time. A room in which nobody has played still ends after -unplayed-room.
	IdleTime time.Duration
	// Spectators is how many clients may watch, at most proto.MaxSpectators; 0: that many, negative: none.
	Spectators int
	// Listed shows the room in lists: GET /v1/rooms of a router, where strangers see its id, its numbers of players and its Properties. Private
	// rooms are never listed.
	Listed bool
}

// maxSeatHold and maxIdleTime keep a room of players who never come back from living for ever.
const (
	maxSeatHold = time.Hour
	maxIdleTime = time.Hour
)

func (s Settings) validate() error {
	switch {
	case s.TickRate < proto.MinTickRate || s.TickRate > proto.MaxTickRate:
		return fmt.Errorf("tick rate %d, %d to %d are allowed", s.TickRate, proto.MinTickRate, proto.MaxTickRate)
	case s.Seats < 1 || s.Seats > proto.MaxSeats:
		return fmt.Errorf("%d seats, 1 to %d are allowed", s.Seats, proto.MaxSeats)
	case s.SeatHold != 0 && (s.SeatHold < proto.SeatHold || s.SeatHold > maxSeatHold):
		return fmt.Errorf("seats are held for %v, %v to %v are allowed, or 0 for the least", s.SeatHold, proto.SeatHold, maxSeatHold)
	}
	switch {
	case s.IdleTime < 0 || s.IdleTime > maxIdleTime:
		return fmt.Errorf("an idle time of %v; up to %v are allowed, or 0 for the server's", s.IdleTime, maxIdleTime)
	case s.Spectators > proto.MaxSpectators:
		return fmt.Errorf("%d spectators, up to %d are allowed; a negative number is none", s.Spectators, proto.MaxSpectators)
	}
	return nil
}

// Watchers is how many clients may watch.
func (s Settings) Watchers() int {
	if s.Spectators == 0 {
		return proto.MaxSpectators
	}
	return max(s.Spectators, 0)
}

// Player is who has a seat.
type Player struct {
	Seat      Seat
	ID        proto.PlayerID // for the game's backend. Never put it into a public table: it is nobody else's to know
	Alias     proto.Alias    // by which all clients know the player, in this instance of the room
	Name      string         // to be shown; at most proto.MaxPlayerName characters, not unique
	Connected bool           // false while the seat is held for a lost connection
}
