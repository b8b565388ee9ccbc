package certs

import (
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"
)

// lookAgain is the least time between two looks at the files. What is renewed overlaps what it replaces by much more.
const lookAgain = 10 * time.Second

// Files is a value that is read from files, and read again when one of them changes. Its methods may be called from any
// goroutine.
type Files[T any] struct {
	what   string // the value is, for the log
	names  []string
	read   func() (T, error)
	logger *slog.Logger

	mu     sync.Mutex
	last   T
	stamps []stamp   // of the files that last was read from
	looked time.Time // at the files
}

// stamp tells a file from the one that replaced it.
type stamp struct {
	modified time.Time
	size     int64
}

// Watch reads a value from the files of these names; empty names are left out. what names it in the log.
func Watch[T any](what string, names []string, read func() (T, error), logger *slog.Logger) (*Files[T], error) {
	f := &Files[T]{what: what, read: read, logger: logger,
		names: slices.DeleteFunc(slices.Clone(names), func(name string) bool { return name == "" })}
	var err error
	if f.stamps, err = f.look(); err == nil {
		f.last, err = read()
	}
	return f, err
}

// Get returns the newest value. What cannot be read is logged once, and the last value stays.
func (f *Files[T]) Get() T {
	f.mu.Lock()
	defer f.mu.Unlock()
	if time.Since(f.looked) < lookAgain {
		return f.last
	}
	f.looked = time.Now()
	now, err := f.look()
	if err == nil && slices.Equal(now, f.stamps) {
		return f.last
	}
	f.stamps = now
	var next T
	if err == nil {
		next, err = f.read()
	}
	if err != nil {
		f.logger.Error("changed files cannot be read; what was read before stays in use", "what", f.what, "error", err)
		return f.last
	}
	f.last = next
	f.logger.Info("files were read again", "what", f.what)
	return f.last
}

func (f *Files[T]) look() (stamps []stamp, err error) {
	for _, name := range f.names {
		info, err := os.Stat(name)
		if err != nil {
			return nil, err
		}
		stamps = append(stamps, stamp{info.ModTime(), info.Size()})
	}
	return stamps, nil
}
