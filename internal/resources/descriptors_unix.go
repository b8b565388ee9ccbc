//go:build unix

package resources

import (
	"math"
	"syscall"
)

// Descriptors is how many files and sockets this process may have open. 0: unknown. Go has raised the soft limit to the hard one.
func Descriptors() int {
	var l syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &l) != nil || l.Cur > math.MaxInt32 {
		return 0
	}
	return int(l.Cur)
}
