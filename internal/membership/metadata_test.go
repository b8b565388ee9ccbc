package membership

import (
	"math"
	"net/netip"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

func drawMember(t *rapid.T) Member {
	text := func(what string, limit int) string {
		return rapid.StringOfN(rapid.RuneFrom(nil, unicode.L, unicode.N, unicode.P, unicode.Zs), 0, -1, limit).Draw(t, what)
	}
	word := func(what string, limit int) string {
		return rapid.StringOfN(rapid.RuneFrom([]rune("abcxyzABCXYZ059._-")), 0, -1, limit).Draw(t, what)
	}
	number := rapid.IntRange(0, maxNumber)
	return Member{
		Name: ServerName("n" + word("name", maxName-1)), Boot: word("boot", maxBoot),
		Role: Role(word("role", maxRole)), State: State(word("state", maxRole)),
		URL: "https://h/" + word("url", maxURL-10), Peer: word("peer", maxPeer-2) + ":1", Zone: text("zone", maxZone), Version: text("version", maxVersion),
		Weight:   rapid.IntRange(0, placement.MaxWeight).Draw(t, "weight"),
		Since:    time.UnixMilli(int64(number.Draw(t, "since"))),
		Standing: Standing(rapid.Byte().Draw(t, "standing")),
		Port:     rapid.IntRange(0, math.MaxUint16).Draw(t, "port"),
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

// A member of another's making is believed in nothing that could harm.
func TestMetadataIsChecked(t *testing.T) {
	good := Member{Name: "gs-1", Boot: "1", Role: GameServer, State: Serving, URL: "http://10.0.0.1:9001", Peer: "10.0.0.1:7947", Port: 9002, Weight: 1}
	if _, err := parseMetadata(appendMetadata(nil, &good)); err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*Member){
		"escape bytes in the name":  func(m *Member) { m.Name = "gs\x1b[2J" },
		"an empty name":             func(m *Member) { m.Name = "" },
		"a long name":               func(m *Member) { m.Name = ServerName(strings.Repeat("n", 64)) },
		"a direction in the zone":   func(m *Member) { m.Zone = "a\u202eb" },
		"no width in the version":   func(m *Member) { m.Version = "v1\u200b" },
		"a line in the version":     func(m *Member) { m.Version = "v1\nv2" },
		"bad UTF-8 in the zone":     func(m *Member) { m.Zone = "\xff" },
		"a space in the role":       func(m *Member) { m.Role = "game server" },
		"escape bytes in the state": func(m *Member) { m.State = "\x1b" },
		"a file":                    func(m *Member) { m.URL = "file:///etc/passwd" },
		"a script":                  func(m *Member) { m.URL = "javascript://h/%0aalert(1)" },
		"no URL":                    func(m *Member) { m.URL = "10.0.0.1:9001" },
		"a user in the URL":         func(m *Member) { m.URL = "http://good.example.com@evil.example.com" },
		"a query":                   func(m *Member) { m.URL = "http://h/?a=b" },
		"a line in the URL":         func(m *Member) { m.URL = "http://h/\r\nX: y" },
		"a path in the peer":        func(m *Member) { m.Peer = "10.0.0.1/x:7947" },
		"a port beyond all":         func(m *Member) { m.Port = 1 << 17 },
		"a port of nobody":          func(m *Member) { m.Peer = "" },
	} {
		m := good
		change(&m)
		if got, err := parseMetadata(appendMetadata(nil, &m)); err == nil {
			t.Errorf("%s is believed: %+v", what, got)
		}
	}
	good.Weight = 1 << 40
	if got, err := parseMetadata(appendMetadata(nil, &good)); err != nil || got.Weight != placement.MaxWeight {
		t.Errorf("weight %d, %v; want the largest, %d", got.Weight, err, placement.MaxWeight)
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
		for _, s := range []string{string(m.Name), m.Boot, string(m.Role), string(m.State), m.URL, m.Peer, m.Zone, m.Version} {
			if strings.ContainsFunc(s, func(r rune) bool { return !unicode.IsGraphic(r) }) {
				t.Errorf("%q is believed", s)
			}
		}
		if m.Weight > placement.MaxWeight {
			t.Errorf("weight %d is believed", m.Weight)
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

// FuzzParseState: the state that other members send is bounded and well-formed, or refused, and written as it was read.
func FuzzParseState(f *testing.F) {
	f.Add((&state{}).append(nil))
	m := Member{Name: "gs-1", Boot: "0123456789abcdef", Role: GameServer, State: Serving, URL: "http://10.0.0.1:80", Peer: "10.0.0.1:81"}
	s := state{standing: HasQuorum, complete: true, known: []knownNode{{node: nodeName(&m), member: m, gossip: netip.MustParseAddrPort("10.0.0.1:82"), reason: Exited}},
		forgotten: map[ServerName]string{"gs-2": "0123456789abcdef"}}
	f.Add(s.append(nil))
	f.Add([]byte{0, 0xff, 0xff, 0xff, 0xff, 0x7f})
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := parseState(b)
		if err != nil {
			return
		}
		again, err := parseState(s.append(nil))
		if err != nil || len(again.known) != len(s.known) || len(again.forgotten) != len(s.forgotten) || len(s.known)+len(s.forgotten) > len(b) {
			t.Fatalf("%x parses as %+v and again as %+v, %v", b, s, again, err)
		}
	})
}
