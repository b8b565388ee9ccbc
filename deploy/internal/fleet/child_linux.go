package fleet

import "syscall"

// Attributes keeps a terminal's ^C from the children, who are told to end in order, and has the kernel kill them should this
// process be killed.
func Attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}
