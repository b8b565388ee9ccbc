package sim

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// logHandler writes what a server logs into the history, and finds the moments that traps wait for.
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
	m := moment{server: l.server}
	var b strings.Builder
	r.Attrs(func(a slog.Attr) bool {
		fmt.Fprintf(&b, " %s", a)
		switch a.Key {
		case "room":
			m.room = proto.RoomID(a.Value.String())
		case "to":
			m.to = a.Value.String()
		}
		return true
	})
	l.history.note("  %s: %v %s%s%s", l.server, r.Level, r.Message, l.with, &b)
	switch {
	case strings.HasPrefix(r.Message, "room moved"):
		m.kind = roomMoved
	case strings.HasPrefix(r.Message, "room taken over"):
		m.kind = roomTakenOver
	default:
		return nil
	}
	l.history.moment(m)
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
