package simnet

import (
	"context"
	"errors"
	"io"
	"math"
	"net"
	"net/http"
	"os"
	"slices"
	"syscall"
	"testing"
	"testing/synctest"
	"time"
)

var (
	one   = []string{"10.0.0.1"}
	two   = []string{"10.0.0.2"}
	three = []string{"10.0.0.3"}
)

func TestCrash(t *testing.T) {
	var resets, ends int
	for seed := range uint64(20) {
		synctest.Test(t, func(t *testing.T) {
			n := New(seed, Link{Latency: latency})
			a, b := n.Host("10.0.0.1"), n.Host("10.0.0.2")
			l, err := b.Listen(":80")
			if err != nil {
				t.Fatal(err)
			}
			mine, err := a.DialContext(t.Context(), "10.0.0.2:80")
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			write(t, theirs, "last words")
			b.Crash()
			wantRead(t, mine, "last words", latency)
			switch _, err := mine.Read(make([]byte, 1)); {
			case errors.Is(err, syscall.ECONNRESET):
				resets++
			case err == io.EOF:
				ends++
			default:
				t.Errorf("read: %v", err)
			}
			for what, err := range map[string]error{
				"read": second(theirs.Read(nil)), "accept": second(l.Accept()), "listen": second(b.Listen(":81")),
				"dial": second(b.DialContext(t.Context(), "10.0.0.1:80")),
			} {
				if !errors.Is(err, net.ErrClosed) {
					t.Errorf("%s of a dead process: %v", what, err)
				}
			}
			if _, err := a.DialContext(t.Context(), "10.0.0.2:80"); !errors.Is(err, syscall.ECONNREFUSED) {
				t.Errorf("dialled a dead process: %v", err)
			}
			listen(t, n.Host("10.0.0.2"))
			if _, err := a.DialContext(t.Context(), "10.0.0.2:80"); err != nil {
				t.Errorf("dialled the new process: %v", err)
			}
		})
	}
	if resets == 0 || ends == 0 || resets+ends != 20 {
		t.Errorf("%d connections were reset, %d ended", resets, ends)
	}
}

func second[T any](_ T, err error) error { return err }

// A machine that is lost says nothing, and its successor knows nothing of its connections.
func TestLose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, b, mine, _ := pair(t)
		b.Lose()
		mine.SetReadDeadline(time.Now().Add(time.Hour))
		write(t, mine, "hello?")
		wantError(t, mine, os.ErrDeadlineExceeded)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if _, err := a.DialContext(ctx, "10.0.0.2:80"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("dialled a lost machine: %v", err)
		}
		listen(t, n.Host("10.0.0.2"))
		mine.SetReadDeadline(time.Time{})
		wantError(t, mine, syscall.ECONNRESET)
	})
}

func TestPartitionHoldsStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, a, _, mine, theirs := pair(t)
		n.Partition(one, two)
		write(t, mine, "hello")
		theirs.SetReadDeadline(time.Now().Add(time.Minute))
		wantError(t, theirs, os.ErrDeadlineExceeded)
		theirs.SetReadDeadline(time.Time{})
		began := time.Now()
		if _, err := a.DialContext(t.Context(), "10.0.0.2:80"); !errors.Is(err, syscall.ETIMEDOUT) || time.Since(began) != dialTimeout {
			t.Errorf("dialled over a cut: %v after %v", err, time.Since(began))
		}
		dialled := make(chan error)
		go func() { dialled <- second(a.DialContext(t.Context(), "10.0.0.2:80")) }()
		n.Heal()
		healed := time.Now()
		b := make([]byte, 10)
		if k, err := theirs.Read(b); string(b[:k]) != "hello" || err != nil {
			t.Errorf("read %q: %v", b[:k], err)
		}
		if took := time.Since(healed); took > maxResend+latency {
			t.Errorf("the stream went on after %v", took)
		}
		if err := <-dialled; err != nil {
			t.Errorf("dial: %v", err)
		}
	})
}

func TestOneWayCut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		n.Cut(one, two)
		write(t, theirs, "you hear me")
		wantRead(t, mine, "you hear me", latency)
		write(t, mine, "you do not hear me")
		theirs.SetReadDeadline(time.Now().Add(time.Minute))
		wantError(t, theirs, os.ErrDeadlineExceeded)
		theirs.SetReadDeadline(time.Time{})

		// Unacknowledged bytes fill the window although they are read.
		go io.Copy(io.Discard, mine)
		theirs.SetWriteDeadline(time.Now().Add(time.Second))
		const before = len("you hear me")
		if k, err := theirs.Write(make([]byte, window)); !errors.Is(err, os.ErrDeadlineExceeded) || k != window-before {
			t.Errorf("wrote %d: %v", k, err)
		}
		theirs.SetWriteDeadline(time.Time{})
		n.Heal()
		write(t, theirs, "again")
		mine.Close()
	})
}

func TestCutWhileOnItsWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, _, mine, theirs := pair(t)
		write(t, mine, "hello")
		time.Sleep(latency / 2)
		n.Cut(one, two)
		time.Sleep(time.Second)
		n.Heal()
		b := make([]byte, 10)
		if k, err := theirs.Read(b); string(b[:k]) != "hello" || err != nil {
			t.Errorf("read %q: %v", b[:k], err)
		}
	})
}

