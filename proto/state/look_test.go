package state

import (
	"maps"
	"testing"
)

// A program that knows only the schema reads the same as one that knows the rows' types, and how many bytes each table took.
func TestLook(t *testing.T) {
	a := newRoom(t)
	a.Begin()
	*a.Fighters.Put(2) = fighter{X: 5, HP: 101, Alive: true, Name: "anna", Total: -9, Mask: 1 << 63, Ammo: 3, Board: [9]uint8{8: 2}}
	a.Fighters.SetOwner(2, 1)
	a.Commit(1)
	r := NewReplica(a.Schema())
	must(t, r.ApplyKeyframe(1, a.AppendKeyframe(nil)))
	read := func() map[string]any {
		t.Helper()
		row := map[string]any{}
		for id, values := range r.Look("fighters") {
			if id != 2 {
				t.Errorf("there is a row %d", id)
			}
			for i, f := range r.Schema().Tables[0].Row.Fields {
				row[f.Name] = values[i]
			}
		}
		return row
	}
	row := read()
	for name, want := range map[string]any{"x": float32(5), "hp": int64(100), "alive": true, "name": "anna", "total": int64(-9), "mask": uint64(1 << 63), "ammo": nil} {
		if row[name] != want {
			t.Errorf("%s is %v (%[2]T), want %v", name, row[name], want)
		}
	}
	if board, ok := row["board"].([]any); !ok || len(board) != 9 || board[8] != int64(2) || row["items"] != nil {
		t.Errorf("board is %v, items %v", row["board"], row["items"])
	}
	must(t, r.ApplyOwnKeyframe(a.AppendOwnKeyframe(nil, 1)))
	if ammo := read()["ammo"]; ammo != int64(3) {
		t.Errorf("the owner reads ammo %v", ammo)
	}
	for range r.Look("nothing") {
		t.Error("a table that there is not has rows")
	}

	a.Begin()
	a.Fighters.Get(2).Name = "bob"
	a.Plain.Put(0).A = 1
	a.Commit(2)
	delta := a.AppendDelta(nil)
	must(t, r.ApplyDelta(2, delta))
	spent := maps.Collect(r.DeltaBytes())
	sum := 0
	for _, n := range spent {
		sum += n
	}
	if spent["fighters"] == 0 || spent["plain"] == 0 || spent["many"] != 0 || sum > len(delta) || sum < len(delta)-2 { // the rest is the set of tables
		t.Errorf("%v of %d bytes", spent, len(delta))
	}
	a.Begin()
	a.Commit(3)
	must(t, r.ApplyDelta(3, a.AppendDelta(nil)))
	for name, n := range r.DeltaBytes() {
		if n != 0 {
			t.Errorf("%s took %d bytes of an empty delta", name, n)
		}
	}
}
