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
		{"room", room, "ä", "at 0"},
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
