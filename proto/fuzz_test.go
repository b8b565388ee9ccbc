package proto

import (
	stdbytes "bytes"
	"testing"
	"unicode"
	"unicode/utf8"
)

// fuzzParse holds a decoder to two things on any input: it does not panic, and what it accepts has one encoding only.
func fuzzParse(f *testing.F, k Kind) {
	format := formatOf(k)
	for _, g := range goldens() {
		if _, body, _, err := NextRecord(g.bytes()); err == nil && g.kind() == k {
			f.Add(body)
		}
	}
	for _, g := range badFrames() {
		if kind, body, _, err := NextRecord(g.bytes()); err == nil && kind == k {
			f.Add(body)
		}
	}
	if k == KindHello {
		_, body, _, _ := NextRecord(Hello{Versions: Versions{Version + 1, Version}, Ticket: "t"}.Append(nil))
		f.Add(append(body, 1, 2, 3))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m, err := format.parse(body)
		if err != nil {
			return
		}
		kind, again, rest, err := NextRecord(m.Append(nil))
		if err != nil || kind != k || len(rest) != 0 {
			t.Fatalf("%x parses as %+v, which appends as %x (%v)", body, m, again, err)
		}
		read := body
		switch m := m.(type) {
		case Hello:
			if m.Versions.Newest > Version { // what is behind is for later servers
				read = body[:min(len(again), len(body))]
			}
		case Welcome:
			if !Spoken().Has(m.Version) { // nothing else is looked at
				read, again = body[:1], again[:1]
			}
		}
		if !stdbytes.Equal(again, read) {
			t.Fatalf("%x parses as %+v, which appends as %x", body, m, again)
		}
	})
}

func FuzzHello(f *testing.F)       { fuzzParse(f, KindHello) }
func FuzzInput(f *testing.F)       { fuzzParse(f, KindInput) }
func FuzzPing(f *testing.F)        { fuzzParse(f, KindPing) }
func FuzzLeave(f *testing.F)       { fuzzParse(f, KindLeave) }
func FuzzCustom(f *testing.F)      { fuzzParse(f, KindCustom) }
func FuzzWelcome(f *testing.F)     { fuzzParse(f, KindWelcome) }
func FuzzKeyframe(f *testing.F)    { fuzzParse(f, KindKeyframe) }
func FuzzDelta(f *testing.F)       { fuzzParse(f, KindDelta) }
func FuzzOwn(f *testing.F)         { fuzzParse(f, KindOwn) }
func FuzzOwnKeyframe(f *testing.F) { fuzzParse(f, KindOwnKeyframe) }
func FuzzMoved(f *testing.F)       { fuzzParse(f, KindMoved) }
func FuzzPrepare(f *testing.F)     { fuzzParse(f, KindPrepare) }
func FuzzOutcome(f *testing.F)     { fuzzParse(f, KindOutcome) }
func FuzzPong(f *testing.F)        { fuzzParse(f, KindPong) }
func FuzzError(f *testing.F)       { fuzzParse(f, KindError) }
func FuzzCheck(f *testing.F)       { fuzzParse(f, KindCheck) }
func FuzzNotice(f *testing.F)      { fuzzParse(f, KindNotice) }

func FuzzNextRecord(f *testing.F) {
	for _, g := range goldens() {
		f.Add(g.bytes())
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		k, body, rest, err := NextRecord(b)
		if err != nil {
			return
		}
		if again := append(AppendRecord(nil, k, body), rest...); !stdbytes.Equal(again, b) {
			t.Fatalf("%x splits into %v, %x and %x, which join to %x", b, k, body, rest, again)
		}
	})
}

// FuzzNames: what a name's parser accepts has a bounded length, valid UTF-8 and nothing that cannot be seen.
func FuzzNames(f *testing.F) {
	for _, s := range []string{"", "lobby-7", ".x", "Jo\u202e", "a b", "\u0301", "\xff", "👍🏽\ufe0f"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for what, n := range map[string]struct {
			parse func() error
			limit int
			plain bool
		}{
			"room id":     {func() error { _, err := ParseRoomID(s); return err }, MaxRoomID, true},
			"game name":   {func() error { _, err := ParseGameName(s); return err }, MaxGameName, true},
			"alias":       {func() error { _, err := ParseAlias(s); return err }, MaxAlias, true},
			"player id":   {func() error { _, err := ParsePlayerID(s); return err }, MaxPlayerID, false},
			"player name": {func() error { _, err := ParsePlayerName(s); return err }, MaxPlayerNameBytes, false},
		} {
			if n.parse() != nil {
				continue
			}
			if len(s) > n.limit || !utf8.ValidString(s) {
				t.Fatalf("%s %q is accepted", what, s)
			}
			for _, r := range s {
				if unicode.IsControl(r) || unicode.In(r, unicode.Cf, unicode.Bidi_Control) || n.plain && (r <= ' ' || r > '~') {
					t.Fatalf("%s %q is accepted with %U", what, s, r)
				}
			}
		}
	})
}
