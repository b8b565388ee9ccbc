package obs

import (
	"fmt"
	"io"
	"log/slog"
)

// NewLogger builds a process's logger: format is "text" (key=value lines, for people) or "json" (for collectors), and
// every line carries attrs, such as the server's name. slog.Level is a flag.TextVar, so level needs no parsing.
func NewLogger(w io.Writer, level slog.Leveler, format string, attrs ...slog.Attr) (*slog.Logger, error) {
	options := &slog.HandlerOptions{Level: level}
	var h slog.Handler
	switch format {
	case "text":
		h = slog.NewTextHandler(w, options)
	case "json":
		h = slog.NewJSONHandler(w, options)
	default:
		return nil, fmt.Errorf("log format %q is unknown; it is text or json", format)
	}
	return slog.New(h.WithAttrs(attrs)), nil
}
