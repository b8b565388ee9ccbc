package state

import (
	"strings"
	"testing"
)

// Size is the length of what a client gets, by table; MaxSize is above it, and not much where all rows are used.
func TestSize(t *testing.T) {
	var g struct {
		Open Table[struct {
			X    float32 `state:"range=0..100,step=1/16,predict=linear"`
			Name string  `state:"max=30"`
			Mine uint16  `state:"owner"`
		}] `state:"max=50"`
		Hand Table[struct {
			Card uint8 `state:""`
		}] `state:"max=10,owner"`
		Deck Table[struct {
			Card uint64 `state:""`
		}] `state:"max=50,hidden"`
		Blast Events[struct {
			X uint8 `state:""`
		}]
	}
	s, err := Open(nil, &g)
	if err != nil {
		t.Fatal(err)
	}
	for i := range RowID(50) {
		row := g.Open.Put(i)
		row.X, row.Name = float32(i), strings.Repeat("n", 30)
		g.Open.SetOwner(i, 3)
		g.Deck.Put(i)
		if i < 10 {
			g.Hand.Put(i)
			g.Hand.SetOwner(i, 3)
		}
	}
	s.Commit(1)
	total, tables := s.Size()
	if want := len(s.AppendKeyframe(nil)) + len(s.AppendOwnKeyframe(nil, 3)); total != want {
		t.Errorf("%d bytes, want %d", total, want)
	}
	sum := 0
	for _, x := range tables {
		sum += x.Bytes
		if x.Table == "deck" {
			t.Error("clients do not get hidden tables")
		}
	}
	if sum != total || len(tables) < 2 || tables[0] != (TableSize{"open", 50, tables[0].Bytes}) {
		t.Errorf("%d bytes: %+v", total, tables)
	}
	if most := s.MaxSize(); most < total || most > total+50*10+50 {
		t.Errorf("%d bytes at most; it has %d", most, total)
	}
}
