package fleet

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"sync"
)

const (
	// NameWidth is the width of the column of names.
	NameWidth = 8
	// maxLine bounds what is kept of a line that does not end, in bytes; over it the line is cut.
	maxLine = 64 << 10
)

// colours are told apart on dark and on light ground; a process gets the one of its number.
var colours = []string{"\x1b[36m", "\x1b[33m", "\x1b[32m", "\x1b[35m", "\x1b[34m", "\x1b[31m"}

const noColour = "\x1b[0m"

// Console is the one output of all processes: whole lines, each behind the name of who wrote it.
type Console struct {
	colour bool

	mu sync.Mutex
	w  io.Writer
}

func NewConsole(w io.Writer, colour bool) *Console { return &Console{w: w, colour: colour} }

// Colourful reports whether f is a terminal whose owner has not said NO_COLOR.
func Colourful(f *os.File, lookup func(string) (string, bool)) bool {
	if v, ok := lookup("NO_COLOR"); ok && v != "" {
		return false
	}
	info, err := f.Stat()
	return err == nil && info.Mode()&os.ModeCharDevice != 0
}

// Printf writes text of our own, without a name.
func (c *Console) Printf(format string, args ...any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	fmt.Fprintf(c.w, format, args...)
}

// Stream gives a writer for the process with that name and number. One goroutine may write to it.
func (c *Console) Stream(name string, number int) *Stream {
	prefix := fmt.Sprintf("%-*s │ ", NameWidth, name)
	if c.colour {
		prefix = colours[number%len(colours)] + prefix + noColour
	}
	return &Stream{console: c, prefix: prefix}
}

// Stream cuts what is written to it into lines.
type Stream struct {
	console *Console
	prefix  string
	partial []byte // the beginning of a line whose end has not come
}

func (s *Stream) Write(p []byte) (int, error) {
	n := len(p)
	for len(p) > 0 {
		line, rest, whole := bytes.Cut(p, []byte("\n"))
		s.partial = append(s.partial, line...)
		if whole || len(s.partial) >= maxLine {
			s.flush()
		}
		p = rest
	}
	return n, nil
}

// flush writes what there is of a line.
func (s *Stream) flush() {
	s.console.Printf("%s%s\n", s.prefix, s.partial)
	s.partial = s.partial[:0]
}

// Close writes the last line, where it has no end.
func (s *Stream) Close() {
	if len(s.partial) > 0 {
		s.flush()
	}
}
