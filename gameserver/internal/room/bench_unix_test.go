//go:build unix

package room

import (
	"context"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// samples is a histogram that keeps all that it observes. For one worker, and to be read when that is gone.
type samples struct {
	prometheus.Histogram
	seen []float64
}

func (s *samples) Observe(v float64) { s.seen = append(s.seen, v) }

// BenchmarkThousandRooms runs 1000 rooms of nobody at 60 Hz on the real clock; one op is a second of it. It shows the share
// of a core that they take and how late their ticks begin.
func BenchmarkThousandRooms(b *testing.B) {
	late := &samples{seen: make([]float64, 0, 1<<20)}
	c := testConfig()
	c.MaxBusy = 1
	c.Metrics.TickLateness = late
	p, err := NewPool(c)
	if err != nil {
		b.Fatal(err)
	}
	for range 1000 {
		if _, err := p.Start(Spec{ID: "r", Game: "test", Sim: newTestGame(b, 60, 2)}); err != nil {
			b.Fatal(err)
		}
	}
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error)
	go func() { done <- p.Run(ctx) }()
	before := cpuTime(b)
	for b.Loop() {
		time.Sleep(time.Second)
	}
	spent := cpuTime(b) - before
	cancel()
	<-done
	slices.Sort(late.seen)
	b.ReportMetric(100*spent.Seconds()/b.Elapsed().Seconds(), "%core")
	b.ReportMetric(1e3*late.seen[len(late.seen)/2], "ms-late-p50")
	b.ReportMetric(1e3*late.seen[len(late.seen)*99/100], "ms-late-p99")
	b.ReportMetric(float64(len(late.seen))/b.Elapsed().Seconds(), "ticks/s")
}

// cpuTime is what this process has used.
func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
