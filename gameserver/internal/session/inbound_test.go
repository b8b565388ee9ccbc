package session

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// all takes b apart in pieces of n bytes, as if that many came at once, and writes down what it finds. held is the most
// that was kept of messages in parts.
func (in *inbound) all(b []byte, n int) (found []string, held int) {
	var buf []byte
	for ; len(b) > 0; b = b[min(n, len(b)):] {
		buf = append(buf, b[:min(n, len(b))]...)
		for {
			op, payload, size, err := in.next(buf)
			if err != nil {
				return append(found, err.Error()), held
			}
			held = max(held, len(in.parts))
			if size == 0 {
				break
			}
			if op != opContinuation {
				found = append(found, fmt.Sprintf("%x:%x", op, payload))
			}
			buf = buf[size:]
		}
	}
	if len(buf) > 0 {
		found = append(found, fmt.Sprintf("%d left", len(buf)))
	}
	return found, held
}

var inboundGolden = []struct{ name, hex, found string }{
	// RFC 6455, 5.7, its text frames made binary.
	{"Hello", "82 85 37fa213d 7f9f4d5158", "2:48656c6c6f"},
	{"ping Hello", "89 85 37fa213d 7f9f4d5158", "9:48656c6c6f"},
	{"empty", "82 80 00000000", "2:"},
	{"two", "82 81 00000000 01 82 81 00000000 02", "2:01 2:02"},
	{"three parts", "02 81 00000000 01 00 80 00000000 80 81 01000000 02", "2:0103"},
	{"control frames between parts", "02 81 00000000 01 89 80 00000000 8a 80 00000000 80 81 00000000 02 88 80 00000000",
		"9: a: 2:0102 8:"},
	{"126 bytes", "82 fe 007e 00000000" + strings.Repeat("00", 126), "2:" + strings.Repeat("00", 126)},
	{"first byte", "82", "1 left"},
	{"no payload yet", "82 81 00000000", "6 left"},

	{"not masked", "82 05", "it is not masked"},
	{"RSV1", "c2 80", "a reserved bit"},
	{"RSV2", "a2 80", "a reserved bit"},
	{"RSV3", "92 80", "a reserved bit"},
	{"opcode 3", "83 80", "its opcode is reserved"},
	{"opcode 7", "87 80", "its opcode is reserved"},
	{"opcode 11", "8b 80", "its opcode is reserved"},
	{"opcode 15", "8f 80", "its opcode is reserved"},
	{"text", "81 80", "a message was text"},
	{"text in parts", "01 80", "a message was text"},
	{"ping in parts", "09 80", "a control frame"},
	{"long close", "88 fe", "a control frame"},
	{"continues nothing", "80 80 00000000", "it continues no message"},
	{"continues a complete one", "02 80 00000000 80 80 00000000 80 80 00000000", "it continues no message"},
	{"message within a message", "02 80 00000000 82 80 00000000", "a message began within another"},
	{"125 in two bytes", "82 fe 007d", "its length could be shorter"},
	{"65535 in eight bytes", "82 ff 000000000000ffff", "its length could be shorter"},
	{"2^63", "82 ff 8000000000000000", "its length is impossible"},
	{"2^64-1", "82 ff ffffffffffffffff", "its length is impossible"},
	{"2^63-1", "82 ff 7fffffffffffffff", "over 8192 bytes"},
	{"8193", "82 fe 2001", "over 8192 bytes"},
	{"8193 in parts", "02 81 00000000 01 80 fe 2000 00000000", "over 8192 bytes"},
}

