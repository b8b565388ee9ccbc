package room

import "time"

// alarm lets a worker sleep. The worker calls sleep and close, any goroutine ring.
type alarm interface {
	// sleep returns when d is over, or when ring was called since the last sleep.
	sleep(d time.Duration)
	ring()
	close()
}

// goAlarm uses a timer of Go, which the runtime serves to a millisecond. It works in a bubble of testing/synctest.
type goAlarm struct {
	timer *time.Timer
	rung  chan struct{} // holds one
}

func newGoAlarm() *goAlarm {
	return &goAlarm{timer: time.NewTimer(0), rung: make(chan struct{}, 1)}
}

func (a *goAlarm) sleep(d time.Duration) {
	a.timer.Reset(d)
	select {
	case <-a.rung:
	case <-a.timer.C:
	}
}

func (a *goAlarm) ring() {
	select {
	case a.rung <- struct{}{}:
	default:
	}
}

func (a *goAlarm) close() { a.timer.Stop() }
