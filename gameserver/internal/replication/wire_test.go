package replication

import (
	"encoding/hex"
	"errors"
	"testing"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

// body takes a single record apart.
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
	for i := range h.Nonce {
		h.Nonce[i] = byte(i)
	}
	for _, c := range []struct {
		name string
		got  []byte
		want string
	}{
		{"hello", h.append(nil), "802e0504036465760467732d3105ac02" +
			"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"},
		{"claim", claim{300, "r1"}.append(nil), "8405ac02027231"},
		{"answer", answer{1, Answer{Following, true, proto.Epoch{Instance: 0xa7, Counter: 2, Server: "s"}, "s", 300}}.append(nil), "8512010301" + "a700000000000000" + "0201730173ac02"},
		{"refuse", appendRefuse(nil, "no"), "8203026e6f"},
	} {
		if got := hex.EncodeToString(c.got); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.name, got, c.want)
		}
	}
}

func TestRoundTrip(t *testing.T) {
	text := rapid.StringN(-1, -1, maxName)
	rapid.Check(t, func(t *rapid.T) {
		m := answer{rapid.Uint64().Draw(t, "id"), Answer{
			Holding: Holding(rapid.IntRange(0, int(Leading)).Draw(t, "holding")),
			Standby: rapid.Bool().Draw(t, "standby"),
			Epoch:   proto.Epoch{Instance: proto.Instance(rapid.Uint64().Draw(t, "instance")), Counter: rapid.Uint32().Draw(t, "counter"), Server: text.Draw(t, "server")},
			Leader:  text.Draw(t, "leader"),
		}}
		_, b, _, _ := proto.NextRecord(m.append(nil))
		if got, err := parseAnswer(b); err != nil || got != m {
			t.Fatalf("%+v became %+v, %v", m, got, err)
		}
		for n := range b {
			if _, err := parseAnswer(b[:n]); err == nil {
				t.Fatalf("the first %d bytes of %x are an answer", n, b)
			}
		}
	})
}

func TestPrefixesFail(t *testing.T) {
	h := hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "c", Name: "n", Process: 1<<64 - 1, Link: 1 << 63}
	hb := body(t, h.append(nil))
	cb := body(t, claim{5, "room"}.append(nil))
	for n := range hb {
		if _, err := parseHello(hb[:n], Version); !errors.Is(err, proto.ErrShort) {
			t.Errorf("hello cut at %d: %v", n, err)
		}
	}
	for n := range cb {
		if _, err := parseClaim(cb[:n]); !errors.Is(err, proto.ErrShort) {
			t.Errorf("claim cut at %d: %v", n, err)
		}
	}
	if _, err := parseClaim(append(cb, 0)); !errors.Is(err, proto.ErrTrailing) {
		t.Errorf("claim with a byte too many: %v", err)
	}
}

func TestRanges(t *testing.T) {
	if _, err := parseAnswer([]byte{1, byte(Leading) + 1, 0, 0, 0, 0}); !errors.Is(err, proto.ErrRange) {
		t.Errorf("unknown holding: %v", err)
	}
	if _, err := parseClaim([]byte{1, 3, '.', 'a', 'b'}); !errors.Is(err, proto.ErrName) {
		t.Errorf("bad room id: %v", err)
	}
	h := hello{Versions: proto.Versions{Newest: 9, Oldest: 8}, Cluster: "c", Name: "n"}
	longer := append(body(t, h.append(nil)), 1, 2, 3)
	if got, err := parseHello(longer, 8); err != nil || got != h {
		t.Errorf("hello of a later version: %+v, %v", got, err)
	}
	if _, err := parseHello(longer, 9); !errors.Is(err, proto.ErrTrailing) {
		t.Errorf("hello of the own version with more: %v", err)
	}
	if _, err := parseHello(body(t, hello{Versions: proto.Versions{Newest: 4, Oldest: 5}}.append(nil)), 5); !errors.Is(err, proto.ErrRange) {
		t.Errorf("hello whose oldest version is above its newest: %v", err)
	}
}

// FuzzParse holds all body decoders: no panic, and what is parsed is appended as it was.
func FuzzParse(f *testing.F) {
	f.Add([]byte{0, 1, 2, 'a', 'b'})
	f.Add(body(f, hello{Versions: proto.Versions{Newest: Version, Oldest: Oldest}, Cluster: "c"}.append(nil)))
	f.Add(body(f, claim{1, "room"}.append(nil)))
	f.Add(body(f, answer{1, Answer{Leading, false, proto.Epoch{Counter: 1, Server: "a"}, "a", 0}}.append(nil)))
	f.Fuzz(func(t *testing.T, b []byte) {
		parseRefuse(b)
		if m, err := parseClaim(b); err == nil {
			if again, err := parseClaim(body(t, m.append(nil))); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		}
		if m, err := parseAnswer(b); err == nil {
			if again, err := parseAnswer(body(t, m.append(nil))); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		}
		if m, err := parseHello(b, Version); err == nil {
			if again, err := parseHello(body(t, m.append(nil)), Version); err != nil || again != m {
				t.Fatalf("%+v, %v", again, err)
			}
		}
	})
}
