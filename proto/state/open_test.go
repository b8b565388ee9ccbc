package state

import (
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// TestOpenRefuses: the error says which field is wrong and what to write.
// looped has itself in it.
type looped struct{ In []looped }

func TestOpenRefuses(t *testing.T) {
	type inner struct {
		A uint8 `state:""`
	}
	for _, c := range []struct {
		game any
		want string
	}{
		{3, "state: Open wants pointers to structs, not int"},
		{inner{}, "state: Open wants pointers to structs, not state.inner"},
		{(*inner)(nil), "state: Open wants pointers to structs, not *state.inner"},
		{&struct{ A Table[int] }{}, "state: .A: int is not a struct"},
		{&struct{ A *Table[inner] }{}, "state: .A is a pointer to tables, which would not be found behind it; give the field the struct itself"},
		{&struct {
			B *inner
			A *struct{ In struct{ Rows Table[inner] } }
		}{}, "state: .A is a pointer to tables, which would not be found behind it; give the field the struct itself"},
		{&struct{ A []Table[inner] }{}, "state: .A is a slice of tables, which would not be found in it; give each table a field of its own, " +
			"or one table a field that says which rows belong together"},
		{&struct {
			B []looped
			A map[string][2]*struct{ Rows []Events[inner] }
		}{}, "state: .A is a map of tables, which would not be found in it; give each table a field of its own, " +
			"or one table a field that says which rows belong together"},
		{&struct{ A any }{&struct{ Rows Table[inner] }{}}, "state: .A is a pointer to tables, which would not be found behind it; give the field the struct itself"},
		{&struct{ A Table[struct{ x uint8 }] }{}, "state: .A: .x is not exported, so it would be lost when the room moves; export it and tag it `state:\"hidden\"`"},
		{&struct{ A Table[struct{ X uint8 }] }{}, "state: .A: .X has no state tag, so it would be lost when the room moves; write `state:\"\"`, `state:\"owner\"` or `state:\"hidden\"`"},
		{&struct {
			A Table[struct {
				X uint8 `state:"-"`
			}]
		}{}, "state: .A: .X has no state tag, so it would be lost when the room moves; write `state:\"\"`, `state:\"owner\"` or `state:\"hidden\"`"},
		{&struct {
			A Table[struct {
				X int `state:""`
			}]
		}{}, "state: .A: .X is of type int, whose size is not said; write int32 or int64"},
		{&struct {
			A Table[struct {
				X []byte `state:""`
			}]
		}{}, "state: .A: .X is of type []uint8; write a bool, a number of stated size, a string, a type named after one of them, or an array of bools or numbers"},
		{&struct {
			A Table[struct {
				X [2][2]uint8 `state:""`
			}]
		}{}, "state: .A: .X is of type [2][2]uint8; write a bool, a number of stated size, a string, a type named after one of them, or an array of bools or numbers"},
		{&struct {
			A Table[struct {
				X [3]int `state:""`
			}]
		}{}, "state: .A: .X is of type [3]int, whose size is not said; write int32 or int64"},
		{&struct {
			A Table[struct {
				X [65]uint8 `state:""`
			}]
		}{}, "state: .A: .X has 65 elements; write an array of 1 to 64, or a table with a row for each"},
		{&struct {
			A Table[struct {
				X [0]uint8 `state:""`
			}]
		}{}, "state: .A: .X has 0 elements; write an array of 1 to 64, or a table with a row for each"},
		{&struct {
			A Table[struct {
				X [3]string `state:""`
			}]
		}{}, "state: .A: .X has a tag that does not hold: an array cannot hold strings; write a field for each, or a table: value is out of range"},
		{&struct {
			A Table[struct {
				X [3]int8 `state:"predict=linear"`
			}]
		}{}, "state: .A: .X has a tag that does not hold: an array cannot be predicted; remove predict=linear: value is out of range"},
		{&struct {
			A Table[struct {
				X [64]uint8 `state:""`
				Y uint8     `state:""`
			}] `state:"max=4096"`
			B, C, D Table[struct {
				X [64]uint8 `state:""`
			}] `state:"max=4096"`
		}{}, "state: tables have 1052672 rows times values together, at most 1048576 are allowed: value is out of range; lower max= of the largest"},
		{&struct {
			A Table[struct {
				X float64 `state:""`
			}]
		}{}, "state: .A: .X is a float64 that is not quantised; write `state:\"range=0..1024,step=1/16\"`, or use a float32"},
		{&struct {
			A Table[struct {
				X float32 `state:"range=0..1"`
			}]
		}{}, "state: .A: .X has an incomplete tag; a quantised float is written `state:\"range=0..1024,step=1/16\"`"},
		{&struct {
			A Table[struct {
				X float32 `state:"angle"`
			}]
		}{}, "state: .A: .X has an incomplete tag; an angle is written `state:\"angle,bits=10\"`"},
		{&struct {
			A Table[struct {
				X float32 `state:"range=0..x,step=1"`
			}]
		}{}, "state: .A: .X has range=0..x; write the least and the greatest value, as in range=0..1024"},
		{&struct {
			A Table[struct {
				X float32 `state:"range=0..1,step=a/b"`
			}]
		}{}, "state: .A: .X has \"a/b\" in its tag, which is not a number"},
		{&struct {
			A Table[struct {
				X float32 `state:"range=0..1024,step=1/65536"`
			}]
		}{}, "state: .A: .X has a tag that does not hold: range=0..1024,step=1.52587890625e-05: float32 cannot hold steps that fine over that range: " +
			"use a step of at least 0.000244140625, or a smaller range: value is out of range"},
		{&struct {
			A Table[struct {
				X uint8 `state:"range=0..256"`
			}]
		}{}, "state: .A: .X has a tag that does not hold: range=0..256: write whole numbers, least first, that uint8 holds: value is out of range"},
		{&struct {
			A Table[struct {
				X uint8 `state:"step=1"`
			}]
		}{}, "state: .A: .X has \"step\" in its tag, which a field of type uint8 does not take here"},
		{&struct {
			A Table[struct {
				X uint8 `state:"hide"`
			}]
		}{}, "state: .A: .X has a tag that cannot be read at \"hide\" in `state:\"hide\"`"},
		{&struct {
			A Table[struct {
				X uint8 `state:"predict=cubic"`
			}]
		}{}, "state: .A: .X has predict=cubic; write predict=linear or predict=none"},
		{&struct {
			A Table[struct {
				X string `state:"max=256"`
			}]
		}{}, "state: .A: .X has max=256; write 1 to 255 bytes"},
		{&struct {
			A Table[inner] `state:"max=0"`
		}{}, "state: .A: table a: max=0: write 1 to 4096"},
		{&struct {
			A Table[inner] `state:"max=many"`
		}{}, "state: .A: max=many: write 1 to 4096"},
		{&struct {
			A Table[inner] `state:"rewind"`
		}{}, "state: .A: has \"rewind\" in its tag, which is not for it; write `state:\"max=16\"` (not on a Value), owner or hidden"},
		{&struct {
			A Value[inner] `state:"max=3"`
		}{}, "state: .A: has \"max\" in its tag, which is not for it; write `state:\"max=16\"` (not on a Value), owner or hidden"},
		{&struct {
			A Value[inner] `state:"owner"`
		}{}, "state: .A: table a: nobody owns a Value; write hidden"},
		{&struct {
			A Value[struct {
				X uint8 `state:"owner"`
			}]
		}{}, "state: .A: table a: field x: nobody owns a Value; write hidden"},
		{&struct {
			A Events[struct {
				X uint8 `state:"hidden"`
			}]
		}{}, "state: .A: table a: field x is hidden: events are public, owner or hidden as a whole; tag the Events field"},
		{&struct {
			A Events[struct {
				X uint8 `state:"rewind"`
			}]
		}{}, "state: .A: table a: field x: an event lives one tick; remove predict and rewind"},
		{&struct {
			A, a Table[inner]
		}{}, "state: two tables are named \"a\"; rename one"},
		{&struct {
			A Table[struct {
				HP, Hp uint8 `state:""`
			}]
		}{}, "state: .A: table a: two fields are named \"hp\" on the wire; rename one"},
		{&struct {
			Ä Table[inner]
		}{}, "state: .Ä: table name \"Ä\" is not one; use a to z and, not first, digits and _: value is out of range"},
		{&struct {
			A, B, C, D, E Table[big] `state:"max=4096"`
		}{}, "state: tables have 1310720 rows times values together, at most 1048576 are allowed: value is out of range; lower max= of the largest"},
	} {
		if _, err := Open(nil, c.game); err == nil || err.Error() != c.want {
			t.Errorf("%T:\n%v, want\n%s", c.game, err, c.want)
		}
	}
}

// big has 64 fields, which 63 mask bits hold only since two of them are predicted together.
type big struct {
	A0, A1                                         float32 `state:"range=0..1,step=1/8"`
	B0, B1, B2, B3, B4, B5, B6, B7, B8, B9, Ba, Bb uint8   `state:""`
	C0, C1, C2, C3, C4, C5, C6, C7, C8, C9, Ca, Cb uint8   `state:""`
	D0, D1, D2, D3, D4, D5, D6, D7, D8, D9, Da, Db uint8   `state:""`
	E0, E1, E2, E3, E4, E5, E6, E7, E8, E9, Ea, Eb uint8   `state:""`
	F0, F1, F2, F3, F4, F5, F6, F7, F8, F9, Fa, Fb uint8   `state:""`
	G0, G1                                         uint8   `state:"owner"`
}

func TestOpenFindsTables(t *testing.T) {
	type part struct {
		Inner Table[card] `state:"max=3"`
	}
	var g struct {
		Name string
		part
		Sub struct{ Deep Value[match] }
		own Events[note] `state:"owner"`
	}
	s, err := Open(nil, &g, &struct{ SeatList Table[card] }{})
	must(t, err)
	var names []string
	for _, t := range s.Schema().Tables {
		names = append(names, t.Name)
	}
	want := []string{"inner", "deep", "own", "seat_list"}
	if len(names) != len(want) {
		t.Fatal(names)
	}
	for i := range want {
		if names[i] != want[i] {
			t.Fatal(names)
		}
	}
	g.Sub.Deep.Get().Phase = 3
	g.own.EmitTo(1, note{4})
	s.Commit(1)
	if id, _ := g.Inner.Add(); id != 0 || g.Inner.Owner(0) != proto.NoSeat {
		t.Fatal("a new row has an owner")
	}
}
