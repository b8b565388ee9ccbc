package state

import (
	"slices"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

type tables struct {
	Cards  Table[card] `state:"max=20"`
	Small  Table[card] `state:"max=2"`
	One    Value[match]
	Shots  Events[shot] `state:"max=2"`
	Notes  Events[note] `state:"max=2,owner"`
	Hidden Events[note] `state:"max=2,hidden"`
}

func openTables(t testing.TB) (*tables, *Store) {
	t.Helper()
	g := &tables{}
	s, err := Open(nil, g)
	must(t, err)
	return g, s
}

func TestTableHandsOutLowestIDs(t *testing.T) {
	g, s := openTables(t)
	for want := range RowID(20) {
		if id, p := g.Cards.Add(); id != want || p == nil {
			t.Fatalf("row %d has id %d", want, id)
		}
	}
	if _, p := g.Cards.Add(); p != nil || g.Cards.Len() != 20 || g.Cards.Cap() != 20 {
		t.Fatal("a full table takes a row")
	}
	g.Cards.Remove(17)
	g.Cards.Remove(3)
	g.Cards.Remove(3)
	s.Commit(1)
	if id, _ := g.Cards.Add(); id != 3 {
		t.Fatal(id)
	}
	if id, _ := g.Cards.Add(); id != 17 {
		t.Fatal(id)
	}
	if g.Cards.Put(20) != nil || g.Cards.Get(20) != nil || g.Cards.Owner(20) != proto.NoSeat {
		t.Fatal("a row beyond max")
	}
	g.Cards.Remove(20)
	g.Cards.SetOwner(20, 1)
}

func TestTablePeek(t *testing.T) {
	var g struct {
		Rows Table[struct {
			X uint8 `state:""`
		}] `state:"max=1"`
	}
	if _, err := Open(nil, &g); err != nil {
		t.Fatal(err)
	}
	if row, ok := g.Rows.Peek(0); ok || row.X != 0 || g.Rows.Has(0) || g.Rows.Has(9) || g.Rows.Full() {
		t.Errorf("a row that there is not: %v, %v", row, ok)
	}
	_, p := g.Rows.Add()
	p.X = 3
	if row, ok := g.Rows.Peek(0); !ok || row.X != 3 || !g.Rows.Has(0) || !g.Rows.Full() {
		t.Errorf("a row: %v, %v", row, ok)
	}
}

func TestTableRowsStay(t *testing.T) {
	g, s := openTables(t)
	_, first := g.Cards.Add()
	first.Suit = 9
	for range 19 {
		g.Cards.Add()
	}
	s.Commit(1)
	if first != g.Cards.Get(0) || first.Suit != 9 {
		t.Fatal("a row has moved")
	}
	g.Cards.SetOwner(0, 3)
	if p := g.Cards.Put(0); p.Suit != 0 || g.Cards.Owner(0) != proto.NoSeat || g.Cards.Len() != 20 {
		t.Fatal("Put did not make the row new")
	}
	g.Cards.SetOwner(0, 3)
	g.Cards.Remove(0)
	if g.Cards.Get(0) != nil || g.Cards.Owner(0) != proto.NoSeat {
		t.Fatal("a row that was removed")
	}
}

func TestTableAll(t *testing.T) {
	g, _ := openTables(t)
	for i := range 8 {
		_, p := g.Cards.Add()
		p.Suit = uint8(i)
	}
	var got []uint8
	for id, p := range g.Cards.All() {
		got = append(got, p.Suit)
		g.Cards.Remove(id)
		g.Cards.Remove(id + 2)
		if id == 5 {
			break
		}
	}
	if want := []uint8{0, 1, 4, 5}; !slices.Equal(got, want) {
		t.Fatal(got)
	}
}

func TestSetOwnerPanics(t *testing.T) {
	g, _ := openTables(t)
	g.Cards.Add()
	defer func() {
		if p := recover(); p != "state: table cards: row 0: seat 64: seats go from 0 to 63" {
			t.Fatal(p)
		}
	}()
	g.Cards.SetOwner(0, proto.MaxSeats)
}

func TestEvents(t *testing.T) {
	g, s := openTables(t)
	s.Begin()
	if !g.Shots.Emit(shot{From: 1}) || !g.Shots.Emit(shot{From: 2, X: 1.01}) || g.Shots.Emit(shot{From: 3}) {
		t.Fatal("two events fit, three do not")
	}
	g.Notes.EmitTo(5, note{1})
	g.Notes.EmitTo(6, note{2})
	g.Hidden.Emit(note{7})
	s.Commit(1)
	r := NewReplica(s.Schema())
	must(t, r.ApplyDelta(1, s.AppendDelta(nil)))
	must(t, r.ApplyOwnDelta(s.AppendOwnDelta(nil, 6)))
	shots, err := RowsOf[shot](r, "shots")
	must(t, err)
	notes, err := RowsOf[note](r, "notes")
	must(t, err)
	var got []shot
	for _, e := range shots.All() {
		got = append(got, e)
	}
	if !slices.Equal(got, []shot{{From: 1}, {From: 2, X: 1}}) || got[1].X != 1 {
		t.Fatal(got)
	}
	if n, ok := notes.Get(0); !ok || n.N != 2 || notes.Len() != 1 {
		t.Fatal("seat 6 has other notes than its own")
	}
	if leader, err := RowsOf[shot](s, "shots"); err != nil || leader.Len() != 2 {
		t.Fatal("the leader's own look has other shots")
	}
	s.Begin()
	for range g.Shots.All() {
		t.Fatal("an event outlived its tick")
	}
	s.Commit(2)
	must(t, r.ApplyDelta(2, s.AppendDelta(nil)))
	must(t, r.ApplyOwnDelta(s.AppendOwnDelta(nil, 6)))
	if shots.Len()+notes.Len() != 0 {
		t.Fatal("an event outlived its tick at the client")
	}
}

func TestEmitPanics(t *testing.T) {
	g, _ := openTables(t)
	for want, f := range map[string]func(){
		"state: events notes are tagged owner: use EmitTo":                                         func() { g.Notes.Emit(note{}) },
		"state: events shots: EmitTo seat 1: the events must be tagged owner and the seat be one":  func() { g.Shots.EmitTo(1, shot{}) },
		"state: events notes: EmitTo seat 64: the events must be tagged owner and the seat be one": func() { g.Notes.EmitTo(64, note{}) },
		"state: Commit of a replica; it follows by the Apply functions":                            func() { NewReplica(&Schema{}).Commit(1) },
	} {
		func() {
			defer func() {
				if p := recover(); p != want {
					t.Error(p)
				}
			}()
			f()
		}()
	}
}

// TestOwnerChanges: who gains a row gets all of its part, who loses it loses it, and nobody else hears of it.
func TestOwnerChanges(t *testing.T) {
	type hand struct {
		Rows Table[struct {
			Seen uint8  `state:""`
			Own  uint16 `state:"owner"`
		}] `state:"max=4"`
	}
	g := &hand{}
	s, err := Open(nil, g)
	must(t, err)
	clients := [2]*Store{NewReplica(s.Schema()), NewReplica(s.Schema())}
	type row struct{ Own uint16 }
	step := func(tick proto.Tick, owns [2]bool) {
		t.Helper()
		s.Commit(tick)
		for i, c := range clients {
			must(t, c.ApplyDelta(tick, s.AppendDelta(nil)))
			must(t, c.ApplyOwnDelta(s.AppendOwnDelta(nil, proto.Seat(i))))
			rows, err := RowsOf[row](c, "rows")
			must(t, err)
			r, _ := rows.Get(0)
			if owns[i] != rows.Own(0) || owns[i] != (r.Own == 500) {
				t.Fatalf("tick %d: client %d owns the row: %v, and reads %d", tick, i, rows.Own(0), r.Own)
			}
		}
		if b := s.AppendOwnDelta(nil, proto.NoSeat); len(b) != 1 || b[0] != 0 {
			t.Fatalf("tick %d: nobody gets % x", tick, b)
		}
	}
	g.Rows.Put(0).Own = 500
	step(1, [2]bool{})
	g.Rows.SetOwner(0, 0)
	step(2, [2]bool{true, false})
	step(3, [2]bool{true, false})
	g.Rows.SetOwner(0, 1)
	step(4, [2]bool{false, true})
	if b := s.AppendDelta(nil); len(b) != 1 || b[0] != 0 {
		t.Fatalf("everybody hears of it: % x", b)
	}
	g.Rows.SetOwner(0, proto.NoSeat)
	step(5, [2]bool{})
	g.Rows.SetOwner(0, 1)
	step(6, [2]bool{false, true})
	g.Rows.Remove(0)
	step(7, [2]bool{})
	g.Rows.Put(0).Own = 500
	step(8, [2]bool{})
}
