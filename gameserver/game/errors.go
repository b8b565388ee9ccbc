package game

import (
	"errors"
	"fmt"
)

// Errors of a Simulation, wrapped with the value that was wrong.
var (
	// ErrFull: every seat is taken.
	ErrFull = errors.New("every seat is taken")
	// ErrLocked: the room takes no newcomers.
	ErrLocked = errors.New("the room is locked")
	// ErrTaken: nothing new proves that the newcomer is the player who has the seat.
	ErrTaken = errors.New("the seat is its player's")
	// ErrSeat: nobody has the seat.
	ErrSeat = errors.New("nobody has the seat")
	// ErrFuture: samples are missing before the ones that came, or they are too far ahead.
	ErrFuture = errors.New("input from the future")
	// ErrSample: samples cannot be decoded.
	ErrSample = errors.New("input cannot be read")
	// ErrCustoms: a custom message is too long, or there are too many to one recipient in this tick.
	ErrCustoms = errors.New("custom message is not sent")
	// ErrReceiver: the game is no Receiver.
	ErrReceiver = errors.New("the game takes no messages of its backend; it has no method Receive")
	// ErrMismatch: a keyframe is of another game, or of a room with other options.
	ErrMismatch = errors.New("keyframe of another kind of room")
)

// PanicError is a game's panic. The simulation is of no use after it.
type PanicError struct {
	Value any
	Stack []byte // as debug.Stack gives it, taken where the panic was
}

func (e *PanicError) Error() string { return fmt.Sprintf("the game panicked: %v", e.Value) }

// Unwrap gives the panic's value where that was an error.
func (e *PanicError) Unwrap() error {
	err, _ := e.Value.(error)
	return err
}