// A reset that is lost is not sent again; only what the other side sends is answered with one.
func TestCrashBehindACut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, _, b, mine, theirs := pair(t)
		n.Partition(one, two)
		write(t, mine, "unread")
		time.Sleep(time.Second)
		theirs.(*end).inbox = append(theirs.(*end).inbox, []byte("unread")) // so that closing resets
		b.Crash()
		time.Sleep(time.Second)
		n.Heal()
		wantError(t, mine, syscall.ECONNRESET)
	})
}

func TestPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b, mine, theirs := pair(t)
		b.Pause()
		write(t, mine, "hello")
		if _, err := a.DialContext(t.Context(), "10.0.0.2:80"); err != nil {
			t.Errorf("the kernel of a stopped process takes connections: %v", err)
		}
		time.AfterFunc(time.Minute, b.Resume)
		wantRead(t, theirs, "hello", time.Minute)
		listen(t, a)
		for addr, want := range map[string]error{
			"10.0.0.1:80": context.DeadlineExceeded, // it was taken, but the process has waited for longer than it would
			"10.0.0.1:81": syscall.ECONNREFUSED,
		} {
			b.Pause()
			time.AfterFunc(time.Minute, b.Resume)
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			began := time.Now()
			if _, err := b.DialContext(ctx, addr); !errors.Is(err, want) || time.Since(began) != time.Minute {
				t.Errorf("a stopped process hears of its dial: %v after %v, want %v", err, time.Since(began), want)
			}
			cancel()
			theirs.SetReadDeadline(time.Now().Add(time.Second))
			b.Pause()
			time.AfterFunc(time.Minute, b.Resume)
			began = time.Now()
			if _, err := theirs.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(began) != time.Minute {
				t.Errorf("a stopped process reads: %v after %v", err, time.Since(began))
			}
		}
		if _, err := b.DialContext(t.Context(), "10.0.0.1:80"); err != nil {
			t.Errorf("dial after a pause: %v", err)
		}
	})
}

func packets(t *testing.T, h *Host) net.PacketConn {
	t.Helper()
	p, err := h.ListenPacket(":9")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.Close() })
	return p
}

// arrivals sends 1000 datagrams and counts those that arrive.
func arrivals(t *testing.T, seed uint64, faults func(n *Net)) (got []byte) {
	synctest.Test(t, func(t *testing.T) {
		n := New(seed, Link{Latency: latency, Jitter: latency, Loss: 0.3})
		a, b := packets(t, n.Host("10.0.0.1")), packets(t, n.Host("10.0.0.2"))
		faults(n)
		for i := range 1000 {
			if _, err := a.WriteTo([]byte{byte(i)}, b.LocalAddr()); err != nil {
				t.Fatal(err)
			}
		}
		b.SetReadDeadline(time.Now().Add(2 * latency))
		for buf := make([]byte, 10); ; {
			k, from, err := b.ReadFrom(buf)
			if errors.Is(err, os.ErrDeadlineExceeded) {
				return
			}
			if err != nil || k != 1 || from.String() != "10.0.0.1:9" {
				t.Fatalf("%d bytes from %v: %v", k, from, err)
			}
			got = append(got, buf[0])
		}
	})
	return got
}

func TestDatagramsAreLostByTheSeed(t *testing.T) {
	none := func(*Net) {}
	first := arrivals(t, 1, none)
	if share := float64(len(first)) / 1000; math.Abs(share-0.7) > 0.05 {
		t.Errorf("%v of the datagrams arrived", share)
	}
	if slices.IsSorted(first) {
		t.Error("jitter has not changed the order")
	}
	if !slices.Equal(arrivals(t, 1, none), first) {
		t.Error("a seed does not replay")
	}
	if slices.Equal(arrivals(t, 2, none), first) {
		t.Error("seeds do not differ")
	}
	if got := arrivals(t, 1, func(n *Net) { n.Cut(one, two) }); len(got) != 0 {
		t.Errorf("%d datagrams came over a cut", len(got))
	}
	if got := arrivals(t, 1, func(n *Net) { n.Cut(two, one); n.Partition(one, three) }); !slices.Equal(got, first) {
		t.Errorf("another cut has changed %d arrivals to %d", len(first), len(got))
	}
	if got := arrivals(t, 1, func(n *Net) { n.SetLink(one, two, Link{}) }); len(got) != 1000 {
		t.Errorf("%d datagrams came over a perfect link", len(got))
	}
}

func TestHTTP(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := New(1, Link{Latency: latency})
		a, b := n.Host("10.0.0.1"), n.Host("10.0.0.2")
		l := listen(t, b)
		s := &http.Server{Handler: http.NotFoundHandler()}
		go s.Serve(l)
		transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
			return a.DialContext(ctx, addr)
		}}
		client := &http.Client{Transport: transport}
		began := time.Now()
		resp, err := client.Get("http://10.0.0.2/")
		if err != nil || resp.StatusCode != http.StatusNotFound || time.Since(began) != 4*latency {
			t.Errorf("%v, %v after %v", resp, err, time.Since(began))
		}
		resp.Body.Close()
		transport.CloseIdleConnections()
		s.Close()
	})
}
