//go:build unix

package main

import "syscall"

// pause stops the process as a virtual machine's pause does: it is told nothing. resume lets it go on.
func (c *child) pause() error  { return c.cmd.Process.Signal(syscall.SIGSTOP) }
func (c *child) resume() error { return c.cmd.Process.Signal(syscall.SIGCONT) }
