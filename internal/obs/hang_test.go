package obs

import (
	"runtime"
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

// What waits for a CPU on a starved machine is not hung, and a hang is found there too, later.
func TestStarvedIsNotHung(t *testing.T) {
	ms := func(n int) time.Duration { return time.Duration(n) * time.Millisecond }
	for name, tt := range map[string]struct {
		waits []time.Duration // told at the looks, in turn and again
		most  int             // looks at which it is not hung
		least int             // looks at which it is
	}{
		"idle machine":          {[]time.Duration{0}, HangLimit - 1, HangLimit},
		"half a CPU":            {[]time.Duration{ms(50)}, HangLimit - 1, HangLimit},
		"a third":               {[]time.Duration{ms(67)}, HangLimit, 2 * HangLimit},
		"one of 16":             {[]time.Duration{ms(94)}, 6 * HangLimit, 9 * HangLimit},
		"one of 16, told later": {[]time.Duration{0, 0, ms(282)}, 2 * HangLimit, 9 * HangLimit},
	} {
		var w Watch
		now, looks := time.Now(), 0
		w.look(now, false, HangLimit, 0)
		for hung := false; !hung; looks++ {
			if looks > tt.least {
				t.Errorf("%s: a hang is not found in %d looks", name, looks)
				break
			}
			now = now.Add(HangInterval)
			hung = w.look(now, true, HangLimit, tt.waits[looks%len(tt.waits)])
		}
		if looks <= tt.most {
			t.Errorf("%s: hung after %d looks, want more than %d", name, looks, tt.most)
		}
	}
}

// The system tells for how long a thread waits for a CPU.
func TestRunQueue(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("known on Linux only")
	}
	var stop atomic.Bool
	defer stop.Store(true)
	for range 4 * runtime.NumCPU() { // threads of their own: goroutines share GOMAXPROCS
		go func() {
			runtime.LockOSThread()
			for !stop.Load() {
			}
		}()
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	var q runQueue
	if w := q.waited(); w != 0 {
		t.Errorf("%v before anything is known", w)
	}
	sum := time.Duration(0)
	for begun := time.Now(); sum < 100*time.Millisecond; sum += q.waited() {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("of four threads a CPU each waited for %v in 30 s", sum)
		}
		runtime.Gosched()
	}
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
