package obs

import (
	"io"
	"sync"
	"time"
)

const (
	// logBuffer bounds what waits to be written, in bytes: some thousands of lines. Beyond, lines are dropped and counted
	// (log_dropped_total).
	logBuffer = 1 << 20
	// FlushTimeout bounds the wait for the log at the end of a process.
	FlushTimeout = time.Second
)

// writer passes lines on to another writer, usually stderr, without ever waiting for it. A goroutine writes while there is
// something to write. Each Write is one line.
type writer struct {
	out    io.Writer
	notice func(lost uint64) []byte // the line that tells of lost ones

	mu      sync.Mutex
	waiting []byte
	spare   []byte        // the buffer of the last write
	busy    chan struct{} // closed when everything is written; nil: nothing waits
	since   time.Time     // when the present write to out began
	dropped uint64
	told    uint64 // of dropped, those that a line tells of
}

// Write queues a line. It never fails.
func (w *writer) Write(line []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.waiting)+len(line) > logBuffer {
		w.dropped++
		return len(line), nil
	}
	w.waiting = append(w.waiting, line...)
	if w.busy == nil {
		w.busy, w.since = make(chan struct{}), time.Now()
		go w.drain()
	}
	return len(line), nil
}

// drain writes until nothing waits.
func (w *writer) drain() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.waiting) > 0 {
		lines := w.waiting
		w.waiting, w.since = w.spare[:0], time.Now()
		w.mu.Unlock()
		_, err := w.out.Write(lines)
		w.mu.Lock()
		w.spare = lines
		if err != nil {
			w.dropped++ // of lines that the system does not take, such as on a full disk, it is not known how many arrived
		} else if lost := w.dropped - w.told; lost > 0 {
			w.told = w.dropped
			w.waiting = append(w.waiting, w.notice(lost)...)
		}
	}
	if cap(w.spare)+cap(w.waiting) > logBuffer/16 {
		w.spare, w.waiting = nil, nil
	}
	close(w.busy)
	w.busy = nil
}

// flush waits until everything is written, at most for limit.
func (w *writer) flush(limit time.Duration) {
	w.mu.Lock()
	busy := w.busy
	w.mu.Unlock()
	if busy == nil {
		return
	}
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-busy:
	case <-timer.C:
	}
}

// state gives how many lines were dropped, and for how long the present write has not returned.
func (w *writer) state() (dropped uint64, blocked time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.busy != nil {
		blocked = time.Since(w.since)
	}
	return w.dropped, blocked
}
