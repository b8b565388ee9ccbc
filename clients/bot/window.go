package main

import (
	"sync/atomic"
	"time"
)

// window is the time that is measured: from all players in to the end. Samples outside of it are not counted; broken
// invariants always are.
type window struct {
	from, to atomic.Int64 // Unix nanoseconds; 0: not yet
}

func (w *window) open(t time.Time)  { w.from.Store(t.UnixNano()) }
func (w *window) close(t time.Time) { w.to.Store(t.UnixNano()) }

// isOpen is cheap: two loads.
func (w *window) isOpen() bool { return w.from.Load() != 0 && w.to.Load() == 0 }

func (w *window) length() time.Duration { return time.Duration(w.to.Load() - w.from.Load()) }
