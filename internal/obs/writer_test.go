package obs

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// blocked is a writer that takes nothing until it is opened, as a pipe that nobody reads.
type blocked struct {
	open chan struct{}
	got  bytes.Buffer
}

func (b *blocked) Write(p []byte) (int, error) {
	<-b.open
	return b.got.Write(p)
}

// A log that nobody reads keeps nobody who logs. What is too much is dropped and counted, and told of when the log is read again.
func TestBlockedLogKeepsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		out := &blocked{open: make(chan struct{})}
		log, err := NewLogger(out, slog.LevelDebug, "text")
		if err != nil {
			t.Fatal(err)
		}
		begun, line := time.Now(), strings.Repeat("x", 1000)
		for range 3 * logBuffer / 1000 {
			log.Debug(line)
		}
		if took := time.Since(begun); took != 0 {
			t.Errorf("logging waited for %v", took)
		}
		time.Sleep(time.Minute)
		s := StateOfLog(log)
		if s.Dropped < logBuffer/1000 || s.Blocked < time.Minute {
			t.Errorf("state %+v", s)
		}
		begun = time.Now()
		Flush(log)
		if took := time.Since(begun); took != FlushTimeout {
			t.Errorf("Flush waited for %v", took)
		}
		close(out.open)
		Flush(log)
		if !strings.HasSuffix(out.got.String(), fmt.Sprintf("could not be written\" lines=%d\n", s.Dropped)) {
			t.Errorf("the log ends with %q", out.got.String()[out.got.Len()-200:])
		}
		if s := StateOfLog(log); s.Blocked != 0 {
			t.Errorf("state %+v", s)
		}
		log.Info("again")
		Flush(log)
		if !strings.HasSuffix(out.got.String(), "msg=again\n") {
			t.Error("it does not log any more")
		}
	})
}

// full is a disk without space.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestFullDiskIsCounted(t *testing.T) {
	log, err := NewLogger(full{}, slog.LevelInfo, "text")
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		log.Info("hello")
		Flush(log)
	}
	if s := StateOfLog(log); s.Dropped != 10 {
		t.Errorf("state %+v", s)
	}
}

// Of repeated lines the first are logged, then a few, and they tell how many were left out. Other lines do not suffer.
func TestRepeatedLinesAreLimited(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		log, err := NewLogger(&out, slog.LevelDebug, "text")
		if err != nil {
			t.Fatal(err)
		}
		for i := range 10 * logBurst {
			log.With("n", i).Warn("again")
		}
		log.Warn("once")
		log.Info("again")
		for range 2 * logBurst {
			log.Debug("seen by who asked")
		}
		Flush(log)
		for text, want := range map[string]int{"level=WARN msg=again": logBurst, "msg=once": 1, "level=INFO msg=again": 1, "msg=\"seen by": 2 * logBurst, "left_out": 0} {
			if n := strings.Count(out.String(), text); n != want {
				t.Errorf("%d lines with %s, want %d", n, text, want)
			}
		}
		if s := StateOfLog(log); s.LeftOut != 9*logBurst {
			t.Errorf("state %+v", s)
		}
		time.Sleep(logInterval)
		log.Warn("again")
		log.Warn("again")
		Flush(log)
		if !strings.HasSuffix(out.String(), fmt.Sprintf("msg=again left_out=%d\n", 9*logBurst)) {
			t.Errorf("the log ends with %q", out.String()[out.Len()-100:])
		}
	})
}

func BenchmarkLog(b *testing.B) {
	log, err := NewLogger(io.Discard, slog.LevelInfo, "text")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		log.Info("repeated", "room", "r-1")
	}
}
