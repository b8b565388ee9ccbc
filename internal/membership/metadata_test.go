package membership

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

func drawMember(t *rapid.T) Member {
	text := func(what string, limit int) string {
		return rapid.StringN(0, -1, limit).Draw(t, what)
	}
	number := rapid.IntRange(0, maxNumber)
	return Member{
		Name: ServerName("n" + text("name", maxName-1)), Boot: text("boot", maxBoot),
		Role: Role(text("role", maxRole)), State: State(text("state", maxRole)),
		URL: text("url", maxURL), Peer: text("peer", maxPeer), Zone: text("zone", maxZone), Version: text("version", maxVersion),
		Weight:   number.Draw(t, "weight"),
		Since:    time.UnixMilli(int64(number.Draw(t, "since"))),
		Standing: Standing(rapid.Byte().Draw(t, "standing")),
		Port:     number.Draw(t, "port"),
		Links:    proto.Versions{Oldest: rapid.Byte().Draw(t, "oldest"), Newest: rapid.Byte().Draw(t, "newest")},
	}
}

func TestMetadataRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := drawMember(t)
		b := appendMetadata(nil, &m)
		if got, err := parseMetadata(b); err != nil || got != m {
			t.Fatalf("%+v became %+v, %v", m, got, err)
		}
		if got, err := parseMetadata(append(b, "a field of tomorrow"...)); len(b) < 400 && (err != nil || got != m) {
			t.Fatalf("with a field appended, %+v became %+v, %v", m, got, err)
		}
		for n := range b {
			if got, err := parseMetadata(b[:n]); err == nil {
				t.Fatalf("%d of %d bytes are taken for %+v", n, len(b), got)
			}
		}
	})
}

func TestLargestMetadataFits(t *testing.T) {
	m := Member{
		Name: ServerName(strings.Repeat("n", maxName)), Boot: strings.Repeat("b", maxBoot), Role: GameServer, State: Draining,
		URL: "https://" + strings.Repeat("u", maxURL-8), Peer: strings.Repeat("p", maxPeer-5) + ":7947",
		Zone: strings.Repeat("z", maxZone), Version: strings.Repeat("v", maxVersion),
		Weight: placement.MaxWeight,
		Since:  time.UnixMilli(math.MaxInt64), Port: math.MaxUint16, Links: proto.Versions{Newest: math.MaxUint8, Oldest: math.MaxUint8},
	}
	if err := m.Validate(); err != nil {
		t.Fatal(err)
	}
	// The strings' limits for role and state leave room for names to come.
	spare := 2*maxRole - len(m.Role) - len(m.State)
	b := appendMetadata(nil, &m)
	if len(b)+spare > maxMetadata {
		t.Errorf("metadata can have %d bytes, memberlist takes %d", len(b)+spare, maxMetadata)
	}
	if got, err := parseMetadata(b); err != nil || got.Since != time.UnixMilli(maxNumber) {
		t.Errorf("since %v, want the largest number that fits; %v", got.Since, err)
	}
}

func TestNegativeNumbersCountAsNothing(t *testing.T) {
	m := Member{Name: "n", Weight: math.MinInt, Since: time.UnixMilli(-1)}
	if got, err := parseMetadata(appendMetadata(nil, &m)); err != nil || got.Weight != 0 || got.Since != time.UnixMilli(0) {
		t.Errorf("%+v, %v", got, err)
	}
}

func FuzzParseMetadata(f *testing.F) {
	m := Member{Name: "ringside-0", Boot: "0123456789abcdef", Role: GameServer, State: Serving, URL: "http://10.0.0.1:8081",
		Peer: "10.0.0.1:7947", Weight: 1, Since: time.UnixMilli(1_800_000_000_000)}
	f.Add(appendMetadata(nil, &m))
	f.Add([]byte{metadataFormat, 255})
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := parseMetadata(b)
		if err != nil {
			return
		}
		if got, err := parseMetadata(appendMetadata(nil, &m)); err != nil || got != m {
			t.Errorf("%+v became %+v, %v", m, got, err)
		}
	})
}

func TestInside(t *testing.T) {
	for _, c := range []struct {
		m    Member
		want string
	}{
		{Member{URL: "http://10.0.0.1:9001/"}, "http://10.0.0.1:9001"},
		{Member{URL: "https://gs-1.example.com", Peer: "10.0.0.1:7947"}, "https://gs-1.example.com"},
		{Member{URL: "https://gs-1.example.com", Peer: "10.0.0.1:7947", Port: 9002}, "http://10.0.0.1:9002"},
		{Member{URL: "https://gs-1.example.com", Peer: "[fd00::7]:7947", Port: 9002}, "http://[fd00::7]:9002"},
	} {
		if got := c.m.Inside(); got != c.want {
			t.Errorf("%+v is reached at %s, want %s", c.m, got, c.want)
		}
	}
}
