package obs

import (
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// A call counts as hung between 0.8 and 1 s after it began. A pause of the process is no hang.
func TestAwait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begun, never := time.Now(), make(chan struct{})
		if !Await(never, HangLimit) {
			t.Error("a call that never ends is not hung")
		}
		if took := time.Since(begun); took < 800*time.Millisecond || took > time.Second {
			t.Errorf("noticed after %v", took)
		}
		done := make(chan struct{})
		time.AfterFunc(750*time.Millisecond, func() { close(done) })
		if Await(done, HangLimit) {
			t.Error("a call of 750 ms is hung")
		}
		var w Watch
		now := time.Now()
		for range 10 * HangLimit {
			now = now.Add(3 * HangInterval)
			if w.Look(now, true, HangLimit) {
				t.Fatal("a process that hardly ran found a hang")
			}
		}
	})
}

func spinForTest(stop *atomic.Bool, running chan<- struct{}) {
	Label("spinner")
	close(running)
	for !stop.Load() {
	}
}

// The stack of a goroutine that never yields is found by its label.
func TestStackOf(t *testing.T) {
	var stop atomic.Bool
	running := make(chan struct{})
	go spinForTest(&stop, running)
	defer stop.Store(true)
	<-running
	stack := StackOf("spinner", "spinForTest")
	if !strings.Contains(stack, "hang_test.go") {
		t.Errorf("stack %q", stack)
	}
	if s := StackOf("nobody", ""); s != "" {
		t.Errorf("a stack of nobody: %q", s)
	}
}
