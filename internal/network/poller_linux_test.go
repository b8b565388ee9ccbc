package network

import (
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// sockets are both ends of n connections.
func sockets(t *testing.T, n int) (near, far []int) {
	t.Helper()
	for range n {
		fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
		if err != nil {
			t.Fatal(err)
		}
		near, far = append(near, fds[0]), append(far, fds[1])
		t.Cleanup(func() { _ = unix.Close(fds[0]) })
	}
	return near, far
}

func TestPollerWakesWhatHasSomethingToRead(t *testing.T) {
	const n = 150 // more than one call takes
	var p Poller
	defer p.Close()
	near, far := sockets(t, n)
	watches := make([]Watch, n)
	for round := range 3 {
		for i := range watches {
			if !p.Sleep(&watches[i], near[i]) || !watches[i].Asleep() {
				t.Fatalf("socket %d cannot be watched", i)
			}
		}
		if p.Wait(); !watches[0].Asleep() || p.asleep.Load() != n {
			t.Fatal("it wakes when nothing has come")
		}
		woken := func(i int) bool { return (i+round)%2 == 0 }
		for i := range far {
			if woken(i) {
				if _, err := unix.Write(far[i], []byte("x")); err != nil {
					t.Fatal(err)
				}
			}
		}
		p.Wait()
		for i := range watches {
			if watches[i].Asleep() == woken(i) {
				t.Errorf("round %d: socket %d: asleep is %v", round, i, watches[i].Asleep())
			}
		}
		for i := range watches { // those that were woken must be read, or Wait names them again at once
			if woken(i) {
				_, _ = unix.Read(near[i], make([]byte, 1))
			} else {
				watches[i].Stop()
				if watches[i].Asleep() {
					t.Errorf("socket %d sleeps though it is not watched", i)
				}
			}
		}
		if p.asleep.Load() != 0 {
			t.Fatalf("%d watches are counted", p.asleep.Load())
		}
	}
	if len(p.watched) > n {
		t.Errorf("%d places for %d sockets", len(p.watched), n)
	}
}

func TestPollerWakesAtTheEnd(t *testing.T) {
	var p Poller
	near, far := sockets(t, 2)
	var closed, left Watch
	p.Sleep(&closed, near[0])
	p.Sleep(&left, near[1])
	_ = unix.Close(far[0])
	if p.Wait(); closed.Asleep() {
		t.Error("a socket whose other end is closed sleeps on")
	}
	if p.Close(); left.Asleep() {
		t.Error("a socket sleeps on with a poller that is closed")
	}
	if p.Sleep(&closed, near[0]) {
		t.Error("a closed poller watches")
	}
	closed.Stop()
	left.Stop()
	p.Close()
	p.Wait()
}

// What was there before is noticed too.
func TestPollerMissesNothing(t *testing.T) {
	var p Poller
	defer p.Close()
	near, far := sockets(t, 1)
	_, _ = unix.Write(far[0], []byte("x"))
	var w Watch
	p.Sleep(&w, near[0])
	if p.Wait(); w.Asleep() {
		t.Error("it sleeps though something had come")
	}
}

// Sockets end on other goroutines than that which waits.
func TestPollerStopsFromAnyGoroutine(t *testing.T) {
	var p Poller
	near, _ := sockets(t, 50)
	watches := make([]Watch, len(near))
	for i := range watches {
		p.Sleep(&watches[i], near[i])
	}
	var all sync.WaitGroup
	for i := range watches {
		all.Go(watches[i].Stop)
	}
	for range 100 {
		p.Wait()
	}
	all.Wait()
	if p.asleep.Load() != 0 {
		t.Errorf("%d watches are counted", p.asleep.Load())
	}
	p.Close()
}

func TestPollerWaitAllocatesNothing(t *testing.T) {
	var p Poller
	defer p.Close()
	near, _ := sockets(t, 1)
	var w Watch
	p.Sleep(&w, near[0])
	if n := testing.AllocsPerRun(100, p.Wait); n != 0 {
		t.Errorf("%v allocations", n)
	}
}