func golden(t testing.TB, s string) []byte {
	b, err := hex.DecodeString(strings.ReplaceAll(s, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestInbound(t *testing.T) {
	for _, g := range inboundGolden {
		t.Run(g.name, func(t *testing.T) {
			b := golden(t, g.hex)
			for _, n := range []int{1, 3, len(b)} {
				found, _ := new(inbound).all(b, n)
				if got := strings.Join(found, " "); got != g.found && (strings.Contains(g.found, ":") || !strings.Contains(got, g.found)) {
					t.Errorf("%d bytes at once: %q, want %q", n, got, g.found)
				}
			}
		})
	}
}

// Messages and control frames, cut into frames and pieces in whatever way, come out as they went in.
func TestInboundProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b []byte
		var want []string
		payload := func(n int) []byte { return rapid.SliceOfN(rapid.Byte(), 0, n).Draw(t, "payload") }
		add := func(first byte, p []byte) {
			f := masked(first, p)
			b = append(b, f...)
		}
		control := func() {
			p := payload(maxControl)
			add(finBit|opPing, p)
			want = append(want, fmt.Sprintf("9:%x", p))
		}
		for range rapid.IntRange(1, 5).Draw(t, "messages") {
			var whole []byte
			op := byte(opBinary)
			for range rapid.IntRange(0, 3).Draw(t, "parts") {
				p := payload(1000)
				add(op, p)
				whole, op = append(whole, p...), opContinuation
				if rapid.Bool().Draw(t, "control") {
					control()
				}
			}
			p := payload(1000)
			add(finBit|op, p)
			want = append(want, fmt.Sprintf("2:%x", append(whole, p...)))
		}
		found, _ := new(inbound).all(b, rapid.IntRange(1, len(b)).Draw(t, "piece"))
		if !slices.Equal(found, want) {
			t.Fatalf("found %q, want %q", found, want)
		}
	})
}

func TestParseClose(t *testing.T) {
	for payload, want := range map[string]error{
		"": clientClosed(0), "\x03\xe8": clientClosed(1000), "\x03\xe8bye": clientClosed(1000), "\x0f\xa0": clientClosed(4000),
		"\x03": nil, "\x03\xe7": nil, "\x03\xed": nil, "\x03\xf8": nil, "\x07\xd0": nil, "\x13\x88": nil, "\x03\xe8\xff": nil,
	} {
		err := parseClose([]byte(payload))
		var refusal *proto.Refusal
		if want != nil && err != want || want == nil && (!errors.As(err, &refusal) || refusal.Code != proto.CloseMalformed) {
			t.Errorf("%x: %v", payload, err)
		}
	}
}

func TestUnmask(t *testing.T) {
	for n := range 40 {
		b := bytes.Repeat([]byte{0x55}, n)
		unmask(b, [4]byte{1, 2, 3, 4})
		for i, got := range b {
			if want := 0x55 ^ byte(i%4+1); got != want {
				t.Fatalf("byte %d of %d is %x, want %x", i, n, got, want)
			}
		}
	}
}

func TestInboundAllocatesNothing(t *testing.T) {
	frame := masked(finBit|opBinary, make([]byte, 200))
	b := make([]byte, len(frame))
	var in inbound
	if n := testing.AllocsPerRun(100, func() {
		copy(b, frame)
		if _, p, size, err := in.next(b); len(p) != 200 || size != len(b) || err != nil {
			t.Fatal(len(p), size, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations a message", n)
	}
}

// Whatever comes, and in whatever pieces: the same is found, no message is too long, and no more is kept.
func FuzzInbound(f *testing.F) {
	for _, g := range inboundGolden {
		f.Add(golden(f, g.hex), uint16(3))
	}
	f.Fuzz(func(t *testing.T, b []byte, n uint16) {
		whole, _ := new(inbound).all(bytes.Clone(b), max(1, len(b)))
		pieces, held := new(inbound).all(bytes.Clone(b), int(n)+1)
		if !slices.Equal(whole, pieces) {
			t.Errorf("at once %q, in pieces of %d %q", whole, n+1, pieces)
		}
		if held > proto.MaxClientMessage {
			t.Errorf("%d bytes are kept", held)
		}
		for _, m := range whole {
			if len(m) > 2+2*proto.MaxClientMessage {
				t.Errorf("a message of %d bytes", len(m)/2-1)
			}
		}
	})
}
