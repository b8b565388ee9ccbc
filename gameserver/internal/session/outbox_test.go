package session

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func newOutbox(limit int) *outbox {
	return &outbox{pool: &sync.Pool{New: newBuffer}, limit: limit}
}

// take takes n bytes off, or all with -1.
func (o *outbox) take(n int) []byte {
	if n < 0 {
		n = len(o.next())
	}
	b := slices.Clone(o.next()[:n])
	o.advance(n)
	return b
}

// payloads are those of the whole frames that b is.
func payloads(t interface{ Fatalf(string, ...any) }, b []byte) (list []string) {
	for len(b) > 0 {
		header, n := 2, 0
		switch b[1] {
		default:
			n = int(b[1])
		case 126:
			header, n = 4, int(b[2])<<8|int(b[3])
		case 127:
			header, n = 10, int(b[7])<<16|int(b[8])<<8|int(b[9])
		}
		if b[0]&0xf0 != finBit || len(b) < header+n {
			t.Fatalf("no whole frame behind %d of them: % x", len(list), b[:min(len(b), 12)])
		}
		list, b = append(list, string(b[header:header+n])), b[header+n:]
	}
	return list
}

func TestHeaderLengths(t *testing.T) {
	o := newOutbox(1 << 20)
	for n, header := range map[int]int{0: 2, 125: 2, 126: 4, 65535: 4, 65536: 10} {
		o.delta(make([]byte, n/2), make([]byte, n-n/2))
		b := o.take(-1)
		if p := payloads(t, b); len(b) != header+n || len(p) != 1 || len(p[0]) != n {
			t.Errorf("a message of %d bytes makes %d bytes", n, len(b))
		}
	}
}

// An outbox over its bound drops its deltas and keeps its events, and takes no delta before it has drained and had a
// keyframe.
func TestLatestWins(t *testing.T) {
	o := newOutbox(4096)
	queue := func(s string) (ok, dropped bool) { return o.delta([]byte(s), make([]byte, 1300)) }
	queue("d1")
	if !o.event(opBinary, []byte("event")) {
		t.Error("event refused")
	}
	sent := o.take(10) // d1 is partly gone
	for _, d := range []string{"d2", "d3"} {
		if ok, _ := queue(d); !ok {
			t.Errorf("%s refused", d)
		}
	}
	if ok, dropped := queue("d4"); ok || !dropped {
		t.Errorf("d4 over the bound: %v %v", ok, dropped)
	}
	if ok, dropped := queue("d5"); ok || dropped {
		t.Errorf("d5 into a stale outbox: %v %v", ok, dropped)
	}
	if o.keyframe([]byte("k1"), nil) {
		t.Error("keyframe taken before it drained")
	}
	sent = append(sent, o.take(-1)...)
	if ok, _ := queue("d6"); ok {
		t.Error("d6 taken before a keyframe")
	}
	if !o.keyframe([]byte("k2"), nil) {
		t.Error("keyframe refused by a drained outbox")
	}
	if ok, _ := queue("d7"); !ok {
		t.Error("d7 refused")
	}
	var got []string
	for _, p := range payloads(t, append(sent, o.take(-1)...)) {
		got = append(got, strings.TrimRight(p, "\x00"))
	}
	if want := "d1 event k2 d7"; strings.Join(got, " ") != want {
		t.Errorf("sent %q, want %q", got, want)
	}
}

// A keyframe larger than the bound is sent, and deltas may follow it at once.
func TestKeyframeOverTheBound(t *testing.T) {
	o := newOutbox(4096)
	if !o.keyframe(nil, make([]byte, 100_000)) {
		t.Fatal("keyframe refused")
	}
	o.take(1)
	n := 0
	for ; ; n++ {
		if ok, _ := o.delta(make([]byte, 990), nil); !ok {
			break
		}
	}
	if n != 4 {
		t.Errorf("%d deltas of 1,000 bytes fit into 4,096", n)
	}
	if p := payloads(t, append([]byte{0x82}, o.take(-1)...)); len(p) != 1 || len(p[0]) != 100_000 {
		t.Errorf("%d frames were kept", len(p))
	}
}

func TestEventLimit(t *testing.T) {
	o := newOutbox(1 << 20)
	n := 0
	for o.event(opBinary, make([]byte, 1020)) {
		n++
	}
	if n != 32 {
		t.Errorf("%d events of 1 KiB fit into %d", n, eventLimit)
	}
	o.take(1024)
	if !o.event(opBinary, make([]byte, 1020)) {
		t.Error("no event fits after one is gone")
	}
}

// Whatever is queued and sent in whatever parts: the bytes are whole frames, events and keyframes all arrive and in
// order, and the deltas behind a keyframe arrive without a gap.
func TestOutboxProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const limit = 4096
		o := newOutbox(limit)
		var stream []byte
		var kept []string // events and keyframes that were taken
		base, next := 0, 0
		payload := func(kind string, base, index int) []byte {
			n := rapid.IntRange(0, 900).Draw(t, "n")
			return append(fmt.Appendf(nil, "%s %d %d ", kind, base, index), make([]byte, n)...)
		}
		t.Repeat(map[string]func(*rapid.T){
			"delta": func(*rapid.T) {
				if ok, _ := o.delta(payload("delta", base, next), []byte("s")); ok {
					next++
				}
			},
			"keyframe": func(*rapid.T) {
				if p := payload("keyframe", base+1, 0); o.keyframe(p, nil) {
					kept = append(kept, string(p))
					base, next = base+1, 0
				}
			},
			"event": func(*rapid.T) {
				if p := payload("event", len(kept), 0); o.event(opBinary, p) {
					kept = append(kept, string(p))
				}
			},
			"send": func(t *rapid.T) {
				if n := len(o.next()); n > 0 {
					stream = append(stream, o.take(rapid.IntRange(1, n).Draw(t, "part"))...)
				}
			},
			"": func(t *rapid.T) {
				if deltas := o.load() - o.events(); deltas > limit || o.events() > eventLimit {
					t.Fatalf("%d bytes of deltas, %d of events", deltas, o.events())
				}
			},
		})
		stream = append(stream, o.take(-1)...)
		have, want := 0, 0 // the client's keyframe and the delta that it needs
		for _, p := range payloads(t, stream) {
			var kind string
			var b, i int
			if _, err := fmt.Sscanf(p, "%s %d %d", &kind, &b, &i); err != nil {
				t.Fatalf("%q: %v", p, err)
			}
			if kind == "delta" {
				if b != have || i != want {
					t.Fatalf("delta %d of keyframe %d came, the client needs %d of %d", i, b, want, have)
				}
				want++
				continue
			}
			if len(kept) == 0 || p != kept[0] {
				t.Fatalf("%.20q came, not expected", p)
			}
			kept = kept[1:]
			if kind == "keyframe" {
				have, want = b, 0
			}
		}
		if len(kept) != 0 || !o.drained() {
			t.Fatalf("%d events and keyframes did not come", len(kept))
		}
	})
}
