package proto

import (
	stdbytes "bytes"
	"errors"
	"testing"

	"pgregory.net/rapid"
)

func TestBeginAndEndMakeTheSameRecordAsAppendRecord(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		before := bytes(t, 8)
		n := rapid.OneOf(rapid.IntRange(0, 300), rapid.IntRange(16300, 16500), rapid.Just(1<<21)).Draw(t, "length")
		body := stdbytes.Repeat([]byte{0xa5, 1, 2}, n/3+1)[:n]
		want := AppendRecord(append([]byte(nil), before...), KindDelta, body)
		b, at := BeginRecord(append([]byte(nil), before...), KindDelta)
		if got := EndRecord(append(b, body...), at); !stdbytes.Equal(got, want) {
			t.Fatalf("%d bytes of body: the records differ: %.40x... and %.40x...", n, got, want)
		}
	})
}

func TestNextRecordRefuses(t *testing.T) {
	for _, c := range []struct {
		name string
		b    []byte
		want error
	}{
		{"nothing", nil, ErrShort},
		{"no length", []byte{0x22}, ErrShort},
		{"length cut", []byte{0x22, 0x80}, ErrShort},
		{"body cut", []byte{0x22, 3, 1, 2}, ErrShort},
		{"length of 2^64-1", []byte{0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1}, ErrShort},
		{"length of more than 64 bits", []byte{0x22, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2}, ErrRange},
		{"length longer than needed", []byte{0x22, 0x81, 0, 7}, ErrRange},
		{"zero in two bytes", []byte{0x22, 0x80, 0}, ErrRange},
	} {
		if _, _, _, err := NextRecord(c.b); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", c.name, err, c.want)
		}
	}
}

func TestNextRecordSplitsAMessage(t *testing.T) {
	b := Own{Processed: 1}.Append(nil)
	b = AppendRecord(b, 0x7f, []byte("unknown"))
	b = Delta{Tick: 2, Body: []byte{9}}.Append(b)
	var kinds []Kind
	for len(b) > 0 {
		k, body, rest, err := NextRecord(b)
		if err != nil {
			t.Fatal(err)
		}
		if len(body) != cap(body) {
			t.Errorf("%v: appending to the body would write over the next record", k)
		}
		kinds, b = append(kinds, k), rest
	}
	if len(kinds) != 3 || kinds[0] != KindOwn || kinds[1] != 0x7f || kinds[2] != KindDelta {
		t.Errorf("kinds %v, want own, 0x7f, delta", kinds)
	}
}

func TestKindNamesAreDistinct(t *testing.T) {
	seen := map[string]Kind{}
	for _, f := range formats() {
		name := f.kind.String()
		if other, ok := seen[name]; ok {
			t.Errorf("%#x and %#x are both %s", uint8(other), uint8(f.kind), name)
		}
		seen[name] = f.kind
	}
	if got := Kind(0x7f).String(); got != "kind 0x7f" {
		t.Errorf("an unknown kind is %q", got)
	}
}
