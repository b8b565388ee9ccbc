package obs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

const (
	// Of lines with one message and level, logBurst are logged at once, and then one every logInterval. The others are counted: the
	// next one that is logged tells how many were left out. A server that drains a thousand rooms logs the first hundred moves.
	logBurst    = 100
	logInterval = 100 * time.Millisecond
	// maxMessages bounds the messages that are counted. Messages are constant, so there are fewer; others are not limited.
	maxMessages = 4096
)

// limiter limits repeated lines. Debug lines are not limited: somebody wants to see all of them.
type limiter struct {
	mu      sync.Mutex
	by      map[message]*repeats
	leftOut uint64 // lines that were not logged
}

type message struct {
	level slog.Level
	text  string
}

// repeats is a token bucket.
type repeats struct {
	full    time.Time // when the bucket is full again
	leftOut int       // since the last line that was logged
}

// take reports whether a line may be logged now, and how many like it were left out before.
func (l *limiter) take(m message, now time.Time) (ok bool, leftOut int) {
	if m.level < slog.LevelInfo {
		return true, 0
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.by[m]
	if r == nil {
		if len(l.by) >= maxMessages {
			return true, 0
		}
		r = &repeats{}
		l.by[m] = r
	}
	if r.full.Before(now) {
		r.full = now
	}
	if r.full.Sub(now) >= logBurst*logInterval {
		r.leftOut++
		l.leftOut++
		return false, 0
	}
	r.full = r.full.Add(logInterval)
	leftOut, r.leftOut = r.leftOut, 0
	return true, leftOut
}

// handler is the process's log: lines go through the limiter, and never wait for the writer.
type handler struct {
	slog.Handler
	limits *limiter
	writer *writer
}

// Handle implements slog.Handler.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	ok, leftOut := h.limits.take(message{r.Level, r.Message}, r.Time)
	if !ok {
		return nil
	}
	if leftOut > 0 {
		r.AddAttrs(slog.Int("left_out", leftOut))
	}
	return h.Handler.Handle(ctx, r)
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &handler{h.Handler.WithAttrs(attrs), h.limits, h.writer}
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	return &handler{h.Handler.WithGroup(name), h.limits, h.writer}
}
