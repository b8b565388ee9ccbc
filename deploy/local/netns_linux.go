package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// nsFiles is where ip keeps the namespaces that it names.
const nsFiles = "/run/netns/"

// inNamespace calls f on a thread in the namespace of that name. Sockets made by f's own goroutine stay in there. f may
// block.
func inNamespace(name string, f func()) error {
	runtime.LockOSThread()
	here, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer here.Close()
	there, err := os.Open(nsFiles + name)
	if err == nil {
		defer there.Close()
		err = unix.Setns(int(there.Fd()), unix.CLONE_NEWNET)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("enter network namespace %s: %w", name, err)
	}
	f()
	if err := unix.Setns(int(here.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("leave network namespace %s: %w", name, err) // the thread stays locked and ends with this goroutine
	}
	runtime.UnlockOSThread()
	return nil
}

// lockNamespaces keeps two runs from each other's namespaces, whose names are the same.
func lockNamespaces() (unlock func(), err error) {
	file, err := os.OpenFile(filepath.Join(os.TempDir(), "ringside-chaos.lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("%w: %s: %w", errNamespacesBusy, file.Name(), err)
	}
	return func() { _ = file.Close() }, nil
}
