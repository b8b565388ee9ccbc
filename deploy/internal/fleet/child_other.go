//go:build !linux

package fleet

import "syscall"

// Attributes leaves the children in the terminal's group: its ^C reaches them even if this process is gone.
func Attributes() *syscall.SysProcAttr { return nil }
