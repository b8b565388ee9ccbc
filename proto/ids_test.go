package proto

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestNames(t *testing.T) {
	room := func(s string) error { _, err := ParseRoomID(s); return err }
	game := func(s string) error { _, err := ParseGameName(s); return err }
	player := func(s string) error { _, err := ParsePlayerID(s); return err }
	alias := func(s string) error { _, err := ParseAlias(s); return err }
	display := func(s string) error { _, err := ParsePlayerName(s); return err }
	for _, c := range []struct {
		what  string
		parse func(string) error
		s     string
		says  string // "" when s is good
	}{
		{"room", room, "a", ""},
		{"room", room, "0-9_a.Z", ""},
		{"room", room, strings.Repeat("r", MaxRoomID), ""},
		{"room", room, strings.Repeat("r", MaxRoomID+1), "room id has 65 characters, at most 64 are allowed"},
		{"room", room, "", "room id is empty"},
		{"room", room, ".a", `room id ".a" has '.' at 0`},
		{"room", room, "-a", `has '-' at 0`},
		{"room", room, "a/b", `has '/' at 1`},
		{"room", room, "a b", `has ' ' at 1`},
		{"room", room, "Überraum", `room id "Überraum" has 'Ü' at 0; use letters`},
		{"room", room, "a/ü\xff", `has '/' at 1`},
		{"room", room, strings.Repeat("ü", MaxRoomID+1), "room id has 65 characters"},
		{"room", room, "a\x00", "at 1"},
		{"game", game, "arena", ""},
		{"game", game, strings.Repeat("g", MaxGameName+1), "game name has 33 characters, at most 32 are allowed"},
		{"game", game, "", "game name is empty"},
		{"player", player, "jo@example.org", ""},
		{"player", player, "ä/:", ""},
		{"player", player, strings.Repeat("p", MaxPlayerID+1), "player id has 65 bytes, at most 64 are allowed"},
		{"player", player, "", "player id is empty"},
		{"player", player, "a b", `player id "a b" has spaces`},
		{"player", player, "a\n", "control characters"},
		{"player", player, "a\x7f", "control characters"},
		{"player", player, "a\xff", "broken UTF-8"},
		{"player", player, "a\u202eb", "invisible ones"},
		{"player", player, "a\u00a0b", "has spaces"},
		{"alias", alias, "q7c2mfzk4t", ""},
		{"alias", alias, "", "alias is empty"},
		{"alias", alias, strings.Repeat("a", MaxAlias+1), "alias has 17 characters"},
		{"name", display, "", ""},
		{"name", display, "Żaneta O'Neil 李小龍 ❤️", ""},
		{"name", display, "e\u0301tienne", ""},
		{"name", display, strings.Repeat("李", MaxPlayerName), ""},
		{"name", display, strings.Repeat("👩", MaxPlayerName), ""},
		{"name", display, strings.Repeat("é", MaxPlayerName+1), "player name has 33 characters, at most 32 are allowed"},
		{"name", display, "a\xff", "broken UTF-8"},
		{"name", display, " a", "begins or ends with a space"},
		{"name", display, "a\u3000", "begins or ends with a space"},
		{"name", display, "\u00a0", "begins or ends with a space"},
		{"name", display, "\u0301a", "has U+0301 at 0"},
		{"name", display, "\ufe0f", "has U+FE0F at 0"},
		{"name", display, "a\x1b[31m", "has U+001B at 1, a control, zero-width or bidirectional character; remove it"},
		{"name", display, "a\x7f", "has U+007F at 1"},
		{"name", display, "a\u0085b", "has U+0085 at 1"},
		{"name", display, "a\u200bb", "has U+200B at 1"}, // zero-width space
		{"name", display, "a\u200db", "has U+200D at 1"}, // joiner
		{"name", display, "a\u202eb", "has U+202E at 1"}, // right-to-left override
		{"name", display, "a\u2066b", "has U+2066 at 1"}, // isolate
		{"name", display, "a\u200eb", "has U+200E at 1"}, // left-to-right mark
		{"name", display, "a\u061cb", "has U+061C at 1"}, // Arabic letter mark
		{"name", display, "a\ufeffb", "has U+FEFF at 1"},
		{"name", display, "a\u00adb", "has U+00AD at 1"},      // soft hyphen
		{"name", display, "a\u2028b", "has U+2028 at 1"},      // line separator
		{"name", display, "a\u3164b", "has U+3164 at 1"},      // Hangul filler
		{"name", display, "a\U000e0041b", "has U+E0041 at 1"}, // tag
		{"name", display, "a\ufe00b", "has U+FE00 at 1"},      // variation selector
		{"name", display, "a\ue000b", "has U+E000 at 1"},      // private use
	} {
		err := c.parse(c.s)
		switch {
		case c.says == "" && err != nil:
			t.Errorf("%s %q: %v", c.what, c.s, err)
		case c.says != "" && (!errors.Is(err, ErrName) || !strings.Contains(err.Error(), c.says)):
			t.Errorf("%s %q: error %v, want ErrName with %q", c.what, c.s, err, c.says)
		}
	}
}

func TestUnwrap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.Uint32().Draw(t, "want")
		near := want + uint32(rapid.Int32Range(-32767, 32767).Draw(t, "off"))
		if got := UnwrapTick(Tick(near), uint16(want)); got != Tick(want) {
			t.Fatalf("tick %d near %d comes out as %d", want, near, got)
		}
		if got := UnwrapSeq(Seq(near), uint16(want)); got != Seq(want) {
			t.Fatalf("number %d near %d comes out as %d", want, near, got)
		}
	})
}
