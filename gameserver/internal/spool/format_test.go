package spool

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/ringside-go/ringside/internal/outcome"
)

func sample(n int) Record {
	return Record{ID: outcome.ID{Instance: 0xc0ffee, Match: uint32(n)}, Body: fmt.Appendf(nil, `{"match":%d,"pad":"%*d"}`, n, n%7*10, n)}
}

func encode(n int) (b []byte, ends []int) {
	for i := range n {
		r := sample(i + 1)
		b = appendRecord(b, &r)
		ends = append(ends, len(b))
	}
	return b, ends
}

func same(t *testing.T, got []Record, from, to int) {
	t.Helper()
	if len(got) != to-from {
		t.Fatalf("%d records, want %d", len(got), to-from)
	}
	for i, r := range got {
		if want := sample(from + i + 1); r.ID != want.ID || !bytes.Equal(r.Body, want.Body) {
			t.Fatalf("record %d is %v %s, want %v %s", i, r.ID, r.Body, want.ID, want.Body)
		}
	}
}

func TestGoldenRecord(t *testing.T) {
	r := Record{ID: outcome.ID{Instance: 0x0102030405060708, Match: 9}, Body: []byte("body")}
	want := "10000000" + "53de9209" + "0807060504030201" + "09000000" + "626f6479"
	if got := fmt.Sprintf("%x", appendRecord(nil, &r)); got != want {
		t.Errorf("record is %s, want %s", got, want)
	}
}

// A crash cuts the last batch anywhere: what is left is all whole records before the cut.
func TestTornTail(t *testing.T) {
	b, ends := encode(4)
	for cut := range len(b) + 1 {
		whole, good := 0, 0
		for _, end := range ends {
			if end <= cut {
				whole, good = whole+1, end
			}
		}
		records, damaged := parse(b[:cut])
		same(t, records, 0, whole)
		if damaged != cut-good {
			t.Fatalf("cut at %d: %d bytes damaged, want %d", cut, damaged, cut-good)
		}
	}
}

// A block of zeros, as a file has where its size was written and its data was not, is no record.
func TestZerosAreNoRecord(t *testing.T) {
	b, _ := encode(2)
	records, damaged := parse(append(b, make([]byte, 4096)...))
	same(t, records, 0, 2)
	if damaged != 4096 {
		t.Errorf("%d bytes damaged, want 4096", damaged)
	}
}

// A fault of the disk costs the records that it hits, not those behind them.
func TestRecordsBehindDamageAreFound(t *testing.T) {
	b, ends := encode(5)
	for at := ends[0]; at < ends[1]; at++ {
		broken := bytes.Clone(b)
		broken[at] ^= 0x40
		records, damaged := parse(broken)
		if len(records) != 4 || damaged != ends[1]-ends[0] {
			t.Fatalf("byte %d: %d records, %d bytes damaged; want 4 and %d", at, len(records), damaged, ends[1]-ends[0])
		}
		same(t, records[:1], 0, 1)
		same(t, records[1:], 2, 5)
	}
}

func FuzzParse(f *testing.F) {
	b, _ := encode(3)
	f.Add(b)
	f.Add(b[:len(b)-3])
	f.Add(make([]byte, 40))
	f.Fuzz(func(t *testing.T, b []byte) {
		records, damaged := parse(b)
		var again []byte
		for i := range records {
			again = appendRecord(again, &records[i])
		}
		if len(again)+damaged != len(b) {
			t.Fatalf("%d bytes in records and %d damaged, of %d", len(again), damaged, len(b))
		}
		twice, none := parse(again)
		if none != 0 || len(twice) != len(records) {
			t.Fatalf("written again, %d records became %d with %d bytes damaged", len(records), len(twice), none)
		}
		for i := range records {
			if records[i].ID != twice[i].ID || !bytes.Equal(records[i].Body, twice[i].Body) {
				t.Fatalf("record %d changed", i)
			}
		}
	})
}
