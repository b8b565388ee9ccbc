package replication

import (
	"encoding/hex"
	"errors"
	"testing"

	"github.com/ringside-go/ringside/proto"
)

// body returns the body of a single record.
func body(t testing.TB, record []byte) []byte {
	t.Helper()
	_, b, rest, err := proto.NextRecord(record)
	if err != nil || len(rest) > 0 {
		t.Fatalf("not one record: %x: rest %x, %v", record, rest, err)
	}
	return b
}

func TestGolden(t *testing.T) {
	h := hello{Versions: proto.Versions{Newest: 5, Oldest: 4}, Cluster: "dev", Name: "gs-1", Process: 5, Link: 300}
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"hello", encode(kindHello, &h), "800e0504036465760467732d3105ac02"},
		{"refuse", encode(kindRefuse, &refusal{"no"}), "8203026e6f"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestPrefixesFail(t *testing.T) {
	h := hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "c", Name: "n", Process: 1<<64 - 1, Link: 1 << 63}
	hb := body(t, encode(kindHello, &h))
	for n := range hb {
		if _, err := parseHello(hb[:n], Version); !errors.Is(err, proto.ErrShort) {
			t.Errorf("hello cut at %d: %v", n, err)
		}
	}
}

func TestRanges(t *testing.T) {
	h := hello{Versions: proto.Versions{Newest: 9, Oldest: 8}, Cluster: "c", Name: "n"}
	longer := append(body(t, encode(kindHello, &h)), 1, 2, 3)
	if got, err := parseHello(longer, 8); err != nil || got != h {
		t.Errorf("hello of a later version: %+v, %v", got, err)
	}
	if _, err := parseHello(longer, 9); !errors.Is(err, proto.ErrTrailing) {
		t.Errorf("hello of the own version with more: %v", err)
	}
	if _, err := parseHello(body(t, encode(kindHello, &hello{Versions: proto.Versions{Newest: 4, Oldest: 5}})), 5); !errors.Is(err, proto.ErrRange) {
		t.Errorf("hello whose oldest version is above its newest: %v", err)
	}
}

// FuzzParse: no decoder panics, and what is parsed is appended as it was.
func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 1, 2, 'a', 'b'})
	f.Add(body(f, encode(kindHello, &hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "c"})))
	f.Fuzz(func(t *testing.T, b []byte) {
		decode(kindRefuse, b, &refusal{})
		if m, err := parseHello(b, Version); err == nil {
			if again, err := parseHello(body(t, encode(kindHello, &m)), Version); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		}
	})
}
