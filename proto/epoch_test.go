package proto

import (
	"encoding/json"
	"testing"
)

func TestEpochsOfOneInstanceAreOrdered(t *testing.T) {
	for _, c := range []struct {
		a, b Epoch
		less bool
	}{
		{Epoch{}, Epoch{7, 1, "a"}, true},
		{Epoch{7, 1, "b"}, Epoch{7, 2, "a"}, true},
		{Epoch{7, 2, "a"}, Epoch{7, 1, "b"}, false},
		{Epoch{7, 1, "a"}, Epoch{7, 1, "b"}, true},
		{Epoch{7, 1, "b"}, Epoch{7, 1, "a"}, false},
		{Epoch{7, 1, "a"}, Epoch{7, 1, "a"}, false},
	} {
		if got := c.a.Less(c.b); got != c.less {
			t.Errorf("%v before %v: %v, want %v", c.a, c.b, got, c.less)
		}
		if got, want := c.b.Supersedes(c.a), c.less && c.a != (Epoch{}); got != want {
			t.Errorf("%v supersedes %v: %v, want %v", c.b, c.a, got, want)
		}
	}
	for _, other := range []Epoch{{}, {8, 1, "a"}, {8, 3, "c"}} {
		if e := (Epoch{7, 2, "b"}); e.Supersedes(other) || other.Supersedes(e) {
			t.Errorf("%v and %v, of two instances, are ordered", e, other)
		}
	}
	e := Epoch{0x5f2c09d1e8a7b346, 4, "gs-0"}.Next("gs-1")
	if e != (Epoch{0x5f2c09d1e8a7b346, 5, "gs-1"}) || e.String() != "5f2c09d1e8a7b346:5@gs-1" {
		t.Errorf("next epoch is %v", e)
	}
}

func TestInstanceIsTextInJSON(t *testing.T) {
	for i, text := range map[Instance]string{0: `"0000000000000000"`, 0xa7: `"00000000000000a7"`, 1<<64 - 1: `"ffffffffffffffff"`} {
		var back Instance
		if b, err := json.Marshal(i); err != nil || string(b) != text {
			t.Errorf("%d is %s in JSON (%v), want %s", uint64(i), b, err, text)
		}
		if err := json.Unmarshal([]byte(text), &back); err != nil || back != i {
			t.Errorf("%s is read as %v (%v), want %v", text, back, err, i)
		}
	}
	for _, bad := range []string{"", "1", "00000000000000001", "000000000000000g", "+000000000000001"} {
		var i Instance
		if err := i.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q is read as %v, want an error", bad, i)
		}
	}
}
