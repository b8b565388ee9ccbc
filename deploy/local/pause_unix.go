//go:build unix

package main

import (
	"syscall"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// pause stops the process as a virtual machine's pause does: it is told nothing. resume lets it go on.
func pause(c *fleet.Child) error  { return c.Signal(syscall.SIGSTOP) }
func resume(c *fleet.Child) error { return c.Signal(syscall.SIGCONT) }
