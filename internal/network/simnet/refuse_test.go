package simnet

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

// dialWithin dials and wants an error (nil: none) after exactly d.
func dialWithin(t *testing.T, h *Host, addr string, want error, d time.Duration) {
	t.Helper()
	began := time.Now()
	conn, err := h.DialContext(t.Context(), addr)
	if took := time.Since(began); !errors.Is(err, want) || took != d {
		t.Errorf("%v dials %s: %v after %v; want %v after %v", h.ip, addr, err, took, want, d)
	}
	if conn != nil {
		conn.Close()
	}
}

// A firewall between two hosts resets what the one has dialled, and refuses dials of that one only.
func TestRefuseOneWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b, mine, theirs := pair(t)
		listen(t, a)
		third := n.Host("10.0.0.3")
		write(t, mine, "on its way")
		began := time.Now()
		n.Refuse(one, two)
		wantError(t, theirs, syscall.ECONNRESET)
		wantError(t, mine, syscall.ECONNRESET)
		if took := time.Since(began); took != latency {
			t.Errorf("the reset took %v", took)
		}
		dialWithin(t, a, "10.0.0.2:80", syscall.ECONNREFUSED, 2*latency)
		dialWithin(t, third, "10.0.0.2:80", nil, 2*latency)
		dialWithin(t, b, "10.0.0.1:80", nil, 2*latency)

		n.Heal()
		dialWithin(t, a, "10.0.0.2:80", nil, 2*latency)
	})
}

// What the other host has dialled is not reset, and goes on in both directions.
func TestRefuseLeavesTheOtherWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		n.Refuse(two, one)
		write(t, mine, "ping")
		wantRead(t, theirs, "ping", latency)
		write(t, theirs, "pong")
		wantRead(t, mine, "pong", latency)
		n.Refuse(one, two)
		wantError(t, mine, syscall.ECONNRESET)
		wantError(t, theirs, syscall.ECONNRESET)
		if _, err := theirs.Write([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
			t.Errorf("wrote to a refused connection: %v", err)
		}
	})
}

// Nothing is answered over a cut.
func TestRefuseBehindACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, _, _, _ := pair(t)
		n.Refuse(one, two)
		n.Partition(one, two)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := a.DialContext(ctx, "10.0.0.2:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dialled over a cut: %v", err)
		}
	})
}

// A dial that is refused when its first packet arrives is not opened by what was true when it was sent.
func TestRefuseWhileADialIsOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, _, _, _ := pair(t)
		time.AfterFunc(latency/2, func() { n.Refuse(one, two) })
		dialWithin(t, a, "10.0.0.2:80", syscall.ECONNREFUSED, 2*latency)
		n.Heal()
		time.AfterFunc(latency+latency/2, func() { n.Refuse(one, two) })
		conn, err := a.DialContext(t.Context(), "10.0.0.2:80")
		if err != nil {
			t.Fatal(err)
		}
		wantError(t, conn, syscall.ECONNRESET)
	})
}

func TestRefuseLosesDatagrams(t *testing.T) {
	none := arrivals(t, 1, func(n *Net) { n.Refuse(one, two) })
	if len(none) != 0 {
		t.Errorf("%d datagrams passed a firewall", len(none))
	}
	all := arrivals(t, 1, func(*Net) {})
	if got := arrivals(t, 1, func(n *Net) { n.Refuse(two, one); n.FailDials(one, two, syscall.EMFILE) }); !slices.Equal(got, all) {
		t.Errorf("%d datagrams arrived, want %d", len(got), len(all))
	}
}

// A local error of a dial comes at once, and harms neither connections nor other destinations.
func TestFailDials(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b, mine, theirs := pair(t)
		listen(t, a)
		listen(t, n.Host("10.0.0.3"))
		for _, failure := range []syscall.Errno{syscall.EMFILE, syscall.ENETUNREACH, syscall.EHOSTUNREACH} {
			n.FailDials(one, two, failure)
			dialWithin(t, a, "10.0.0.2:80", failure, 0)
			dialWithin(t, a, "10.0.0.3:80", nil, 2*latency)
			dialWithin(t, b, "10.0.0.1:80", nil, 2*latency)
		}
		write(t, mine, "still here")
		wantRead(t, theirs, "still here", latency)
		n.Heal()
		dialWithin(t, a, "10.0.0.2:80", nil, 2*latency)
	})
}

// Restore ends the faults between the hosts that it is given, and no others.
func TestRestore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b, mine, theirs := pair(t)
		c := n.Host("10.0.0.3")
		listen(t, a)
		listen(t, c)
		n.Partition(one, two)
		n.Refuse(one, three)
		n.FailDials(three, one, syscall.EMFILE)
		n.Partition(two, three)
		write(t, mine, "hello")
		time.Sleep(time.Second)
		n.Restore(two, one)
		buf := make([]byte, 10)
		if k, err := theirs.Read(buf); string(buf[:k]) != "hello" || err != nil {
			t.Errorf("read %q: %v", buf[:k], err)
		}
		dialWithin(t, a, "10.0.0.2:80", nil, 2*latency)
		dialWithin(t, a, "10.0.0.3:80", syscall.ECONNREFUSED, 2*latency)
		dialWithin(t, c, "10.0.0.1:80", syscall.EMFILE, 0)
		dialWithin(t, b, "10.0.0.3:80", syscall.ETIMEDOUT, dialTimeout)
		n.Restore(one, three)
		dialWithin(t, a, "10.0.0.3:80", nil, 2*latency)
		dialWithin(t, c, "10.0.0.1:80", nil, 2*latency)
	})
}

// Each pair of hosts has a round trip of its own, up to those between continents.
func TestLinksArePerPair(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b, mine, theirs := pair(t)
		listen(t, n.Host("10.0.0.3"))
		const far = 100 * time.Millisecond
		n.SetLink(one, two, Link{Latency: far})
		n.SetLink(two, one, Link{Latency: far})
		dialWithin(t, a, "10.0.0.2:80", nil, 2*far)
		dialWithin(t, a, "10.0.0.3:80", nil, 2*latency)
		dialWithin(t, b, "10.0.0.3:80", nil, 2*latency)
		write(t, mine, "ping")
		wantRead(t, theirs, "ping", far)
		n.ResetLinks()
		write(t, mine, "ping")
		wantRead(t, theirs, "ping", latency)
	})
}

// Loss delays segments of a stream and loses none.
func TestLossDelaysStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		n.SetLink(one, two, Link{Latency: latency, Loss: 0.05})
		late := 0
		for range 1000 {
			write(t, mine, "x")
			began := time.Now()
			if _, err := theirs.Read(make([]byte, 1)); err != nil {
				t.Fatal(err)
			}
			switch took := time.Since(began); took {
			case latency:
			case latency + retransmission:
				late++
			default:
				t.Fatalf("a segment took %v", took)
			}
		}
		if late < 25 || late > 75 {
			t.Errorf("%d of 1000 segments were sent twice", late)
		}
	})
}

// Where all processes are paused, connections stay, and each process sees what arrived once it is awake.
func TestPauseOfAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b, mine, theirs := pair(t)
		write(t, mine, "to b")
		write(t, theirs, "to a")
		a.Pause()
		b.Pause()
		time.AfterFunc(time.Hour, b.Resume)
		time.AfterFunc(time.Hour+time.Second, a.Resume)
		wantRead(t, theirs, "to b", time.Hour)
		write(t, theirs, ", more")
		wantRead(t, mine, "to a, more", time.Second)
		theirs.SetReadDeadline(time.Now().Add(time.Second))
		wantError(t, theirs, os.ErrDeadlineExceeded)
	})
}
