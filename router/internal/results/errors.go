package results

import (
	"errors"
	"fmt"
)

// The errors that a caller can do something about. Any other error means that the database could not be used: try again.
var (
	ErrURL     = errors.New("unusable results store")    // the flag's value
	ErrSchema  = errors.New("results schema is newer")   // a newer program has migrated it
	ErrRequest = errors.New("bad request for results")   // names, cursors, seasons and counts that cannot be
	ErrExpired = errors.New("results cursor is too old") // retention has removed outcomes that a reader has not seen
	ErrUnknown = errors.New("unknown to the results store")
)

// wrap says whose error it is.
func wrap(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("results store: %w", err)
}
