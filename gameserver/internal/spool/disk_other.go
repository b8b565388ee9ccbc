//go:build !linux

package spool

import "os"

type dataFile struct{ *os.File }

// lock does nothing here: two processes with one directory are not noticed.
func lock(*os.File) error { return nil }

// syncDirectory does nothing here: not every system can sync a directory.
func syncDirectory(*os.File) error { return nil }
