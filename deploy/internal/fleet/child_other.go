//go:build !linux

package fleet

import "syscall"

// attributes leaves the children in the terminal's group: its ^C reaches them even if this process is gone.
func attributes() *syscall.SysProcAttr { return nil }
