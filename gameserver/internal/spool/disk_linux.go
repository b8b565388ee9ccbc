package spool

import (
	"errors"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// dataFile syncs with fdatasync, which leaves the file's times alone and so saves a write of the inode.
type dataFile struct{ *os.File }

func (f dataFile) Sync() error {
	for {
		err := unix.Fdatasync(int(f.Fd()))
		if !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}

// lock ends with the process.
func lock(dir *os.File) error {
	err := unix.Flock(int(dir.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	if errors.Is(err, unix.EWOULDBLOCK) {
		return fmt.Errorf("another process uses %s; give each game server a directory of its own", dir.Name())
	}
	return os.NewSyscallError("flock", err)
}

func syncDirectory(dir *os.File) error { return dir.Sync() }
