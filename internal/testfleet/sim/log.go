package sim

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
)

// logHandler writes what a server logs into the history.
type logHandler struct {
	history *History
	server  string
	with    string
}

// Enabled implements slog.Handler.
func (l *logHandler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= slog.LevelInfo
}

// Handle implements slog.Handler.
func (l *logHandler) Handle(_ context.Context, r slog.Record) error {
	var b strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s", a)
		return true
	})
	l.history.note("  %s: %v %s%s%s", l.server, r.Level, r.Message, l.with, &b)
	return nil
}

// WithAttrs implements slog.Handler.
func (l *logHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	c := *l
	for _, a := range attrs {
		c.with += " " + a.String()
	}
	return &c
}

// WithGroup implements slog.Handler; groups are not told apart.
func (l *logHandler) WithGroup(string) slog.Handler { return l }
