package tunnel

import (
	"bytes"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/fake"
)

func TestFirstMessage(t *testing.T) {
	ping := fake.AppendFrame(nil, 0x9, []byte("ping"), fake.Mask)
	hello := fake.AppendFrame(nil, edge.OpBinary, bytes.Repeat([]byte("h"), 300), fake.Mask)
	fragments := fake.AppendFrame(nil, edge.OpBinary, []byte("hel"), fake.Mask)
	fragments[0] &^= edge.FinBit
	fragments = append(fragments, ping...)
	fragments = append(fragments, fake.AppendFrame(nil, 0x0, []byte("lo"), fake.Mask)...)
	for name, whole := range map[string][]byte{
		"hello":     hello,
		"ping":      append(bytes.Clone(ping), hello...),
		"fragments": fragments,
	} {
		for n := range len(whole) {
			if end, ok, err := firstMessage(whole[:n]); ok || err != nil {
				t.Fatalf("%s, %d of %d bytes: %d, %v, %v; want more", name, n, len(whole), end, ok, err)
			}
		}
		if end, ok, err := firstMessage(append(bytes.Clone(whole), "more"...)); end != len(whole) || !ok || err != nil {
			t.Errorf("%s: %d, %v, %v; want %d", name, end, ok, err, len(whole))
		}
	}
	for name, b := range map[string][]byte{
		"close":    fake.AppendFrame(nil, edge.OpClose, []byte{3, 232}, fake.Mask),
		"too long": fake.AppendFrame(nil, edge.OpBinary, make([]byte, maxHello), fake.Mask)[:8],
		"top bit":  {0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0},
	} {
		if end, ok, err := firstMessage(b); ok || err == nil {
			t.Errorf("%s: %d, %v, %v; want an error", name, end, ok, err)
		}
	}
}

func TestFirstMoved(t *testing.T) {
	record := proto.Moved{URL: "ws://10.0.0.1:9000/v1/rooms/a/connect", Server: "game-1"}.Append(nil)
	whole := fake.AppendFrame(fake.AppendFrame(nil, 0xa, []byte("pong"), nil), edge.OpBinary, record, nil)
	for n := range len(whole) {
		if moved, more := firstMoved(whole[:n]); moved != nil || !more {
			t.Fatalf("%d of %d bytes: %v, %v; want more", n, len(whole), moved, more)
		}
	}
	for _, b := range [][]byte{whole, append(bytes.Clone(whole), fake.AppendFrame(nil, edge.OpClose, []byte{0x0f, 0xab}, nil)...)} {
		if moved, more := firstMoved(b); moved == nil || more || moved.Server != "game-1" {
			t.Errorf("got %v, %v; want the Moved", moved, more)
		}
	}
	text, fragment := bytes.Clone(whole[6:]), bytes.Clone(whole[6:])
	text[0], fragment[0] = edge.FinBit|0x1, edge.OpBinary
	for name, b := range map[string][]byte{
		"close":          fake.AppendFrame(nil, edge.OpClose, nil, nil),
		"welcome":        fake.AppendFrame(nil, edge.OpBinary, append([]byte{byte(proto.KindWelcome)}, make([]byte, 70_000)...), nil)[:11],
		"empty":          fake.AppendFrame(nil, edge.OpBinary, nil, nil),
		"text":           text,
		"fragment":       fragment,
		"too long":       fake.AppendFrame(nil, edge.OpBinary, append([]byte{byte(proto.KindMoved)}, make([]byte, maxMoved)...), nil)[:8],
		"no such length": fake.AppendFrame(nil, edge.OpBinary, []byte{byte(proto.KindMoved), 200}, nil),
		"no such body":   fake.AppendFrame(nil, edge.OpBinary, []byte{byte(proto.KindMoved), 1, 0xff}, nil),
	} {
		if moved, more := firstMoved(b); moved != nil || more {
			t.Errorf("%s: %v, %v; want no Moved", name, moved, more)
		}
	}
}

func TestGoodbyeIsOneFrameAndAClose(t *testing.T) {
	long := string(bytes.Repeat([]byte("x"), 300))
	b := appendGoodbye(nil, proto.CloseInternal, long, time.Second)
	f, ok, err := edge.ParseFrame(b, proto.MaxServerMessage)
	if !ok || err != nil || f.Opcode != edge.OpBinary || !f.Final {
		t.Fatalf("%+v, %v, %v", f, ok, err)
	}
	b = b[f.End:]
	f, ok, err = edge.ParseFrame(b, proto.MaxServerMessage)
	if !ok || err != nil || f.Opcode != edge.OpClose || f.End != len(b) || f.End-f.Start != 2+proto.MaxText {
		t.Errorf("%+v, %v, %v of %d bytes", f, ok, err, len(b))
	}
}

// Whatever comes, a verdict that was given on the first bytes is not changed by the ones that follow.
func FuzzFrames(f *testing.F) {
	f.Add(fake.AppendFrame(nil, edge.OpBinary, []byte("hello"), fake.Mask), 3)
	f.Add(fake.AppendFrame(nil, edge.OpBinary, proto.Moved{URL: "ws://a:1/", Server: "s"}.Append(nil), nil), 5)
	f.Add([]byte{0x82, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, 10)
	f.Add(appendGoodbye(nil, proto.CloseInternal, "bye", time.Second), 9)
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 0 || n > len(b) {
			return
		}
		endA, okA, errA := firstMessage(b[:n])
		endB, okB, errB := firstMessage(b)
		if (okA || errA != nil) && (endA != endB || okA != okB || errA != errB) {
			t.Errorf("first message of %d bytes: %d %v %v; of %d: %d %v %v", n, endA, okA, errA, len(b), endB, okB, errB)
		}
		if okB && (endB > len(b) || endB > maxHello) {
			t.Errorf("first message of %d bytes ends at %d", len(b), endB)
		}
		movedA, moreA := firstMoved(b[:n])
		movedB, moreB := firstMoved(b)
		if !moreA && ((movedA == nil) != (movedB == nil) || moreB) {
			t.Errorf("first Moved of %d bytes: %v; of %d: %v, %v", n, movedA, len(b), movedB, moreB)
		}
	})
}
