package state

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// A commit that skips what has not changed gives the frames of one that looks at every row.
func TestQuietRowsAreSkippedUnseen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		quick, thorough := newRoom(t), newRoom(t)
		ticks := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(draw), 0, 4), 1, 30).Draw(t, "ticks")
		for i, edits := range ticks {
			for _, table := range thorough.tables {
				table.applied = true
			}
			quick.step(proto.Tick(i+1), edits)
			thorough.step(proto.Tick(i+1), edits)
			f, g := quick.frames(), thorough.frames()
			f.equal(t, "skipping", &g)
		}
	})
}

type quietRow struct {
	Word string `state:"max=8"`
	X    uint16 `state:"predict=linear"`
	HP   uint8  `state:""`
}

// Rows that have not changed are not looked at, and each kind of change is seen, also one that brings back what an earlier row had in
// the same place.
func TestQuietRows(t *testing.T) {
	var w struct {
		Rows Table[quietRow] `state:"max=20"`
	}
	s, err := Open(nil, &w)
	must(t, err)
	for range 20 {
		_, r := w.Rows.Add()
		*r = quietRow{Word: "same", X: 7, HP: 100}
	}
	tick := proto.Tick(0)
	commit := func(what string, looked, changed int) {
		t.Helper()
		s.Begin()
		tick++
		s.Commit(tick)
		if table := s.tables[0]; len(table.stay) != looked || table.public.count() != changed {
			t.Errorf("%s: looked at %d rows, %d changed; want %d and %d", what, len(table.stay), table.public.count(), looked, changed)
		}
	}
	commit("new rows", 0, 20)
	commit("nothing", 0, 0)
	w.Rows.Get(9).HP--
	commit("a number", 8, 1)
	commit("nothing after it", 0, 0)
	w.Rows.Get(19).Word = "other"
	commit("a string in the last chunk", 4, 1)
	w.Rows.Get(0).X++
	commit("a predicted field that starts", 8, 1)
	commit("it was expected to move on", 8, 1)
	commit("it stands", 0, 0)
	w.Rows.SetOwner(3, 2)
	commit("another owner", 8, 0)
	was := *w.Rows.Get(1)
	*w.Rows.Put(1) = quietRow{Word: "born", HP: 1}
	commit("a row over another", 7, 1)
	*w.Rows.Get(1) = was
	commit("the earlier row's fields", 8, 1)
	s.ApplyKeyframe(tick, s.AppendKeyframe(nil))
	commit("after a frame was applied; the row does not move on", 20, 1)
}
