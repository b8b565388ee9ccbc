package multiplex

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// side is a link that a test reads and writes for.
type side struct {
	*Link
	opened []*Stream
	wire   []byte // written, and not yet delivered to the other side
}

// sides are both sides of a link; a opens the streams.
func sides() (a, b *side) {
	a, b = new(side), new(side)
	x, y := net.Pipe()
	a.Link = New(x, nil)
	b.Link = New(y, func(s *Stream) { b.opened = append(b.opened, s) })
	return a, b
}

// deliver takes up to n bytes that s has written to the other side.
func (s *side) deliver(t testing.TB, to *side, n int) {
	t.Helper()
	b, _ := s.Take(nil)
	s.wire = append(s.wire, b...)
	n = min(n, len(s.wire))
	if err := to.Deliver(s.wire[:n], time.Now()); err != nil {
		t.Fatal(err)
	}
	s.wire = s.wire[n:]
}

// exchange delivers all that there is, both ways.
func exchange(t testing.TB, a, b *side) {
	t.Helper()
	for range 4 { // answers to answers
		a.deliver(t, b, 1<<30)
		b.deliver(t, a, 1<<30)
	}
}

// stream opens one.
func stream(t testing.TB, a, b *side) (x, y *Stream) {
	t.Helper()
	x, err := a.Open()
	if err != nil {
		t.Fatal(err)
	}
	exchange(t, a, b)
	return x, b.opened[len(b.opened)-1]
}

func send(t testing.TB, s *Stream, b []byte, want int) {
	t.Helper()
	if n, err := s.Send(b); n != want || err != nil {
		t.Fatalf("%d bytes are taken, %v; want %d", n, err, want)
	}
}

func receive(t testing.TB, s *Stream, want string, wantErr error) {
	t.Helper()
	b := make([]byte, 2*Window)
	if n, err := s.Receive(b); string(b[:n]) != want || !errors.Is(err, wantErr) {
		t.Fatalf("%q is received, %v; want %q, %v", b[:n], err, want, wantErr)
	}
}

// A reader that takes nothing stops its sender after a window, and no other stream.
func TestWindow(t *testing.T) {
	a, b := sides()
	x, y := stream(t, a, b)
	u, v := stream(t, a, b)
	told := 0
	x.Notify(func() { told++ })
	send(t, x, make([]byte, 2*Window), Window)
	exchange(t, a, b)
	send(t, x, []byte("more"), 0)
	send(t, u, []byte("others go on"), 12)
	exchange(t, a, b)
	receive(t, v, "others go on", nil)
	if told != 0 {
		t.Errorf("told %d times of nothing", told)
	}
	if n, err := y.Receive(make([]byte, Window/2)); n != Window/2 || err != nil {
		t.Fatal(n, err)
	}
	exchange(t, a, b)
	if told != 1 {
		t.Errorf("told %d times that there is credit", told)
	}
	send(t, x, make([]byte, Window), Window/2)
}

// A link that nobody reads takes no data any more, and tells when it does again.
func TestFullLink(t *testing.T) {
	a, b := sides()
	told := 0
	for range maxOut/Window + 2 {
		x, _ := stream(t, a, b)
		x.Notify(func() { told++ })
	}
	sent := 0
	for _, x := range a.streams {
		n, err := x.Send(make([]byte, Window))
		if err != nil {
			t.Fatal(err)
		}
		sent += n
	}
	if len(a.out) < maxOut || len(a.out) > maxOut+header || told != 0 {
		t.Errorf("%d bytes wait; told %d times", len(a.out), told)
	}
	a.Take(nil)
	if told != 3 { // one was cut short, and two not begun
		t.Errorf("%d streams were told that there is room", told)
	}
}

// The end of a direction comes behind what was sent, and the other one goes on.
func TestHalfClose(t *testing.T) {
	a, b := sides()
	x, y := stream(t, a, b)
	send(t, x, []byte("last"), 4)
	if err := x.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Send([]byte("no")); !errors.Is(err, net.ErrClosed) {
		t.Errorf("then sending gives %v", err)
	}
	exchange(t, a, b)
	receive(t, y, "last", nil)
	receive(t, y, "", io.EOF)
	send(t, y, []byte("answer"), 6)
	exchange(t, a, b)
	receive(t, x, "answer", nil)
}

