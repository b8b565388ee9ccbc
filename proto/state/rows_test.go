package state

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

func TestRows(t *testing.T) {
	a := newRoom(t)
	a.Begin()
	f := a.Fighters.Put(2)
	*f = fighter{X: 5.03, Z: -1, Aim: 7, HP: 101, Alive: true, Name: "anna", Total: -9, Ammo: 3, Password: "x", Board: [9]uint8{1, 2}, Items: [5]uint16{4: 9}}
	a.Fighters.SetOwner(2, 1)
	a.Hand.Put(4).Suit = 2
	a.Hand.SetOwner(4, 1)
	a.Commit(1)
	r := NewReplica(a.Schema())
	must(t, r.ApplyKeyframe(1, a.AppendKeyframe(nil)))
	must(t, r.ApplyOwnKeyframe(a.AppendOwnKeyframe(nil, 1)))
	type view struct {
		Name  string
		X     float64
		Aim   float32
		HP    uint8
		Alive bool
		Total int64
		Ammo  int8
		Board [9]uint8
		Items [5]uint16
	}
	want := view{"anna", 5, f.Aim, 100, true, -9, 3, f.Board, f.Items}
	for _, s := range []*Store{r, a.Store} {
		rows, err := RowsOf[view](s, "fighters")
		must(t, err)
		if v, ok := rows.Get(2); !ok || v != want || rows.Len() != 1 || !rows.Own(2) || rows.Own(1) {
			t.Errorf("%+v, %v, want %+v", v, ok, want)
		}
		for id, v := range rows.All() {
			if id != 2 || v != want {
				t.Error(id, v)
			}
		}
		if _, ok := rows.Get(5); ok {
			t.Error("there is no row 5")
		}
		if n := testing.AllocsPerRun(100, func() { rows.Get(2) }); n != 0 {
			t.Errorf("Get allocates %v times", n)
		}
		hand, err := RowsOf[struct{ Suit uint8 }](s, "hand")
		must(t, err)
		if v, ok := hand.Get(4); !ok || v.Suit != 2 {
			t.Error(v, ok)
		}
	}
	must(t, r.ApplyOwnKeyframe(a.AppendOwnKeyframe(nil, 0)))
	rows, err := RowsOf[view](r, "fighters")
	must(t, err)
	want.Ammo, want.Items = 0, [5]uint16{}
	if v, _ := rows.Get(2); v != want {
		t.Errorf("another seat reads %+v", v)
	}
	if hand, _ := RowsOf[struct{ Suit uint8 }](r, "hand"); hand.Len() != 0 {
		t.Error("another seat sees the hand")
	}
}

func TestRowsOfRefuses(t *testing.T) {
	a := newRoom(t)
	r := NewReplica(a.Schema())
	for _, c := range []struct {
		f    func() error
		want string
	}{
		{func() error { _, err := RowsOf[struct{ A int8 }](r, "walls"); return err },
			"state: there is no table \"walls\"; the tables are fighters, many, hand, plain, match, shots, notes"},
		{func() error { _, err := RowsOf[struct{ B int8 }](r, "plain"); return err },
			"state: table plain has no field b for struct { B int8 }; its fields are a"},
		{func() error { _, err := RowsOf[struct{ A uint8 }](r, "plain"); return err },
			"state: table plain: field a is int8 on the wire, not uint8 as in struct { A uint8 }"},
		{func() error { _, err := RowsOf[struct{ Board [8]uint8 }](r, "fighters"); return err },
			"state: table fighters: field board is [9]uint8 on the wire, not [8]uint8 as in struct { Board [8]uint8 }"},
		{func() error { _, err := RowsOf[struct{ Board uint8 }](r, "fighters"); return err },
			"state: table fighters: field board is [9]uint8 on the wire, not uint8 as in struct { Board uint8 }"},
		{func() error { _, err := RowsOf[struct{ A [1]int8 }](r, "plain"); return err },
			"state: table plain: field a is int8 on the wire, not [1]int8 as in struct { A [1]int8 }"},
		{func() error { _, err := RowsOf[struct{ Seed uint64 }](r, "match"); return err },
			"state: table match has no field seed for struct { Seed uint64 }; its fields are phase, clock, won"},
		{func() error { _, err := RowsOf[struct{ a int8 }](r, "plain"); return err },
			"state: table plain: field a of struct { a int8 } is not exported"},
		{func() error { _, err := RowsOf[proto.Seat](r, "plain"); return err },
			"state: table plain: proto.Seat is not a struct"},
	} {
		if err := c.f(); err == nil || err.Error() != c.want {
			t.Errorf("%v, want %s", err, c.want)
		}
	}
}
