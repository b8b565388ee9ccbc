package state

import (
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

type sample struct {
	MoveX float32 `state:"range=-1..1,step=1/127"`
	MoveY float32 `state:"range=-1..1,step=1/127"`
	Aim   float32 `state:"angle,bits=12"`
	Far   float64 `state:"range=0..1000,step=0.01"`
	Fire  bool    `state:""`
	Slot  uint8   `state:"range=0..8"`
	Big   int64   `state:""`
	Raw   float32 `state:""`
	Word  string  `state:"max=4"`
}

func samples() *rapid.Generator[sample] {
	return rapid.Custom(func(t *rapid.T) sample {
		return sample{
			MoveX: rapid.Float32Range(-2, 2).Draw(t, "mx"), MoveY: rapid.SampledFrom([]float32{0, 1, -1}).Draw(t, "my"),
			Aim: floats().Draw(t, "aim"), Far: float64(floats().Draw(t, "far")), Fire: rapid.Bool().Draw(t, "fire"),
			Slot: rapid.Uint8().Draw(t, "slot"), Big: rapid.Int64().Draw(t, "big"), Raw: floats().Draw(t, "raw"), Word: texts().Draw(t, "word"),
		}
	})
}

// TestCodecChain: samples packed one behind another arrive as Quantise says, and no shorter prefix of them does.
func TestCodecChain(t *testing.T) {
	c, err := NewCodec[sample]()
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.SliceOfN(samples(), 1, 5).Draw(t, "samples")
		var base sample
		c.Quantise(&base)
		var b []byte
		for i := range list {
			from := len(b)
			b = c.Append(b, &base, &list[i])
			if len(b)-from > proto.MaxSampleBytes {
				t.Fatalf("a sample of %d bytes", len(b)-from)
			}
			base = list[i]
		}
		parse := func(b []byte) (err error) {
			var base, v sample
			c.Quantise(&base)
			for i := range list {
				if b, err = c.Parse(b, &base, &v); err != nil {
					return err
				}
				want := list[i]
				c.Quantise(&want)
				if v != want {
					t.Fatalf("sample %d: %+v, want %+v", i, v, want)
				}
				base = v
			}
			if len(b) != 0 {
				t.Fatalf("%d bytes are left", len(b))
			}
			return nil
		}
		must(t, parse(b))
		for n := range b {
			if err := parse(b[:n]); !errors.Is(err, proto.ErrShort) {
				t.Fatalf("%d bytes cut at %d: %v", len(b), n, err)
			}
		}
	})
}

func TestCodecQuantisesForGood(t *testing.T) {
	c, err := NewCodec[sample]()
	must(t, err)
	rapid.Check(t, func(t *rapid.T) {
		v := samples().Draw(t, "sample")
		c.Quantise(&v)
		w := v
		c.Quantise(&w)
		if v != w {
			t.Fatalf("%+v became %+v", v, w)
		}
	})
}

func TestCodecRefuses(t *testing.T) {
	fail := func(err error, want string) {
		t.Helper()
		if err == nil || err.Error() != want {
			t.Errorf("%v, want %s", err, want)
		}
	}
	_, err := NewCodec[int]()
	fail(err, "state: int is not a struct")
	type owned struct {
		A uint8 `state:"owner"`
	}
	_, err = NewCodec[owned]()
	fail(err, "state: owned.A has \"owner\" in its tag, which a field of type uint8 does not take here")
	type long struct {
		A string `state:"max=64"`
	}
	_, err = NewCodec[long]()
	fail(err, "state: an input may take 66 bytes, at most 64 are allowed; use smaller fields: value is out of range")

	c, err := NewCodec[sample]()
	must(t, err)
	var base, v sample
	_, err = c.Parse(nil, &base, &v)
	fail(err, "state: sample: message is cut short")
	_, err = c.Parse([]byte{0x80, 4}, &base, &v)
	fail(err, "state: sample: value is out of range")
	_, err = c.Parse([]byte{1 << 5, 9}, &base, &v)
	fail(err, "state: sample: field slot: value is out of range")
}

func TestCodecAllocates(t *testing.T) {
	c, err := NewCodec[sample]()
	must(t, err)
	base := sample{Word: "abc"}
	c.Quantise(&base)
	next := sample{MoveX: 1, Aim: 3, Fire: true, Big: 7, Word: "abc"}
	buf := make([]byte, 0, 64)
	if n := testing.AllocsPerRun(100, func() {
		var v sample
		c.Quantise(&next)
		buf = c.Append(buf[:0], &base, &next)
		if _, err := c.Parse(buf, &base, &v); err != nil || v != next {
			t.Fatal(v, err)
		}
	}); n != 0 {
		t.Errorf("a sample costs %v allocations", n)
	}
}

// The rooms of a game have one codec, and one set of layouts, in common.
func TestRoomsShareWhatTheirTypesSay(t *testing.T) {
	a, err := NewCodec[sample]()
	must(t, err)
	b, err := NewCodec[sample]()
	must(t, err)
	if a != b {
		t.Error("a second codec was made for the same type")
	}
	var one, two struct {
		Things Table[sample] `state:"max=4"`
	}
	s, err := Open(a.Schema(), &one)
	must(t, err)
	r, err := Open(a.Schema(), &two)
	must(t, err)
	if s.tables[0].layout != r.tables[0].layout {
		t.Error("a second layout was made for the same table")
	}
	if n := testing.AllocsPerRun(10, func() { must(t, r.schema.checkTogether()) }); n > 2 {
		t.Errorf("%v allocations to check tables that have been checked", n)
	}
}