// What was sent before Close arrives; bytes for a closed stream are taken and dropped.
func TestClose(t *testing.T) {
	a, b := sides()
	x, y := stream(t, a, b)
	send(t, x, []byte("last"), 4)
	_ = x.Close()
	send(t, y, []byte("too late"), 8) // on its way
	exchange(t, a, b)
	receive(t, y, "last", nil)
	receive(t, y, "", io.EOF)
	send(t, y, make([]byte, 3*Window), 3*Window)
	receive(t, x, "", net.ErrClosed)
	_ = y.Close()
	exchange(t, a, b)
	if a.Streams() != 0 || b.Streams() != 0 {
		t.Errorf("%d and %d streams are left", a.Streams(), b.Streams())
	}
}

// With SetLinger, Close breaks the stream, and what was not read is lost.
func TestReset(t *testing.T) {
	a, b := sides()
	x, y := stream(t, a, b)
	send(t, x, []byte("lost"), 4)
	_ = x.SetLinger(0)
	_ = x.Close()
	exchange(t, a, b)
	receive(t, y, "", syscall.ECONNRESET)
	if _, err := y.Send([]byte("x")); !errors.Is(err, syscall.ECONNRESET) {
		t.Error(err)
	}
}

// When the link ends, streams give what has come, and then the error, or the end if it has come too.
func TestEndOfTheLink(t *testing.T) {
	a, b := sides()
	_, y := stream(t, a, b)
	u, v := stream(t, a, b)
	send(t, a.streams[1], []byte("in time"), 7)
	_ = u.Close()
	exchange(t, a, b)
	told := 0
	y.Notify(func() { told++ })
	b.Fail(io.ErrUnexpectedEOF)
	b.Fail(io.EOF)
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	receive(t, y, "in time", nil)
	receive(t, y, "", syscall.ECONNRESET)
	receive(t, v, "", io.EOF)
	if err := b.Err(); err != io.ErrUnexpectedEOF {
		t.Error(err)
	}
	if _, err := b.Open(); err == nil {
		t.Error("it opens streams")
	}
}

// A side that breaks the protocol ends the link.
func TestBrokenProtocol(t *testing.T) {
	frame := func(k kind, id uint32, size int) []byte { return appendHeader(nil, k, id, size) }
	for name, b := range map[string][]byte{
		"unknown kind":       frame(0, 1, 0),
		"id that falls":      append(frame(open, 7, 0), frame(open, 7, 0)...),
		"beyond the window":  append(append(frame(open, 1, 0), frame(data, 1, Window+1)...), make([]byte, Window+1)...),
		"data after its end": append(append(append(frame(open, 1, 0), frame(end, 1, 0)...), frame(data, 1, 1)...), 'x'),
		"too much credit":    append(frame(open, 1, 0), frame(credit, 1, 1)...),
		"pings without end":  bytes.Repeat(frame(ping, 0, 0), 2*maxOut/header+1),
	} {
		_, far := sides()
		if err := far.Deliver(b, time.Now()); err != errProtocol {
			t.Errorf("%s: %v", name, err)
		}
	}
	near, _ := sides()
	if err := near.Deliver(frame(open, 1, 0), time.Now()); err != errProtocol {
		t.Errorf("a stream that the wrong side opens: %v", err)
	}
}

// A side that is silent is asked, and given up when it gives no answer.
func TestSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := sides()
		check := func(h *side, want error) {
			t.Helper()
			if err := h.Check(time.Now()); err != want {
				t.Fatal(err)
			}
		}
		for range 20 { // it answers
			time.Sleep(pingAfter)
			check(a, nil)
			exchange(t, a, b)
		}
		for range patience/pingAfter - 1 {
			time.Sleep(pingAfter)
			check(a, nil)
		}
		time.Sleep(pingAfter)
		check(a, errSilent)
	})
}

