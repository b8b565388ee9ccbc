//go:build !unix

package main

import (
	"errors"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func pause(*fleet.Child) error  { return errors.ErrUnsupported }
func resume(*fleet.Child) error { return errors.ErrUnsupported }
