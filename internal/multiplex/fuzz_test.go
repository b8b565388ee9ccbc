package multiplex

import (
	"bytes"
	"io"
	"testing"
	"time"
)

// FuzzDeliver: whatever a side sends, no stream holds more than a window, and what is to be answered is bounded.
func FuzzDeliver(f *testing.F) {
	f.Add(append(appendHeader(appendHeader(nil, open, 1, 0), data, 1, 2), "hi"...), 3)
	f.Add(appendHeader(appendHeader(appendHeader(nil, open, 9, 0), end, 9, 0), reset, 9, 0), 1)
	f.Add(appendHeader(appendHeader(nil, ping, 0, 0), data, 77, 500), 100)
	f.Fuzz(func(t *testing.T, b []byte, cut int) {
		_, far := sides()
		cut = max(1, min(cut, len(b)))
		for len(b) > 0 {
			n := min(cut, len(b))
			if far.Deliver(b[:n], time.Now()) != nil {
				break
			}
			b = b[n:]
		}
		for _, s := range far.streams {
			if len(s.in) > Window || s.credit > Window {
				t.Fatalf("a stream holds %d bytes, and %d of credit", len(s.in), s.credit)
			}
		}
		if len(far.out) > 2*maxOut+len(b) {
			t.Fatalf("%d bytes of answers", len(far.out))
		}
	})
}

// FuzzStreams: however bytes are cut and in whatever order streams are written, read and ended, each receives what was sent on it, in
// order, and then the end.
func FuzzStreams(f *testing.F) {
	f.Add([]byte{})
	f.Add([]byte{0x00, 200, 0x10, 255, 0x20, 9, 0x01, 77, 0x11, 255, 0x21, 255, 0x30, 0, 0x10, 3})
	f.Add([]byte{0x0e, 255, 0x0e, 255, 0x0e, 255, 0x1e, 255, 0x2e, 255, 0x0e, 255, 0x3e, 0, 0x1e, 255, 0x1f, 255, 0x2e, 255})
	f.Fuzz(func(t *testing.T, steps []byte) {
		const streams = 4
		a, b := sides()
		type way struct {
			from, to       *Stream
			sent, received []byte
			shut, ended    bool
		}
		var ways [2 * streams]*way
		for i := range streams {
			x, y := stream(t, a, b)
			ways[2*i], ways[2*i+1] = &way{from: x, to: y}, &way{from: y, to: x}
		}
		read := func(w *way, n int) {
			got := make([]byte, n)
			n, err := w.to.Receive(got)
			w.received = append(w.received, got[:n]...)
			if w.ended = w.ended || err == io.EOF; err != nil && err != io.EOF {
				t.Fatal(err)
			}
		}
		deliver := func(up bool, n int) {
			if up {
				a.deliver(t, b, n)
			} else {
				b.deliver(t, a, n)
			}
		}
		for ; len(steps) >= 2; steps = steps[2:] {
			w, n := ways[steps[0]&7], 1+int(steps[1])*(1+int(steps[0]>>3&1)*100)
			switch steps[0] >> 4 & 3 {
			case 0:
				if w.shut {
					continue
				}
				next := make([]byte, n)
				for i := range next {
					next[i] = byte(len(w.sent) + i)
				}
				taken, err := w.from.Send(next)
				if err != nil {
					t.Fatal(err)
				}
				w.sent = append(w.sent, next[:taken]...)
			case 1:
				deliver(steps[0]&1 == 0, n)
			case 2:
				read(w, n)
			case 3:
				w.shut = true
				_ = w.from.CloseWrite()
			}
		}
		for _, w := range ways {
			_ = w.from.CloseWrite()
		}
		exchange(t, a, b)
		for i, w := range ways {
			for !w.ended {
				before := len(w.received)
				if read(w, 1<<16); !w.ended && len(w.received) == before {
					t.Fatalf("way %d does not end: %d of %d bytes", i, len(w.received), len(w.sent))
				}
			}
			if !bytes.Equal(w.received, w.sent) {
				t.Fatalf("way %d: %d bytes are received, %d were sent", i, len(w.received), len(w.sent))
			}
		}
	})
}