// Answer returns when something comes, at once if it just has, and in time if nothing does.
func TestAnswer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := sides()
		stream(t, a, b)
		if err := a.Answer(t.Context()); err != nil {
			t.Fatal(err)
		}
		time.Sleep(2 * fresh)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := a.Answer(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("nobody answers: %v", err)
		}
		done := make(chan error)
		go func() { done <- a.Answer(t.Context()) }()
		synctest.Wait()
		exchange(t, a, b)
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

// Reading and writing wait, for as long as their deadlines say.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := sides()
		x, _ := stream(t, a, b)
		begun := time.Now()
		_ = x.SetDeadline(begun.Add(time.Second))
		var both sync.WaitGroup
		both.Go(func() {
			if _, err := x.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
		both.Go(func() {
			if n, err := x.Write(make([]byte, Window+1)); n != Window || !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(n, err)
			}
		})
		both.Wait()
		if took := time.Since(begun); took != time.Second {
			t.Errorf("they end after %v", took)
		}
		_ = x.SetReadDeadline(time.Time{})
		both.Go(func() {
			if _, err := x.Read(make([]byte, 1)); !errors.Is(err, os.ErrDeadlineExceeded) {
				t.Error(err)
			}
		})
		synctest.Wait()
		_ = x.SetReadDeadline(time.Unix(1, 0)) // wakes it
		both.Wait()
		_ = x.SetDeadline(time.Time{})
		both.Go(func() {
			if _, err := x.Read(make([]byte, 1)); !errors.Is(err, net.ErrClosed) {
				t.Error(err)
			}
		})
		synctest.Wait()
		_ = x.Close()
		both.Wait()
	})
}

// Links that run carry many streams at once, and all that was sent before Close arrives.
func TestRun(t *testing.T) {
	const streams, size = 20, 300_000
	x, y := net.Pipe()
	opened := make(chan *Stream, streams)
	a, b := New(x, nil), New(y, func(s *Stream) { opened <- s })
	var links, all sync.WaitGroup
	links.Go(func() { a.Run(context.Background(), x, nil) })
	links.Go(func() { b.Run(context.Background(), y, nil) })
	sent := bytes.Repeat([]byte("0123456789"), size/10)
	for range streams {
		s, err := a.Open()
		if err != nil {
			t.Fatal(err)
		}
		all.Go(func() {
			if _, err := s.Write(sent); err != nil {
				t.Error(err)
			}
			_ = s.CloseWrite()
		})
		all.Go(func() {
			if got, err := io.ReadAll(s); err != nil || !bytes.Equal(got, sent) {
				t.Errorf("%d bytes come back, %v", len(got), err)
			}
			_ = s.Close()
		})
		all.Go(func() {
			s := <-opened
			if _, err := io.Copy(s, s); err != nil {
				t.Error(err)
			}
			_ = s.Close()
		})
	}
	all.Wait()
	s, _ := a.Open()
	far := <-opened
	_, _ = s.Send(sent[:Window])
	a.Close()
	links.Wait()
	if got, err := io.ReadAll(far); !bytes.Equal(got, sent[:Window]) || !errors.Is(err, syscall.ECONNRESET) {
		t.Errorf("%d bytes arrive before the end, %v", len(got), err)
	}
}

// A stream beyond the backlog is closed and counted, and those before it are accepted.
func TestBacklog(t *testing.T) {
	refused := 0
	s := NewServer(&net.TCPAddr{}, nil, func() { refused++ })
	a, b := sides()
	b.accept = s.accept
	var last *Stream
	for range backlog + 1 {
		var err error
		if last, err = a.Open(); err != nil {
			t.Fatal(err)
		}
	}
	exchange(t, a, b)
	if refused != 1 || len(s.streams) != backlog {
		t.Fatalf("%d streams are refused, %d wait", refused, len(s.streams))
	}
	receive(t, last, "", io.EOF)
	if _, err := s.Accept(); err != nil {
		t.Fatal(err)
	}
}
