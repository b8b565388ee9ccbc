package obs

import (
	"bytes"
	"context"
	"runtime/pprof"
	"strings"
	"time"
)

const (
	// HangInterval is how often a call is looked at that must end soon, and HangLimit after how many looks in a row it counts as
	// hung: between 0.8 and 0.9 s after it began. That is less than the second after which rooms that did not tick must ask the
	// other servers who leads them.
	HangInterval = 100 * time.Millisecond
	HangLimit    = 8
	// maxStack bounds the stack in a log line, in bytes.
	maxStack = 8 << 10
)

// Watch counts how often something has been seen unchanged. A pause of the process between two looks starts the count
// again: what did not run then is not hung. Looks while a thread of the process hardly gets a CPU count less, since what is
// looked at may be on that thread: where other processes have 15 of 16 parts of the CPUs, a tick of 50 ms takes 800.
type Watch struct {
	looks  int           // since something changed, that included
	waited time.Duration // since then
	last   time.Time
	queue  runQueue
}

// Look notes a look at now, and reports whether so many have been alike. same: nothing has changed since the last look.
func (w *Watch) Look(now time.Time, same bool, limit int) bool {
	waited := time.Duration(0)
	if same {
		waited = w.queue.waited()
	} else {
		w.queue.forget()
	}
	return w.look(now, same, limit, waited)
}

// look is Look. waited is the longest time for which a thread has waited for a CPU, as the system told since the last look: after the
// wait, so it may be longer than the time between.
func (w *Watch) look(now time.Time, same bool, limit int, waited time.Duration) bool {
	paused := now.Sub(w.last) > 2*HangInterval
	w.last = now
	if !same || paused {
		w.looks, w.waited = 1, 0
		return false
	}
	w.looks++
	w.waited += waited
	starved := max(0, int(2*w.waited/HangInterval)-w.looks) // where a thread gets half of a CPU nobody is starved
	return w.looks-starved > limit
}

// Await waits until done is closed, and gives up after about limit times HangInterval in which the process ran.
func Await(done <-chan struct{}, limit int) (hung bool) {
	timer := time.NewTicker(HangInterval)
	defer timer.Stop()
	var w Watch
	w.Look(time.Now(), false, limit)
	for {
		select {
		case <-done:
			return false
		case now := <-timer.C:
			if w.Look(now, true, limit) {
				return true
			}
		}
	}
}

// labelKey is the profiler label of goroutines whose stack StackOf gives. Profiles show it too.
const labelKey = "ringside"

// Label labels the calling goroutine, and those that it starts from now on.
func Label(name string) {
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(), pprof.Labels(labelKey, name)))
}

// StackOf gives the stack of a goroutine with this label that has function in it; empty: there is none. The goroutine may be
// running: it is stopped for a moment, as all others are.
func StackOf(label, function string) string {
	var all bytes.Buffer
	if err := pprof.Lookup("goroutine").WriteTo(&all, 1); err != nil {
		return ""
	}
	want := `"` + labelKey + `":"` + label + `"`
	for block := range strings.SplitSeq(all.String(), "\n\n") {
		if strings.Contains(block, want) && strings.Contains(block, function) {
			return block[:min(len(block), maxStack)]
		}
	}
	return ""
}
