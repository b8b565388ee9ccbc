package obs

import (
	"bytes"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// NewLogger builds a process's logger: format is "text" (key=value lines, for people) or "json" (for collectors), and
// every line carries attrs, such as the server's name. slog.Level is a flag.TextVar, so level needs no parsing.
//
// Logging never waits: what w does not take is dropped beyond a megabyte, and repeated lines are limited. Both are counted, see
// LogState. Flush belongs at the end of the process.
func NewLogger(w io.Writer, level slog.Leveler, format string, attrs ...slog.Attr) (*slog.Logger, error) {
	if format != "text" && format != "json" {
		return nil, fmt.Errorf("log format %q is unknown; it is text or json", format)
	}
	lines := func(w io.Writer) slog.Handler {
		options := &slog.HandlerOptions{Level: level}
		if format == "json" {
			options.ReplaceAttr = durationAsText
			return slog.NewJSONHandler(w, options).WithAttrs(attrs)
		}
		return slog.NewTextHandler(w, options).WithAttrs(attrs)
	}
	out := &writer{out: w, notice: func(lost uint64) []byte {
		var line bytes.Buffer
		slog.New(lines(&line)).Warn("log lines were dropped because they were not read, or could not be written", "lines", lost)
		return line.Bytes()
	}}
	return slog.New(&handler{lines(out), &limiter{by: make(map[message]*repeats)}, out}), nil
}

// durationAsText prints a duration as text logs do, such as 1.5s. JSON has nanoseconds otherwise.
func durationAsText(_ []string, a slog.Attr) slog.Attr {
	if a.Value.Kind() == slog.KindDuration {
		a.Value = slog.StringValue(a.Value.Duration().String())
	}
	return a
}

// Flush waits until a logger of NewLogger has written everything, at most for FlushTimeout. It does nothing for other loggers.
func Flush(l *slog.Logger) {
	if h, ok := l.Handler().(*handler); ok {
		h.writer.flush(FlushTimeout)
	}
}

// LogState is how a process's log is doing.
type LogState struct {
	Dropped uint64        // lines that were dropped because the log is not read, or cannot be written
	LeftOut uint64        // repeated lines that were not logged
	Blocked time.Duration // for how long the present write has not returned; 0: there is none
}

// logBlocked is how long a write to the log must not return for the log to count as blocked.
const logBlocked = 2 * time.Second

// IsBlocked reports whether nobody reads the log.
func (s LogState) IsBlocked() bool { return s.Blocked > logBlocked }

// RegisterLog registers the metrics of a logger of NewLogger with reg.
func RegisterLog(reg prometheus.Registerer, l *slog.Logger) {
	counter := func(name, help string, value func(LogState) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Namespace: "ringside", Name: name, Help: help},
			func() float64 { return float64(value(StateOfLog(l))) })
	}
	reg.MustRegister(
		counter("log_dropped_total", "Log lines dropped because the log is not read, or cannot be written.", func(s LogState) uint64 { return s.Dropped }),
		counter("log_left_out_total", "Repeated log lines that were not logged.", func(s LogState) uint64 { return s.LeftOut }),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Namespace: "ringside", Name: "log_blocked", Help: "1 while a write to the log does not return."}, func() float64 {
			if StateOfLog(l).IsBlocked() {
				return 1
			}
			return 0
		}))
}

// StateOfLog gives the state of a logger of NewLogger; zero for others.
func StateOfLog(l *slog.Logger) (s LogState) {
	if h, ok := l.Handler().(*handler); ok {
		s.Dropped, s.Blocked = h.writer.state()
		h.limits.mu.Lock()
		s.LeftOut = h.limits.leftOut
		h.limits.mu.Unlock()
	}
	return s
}
