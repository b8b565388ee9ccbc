package state

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// grid has arrays of each form of a change.
type grid struct {
	Cells [9]uint8   `state:"range=0..2"`
	Far   [3]int32   `state:""`
	Aims  [2]float32 `state:"angle,bits=12,rewind"`
	Lit   [64]bool   `state:""`
	Items [4]uint16  `state:"owner"`
	Deck  [5]uint8   `state:"hidden"`
}

type grids struct {
	Boards Table[grid] `state:"max=4"`
	Best   Value[struct {
		Scores [3]uint32 `state:""`
	}]
}

func newGrids(t *testing.T) (*grids, *Store) {
	g := &grids{}
	s, err := Open(nil, g)
	must(t, err)
	g.Boards.SetOwner(0, 1) // no such row yet
	*g.Boards.Put(0) = grid{Items: [4]uint16{7}}
	g.Boards.SetOwner(0, 1)
	s.Commit(1)
	return g, s
}

// A delta has the elements that changed, and an array that did not change costs nothing.
func TestArrayDelta(t *testing.T) {
	g, s := newGrids(t)
	b := g.Boards.Get(0)
	for i, c := range []struct {
		do    func()
		delta []byte // public
		own   []byte
	}{
		{func() {}, []byte{0}, []byte{0}},
		{func() { b.Cells[4] = 1 }, []byte{1, 1, 2, 16, 1}, []byte{0}},
		{func() { b.Cells[0], b.Cells[4] = 9, 2 }, []byte{1, 1, 2, 17, 2, 2}, []byte{0}}, // 9 is out of range
		{func() { b.Far[2] = -3 }, []byte{1, 1, 4, 4, 5}, []byte{0}},
		{func() { b.Lit[0], b.Lit[63] = true, true }, []byte{1, 1, 16, 0x81, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, []byte{0}},
		{func() { b.Lit[63] = false; b.Lit[0] = true }, []byte{1, 1, 16, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1}, []byte{0}},
		{func() { b.Items[3] = 10 }, []byte{0}, []byte{1, 1, 2, 8, 20}},
		{func() { g.Best.Get().Scores[1] = 1 }, []byte{2, 2, 2, 2}, []byte{0}},
	} {
		s.Begin()
		c.do()
		s.Commit(proto.Tick(i + 2))
		if got := s.AppendDelta(nil); !bytes.Equal(got, c.delta) {
			t.Errorf("case %d: the delta is %x, want %x", i, got, c.delta)
		}
		if got := s.AppendOwnDelta(nil, 1); !bytes.Equal(got, c.own) {
			t.Errorf("case %d: the own delta is %x, want %x", i, got, c.own)
		}
	}
}

// A set of changed elements that is empty, or has an element that there is not, is refused.
func TestArrayDeltaRefuses(t *testing.T) {
	_, s := newGrids(t)
	r := NewReplica(s.Schema())
	for _, c := range []struct {
		body []byte
		want string
	}{
		{[]byte{1, 1, 2, 0}, "state: table boards: row 0: field cells: value is out of range"},
		{[]byte{1, 1, 2, 0x80, 4, 1}, "state: table boards: row 0: field cells: value is out of range"}, // element 9
		{[]byte{1, 1, 2, 1, 3}, "state: table boards: row 0: field cells: value is out of range"},       // 3 is not in the range
		{[]byte{1, 1, 2}, "state: table boards: row 0: field cells: message is cut short"},
		{[]byte{1, 1, 2, 3, 1}, "state: table boards: row 0: field cells: message is cut short"},
	} {
		must(t, r.ApplyKeyframe(1, s.AppendKeyframe(nil)))
		if err := r.ApplyDelta(2, c.body); err == nil || err.Error() != c.want {
			t.Errorf("%x: %v, want %s", c.body, err, c.want)
		}
	}
}

// Ticks that change arrays allocate nothing, at either end.
func TestArraysAllocateNothing(t *testing.T) {
	g, s := newGrids(t)
	r := NewReplica(s.Schema())
	must(t, r.ApplyKeyframe(1, s.AppendKeyframe(nil)))
	s.SetHistory(4)
	tick, b := proto.Tick(1), make([]byte, 0, 1<<10)
	run := func() {
		tick++
		s.Begin()
		board := g.Boards.Get(0)
		board.Cells[tick%9], board.Far[tick%3], board.Lit[tick%64], board.Items[0] = uint8(tick%3), int32(tick)*1000, tick%2 == 0, uint16(tick)
		board.Aims[1] += 0.1
		s.Commit(tick)
		b = s.AppendDelta(b[:0])
		must(t, r.ApplyDelta(tick, b))
		b = s.AppendSecretDelta(s.AppendOwnDelta(b[:0], 1))
	}
	for range 4 { // the history gets its size
		run()
	}
	if n := testing.AllocsPerRun(100, run); n != 0 {
		t.Errorf("a tick allocates %v times", n)
	}
	if r.Hash() != s.Hash() {
		t.Error("the replica differs")
	}
	if past, ok := g.Boards.Past(tick-1, 0); !ok || past.Aims[1] == g.Boards.Get(0).Aims[1] {
		t.Errorf("the tick before had %v, %v", past.Aims, ok)
	}
}

// In JSON an array is a list, which a patch replaces as a whole.
func TestArrayText(t *testing.T) {
	g, s := newGrids(t)
	r := NewReplica(s.Schema())
	must(t, r.ApplyKeyframe(1, s.AppendKeyframe(nil)))
	text := NewText(r)
	if got := string(text.Append(nil, true)); !strings.Contains(got, `"cells":[0,0,0,0,0,0,0,0,0],"far":[0,0,0],"aims":[0,0],"lit":[false,`) || strings.Contains(got, "items") {
		t.Errorf("all of it is %s", got)
	}
	g.Boards.Get(0).Far[1] = -5
	s.Commit(2)
	must(t, r.ApplyDelta(2, s.AppendDelta(nil)))
	if got, want := string(text.Append(nil, false)), `,"tables":{"boards":{"0":{"far":[0,-5,0]}}}`; got != want {
		t.Errorf("the patch is %s, want %s", got, want)
	}
}

// Another version of the game takes over the elements that it has room for; what is no array is an array's first element.
func TestAdoptArrays(t *testing.T) {
	type older struct {
		Best Value[struct {
			Same   [3]uint8  `state:""`
			Longer [2]uint16 `state:""`
			Less   [4]int8   `state:""`
			One    int32     `state:""`
			Many   [2]bool   `state:""`
		}]
	}
	type row = struct {
		Same   [3]int16   `state:""`
		Longer [3]uint8   `state:""`
		Less   [2]float32 `state:"range=-8..8,step=1/2"`
		One    [2]int32   `state:""`
		Many   bool       `state:""`
	}
	var a older
	old, err := Open(nil, &a)
	must(t, err)
	was := a.Best.Get()
	was.Same, was.Longer, was.Less, was.One, was.Many = [3]uint8{1, 2, 3}, [2]uint16{300, 4}, [4]int8{-1, 5, 6, 7}, 9, [2]bool{true, false}
	old.Commit(1)
	mirror := NewMirror(old.Schema())
	must(t, mirror.ApplyKeyframe(1, old.AppendKeyframe(nil)))
	var b struct{ Best Value[row] }
	s, err := Open(nil, &b)
	must(t, err)
	must(t, s.Adopt(mirror))
	s.Commit(1)
	want := row{[3]int16{1, 2, 3}, [3]uint8{255, 4, 0}, [2]float32{-1, 5}, [2]int32{9, 0}, true}
	if got := *b.Best.Get(); got != want {
		t.Errorf("%v, want %v", fmt.Sprint(got), fmt.Sprint(want))
	}
}
