package room

import (
	"context"
	"sync"
	"testing"
	"time"
)

// An alarm sleeps until its time, and not if it is rung, before or meanwhile.
func TestKernelAlarm(t *testing.T) {
	a, err := newKernelAlarm()
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		begin := time.Now()
		if a.sleep(time.Millisecond); time.Since(begin) < time.Millisecond {
			t.Error("it woke up too early")
		}
		a.sleep(-time.Second)
		a.ring()
		a.ring()
		a.sleep(time.Hour)
		var ringer sync.WaitGroup
		ringer.Go(a.ring)
		a.sleep(time.Hour)
		ringer.Wait()
		a.sleep(0) // if the ring came late
	}
	if n := testing.AllocsPerRun(20, func() { a.sleep(time.Microsecond) }); n != 0 {
		t.Errorf("sleeping allocates %v times", n)
	}
	a.close()
	a.ring()
}

// The rooms of a pool with timers of the kernel tick, and the pool ends while its workers sleep.
func TestPoolWithKernelTimers(t *testing.T) {
	c := testConfig()
	c.KernelTimers = true
	ctx, cancel := context.WithCancel(t.Context())
	p, err := NewPool(c)
	if err != nil {
		t.Fatal(err)
	}
	h := &harness{Pool: p, t: t}
	start := func() *Room {
		r, err := p.Start(h.spec(newTestGame(t, 60, 2)))
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	first := start() // before the workers run
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	second := start()
	for limit := time.Now().Add(time.Minute); first.Info().Tick < 10 || second.Info().Tick < 10; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("the rooms do not tick")
		}
	}
	if w := p.workers[0]; func() bool { _, ok := w.alarm.(*kernelAlarm); return !ok }() {
		t.Error("the worker sleeps by a timer of Go")
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
