package proto

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// RoomID names a room. It is 1 to MaxRoomID characters of [A-Za-z0-9._-], beginning with a letter or a digit, so that
// it can stand in a URL path, a log line and a metric label as it is.
type RoomID string

// GameName names a game that a server can run, by the same rule as a RoomID, at most MaxGameName characters.
type GameName string

// PlayerID names a player to the game's own backend. Printable UTF-8 without spaces, 1 to MaxPlayerID bytes. Servers never
// send it to other clients; those know the player by an Alias.
type PlayerID string

// Alias names a player to all clients of one instance of a room. It tells nothing about the player's id, and the aliases of
// a player in two instances cannot be linked. It follows the rule of a RoomID, at most MaxAlias characters.
type Alias string

// Tick counts a room's ticks from 1, modulo 2^32; 0 is the state before the first tick. At 60 ticks a second it begins again after 828
// days. Compare ticks with Since.
type Tick uint32

// Seq numbers a player's input samples from 1, without gaps and modulo 2^32, for as long as the seat is held.
type Seq uint32

// Seat is a player's place in a room, 0 to MaxSeats-1.
type Seat uint8

// NoSeat stands for a spectator, and for a row that nobody owns.
const NoSeat Seat = 255

// Since is how many ticks t is after u, negative when it is before: right over the wrap at 32 bits, as t > u is not.
func (t Tick) Since(u Tick) int { return int(int32(t - u)) }

// Since is Tick.Since for sample numbers.
func (s Seq) Since(u Seq) int { return int(int32(s - u)) }

// UnwrapTick gives the tick nearest to near whose low 16 bits are low: right for up to 32,767 ticks either way.
func UnwrapTick(near Tick, low uint16) Tick { return near + Tick(int32(int16(low-uint16(near)))) }

// UnwrapSeq is UnwrapTick for input numbers.
func UnwrapSeq(near Seq, low uint16) Seq { return near + Seq(int32(int16(low-uint16(near)))) }

// ErrName is wrapped by all errors about a room id, a game name, an alias, a player's id or display name.
var ErrName = errors.New("bad name")

// ParseRoomID checks s and returns it as a RoomID. The error says what is wrong with it.
func ParseRoomID(s string) (RoomID, error) {
	return RoomID(s), checkToken("room id", s, MaxRoomID)
}

// ParseGameName checks s and returns it as a GameName.
func ParseGameName(s string) (GameName, error) {
	return GameName(s), checkToken("game name", s, MaxGameName)
}

// ParseAlias checks s and returns it as an Alias.
func ParseAlias(s string) (Alias, error) {
	return Alias(s), checkToken("alias", s, MaxAlias)
}

// ParsePlayerID checks s and returns it as a PlayerID.
func ParsePlayerID(s string) (PlayerID, error) {
	switch {
	case s == "":
		return "", fmt.Errorf("%w: player id is empty", ErrName)
	case len(s) > MaxPlayerID:
		return "", fmt.Errorf("%w: player id has %d bytes, at most %d are allowed", ErrName, len(s), MaxPlayerID)
	case !utf8.ValidString(s) || strings.ContainsFunc(s, func(r rune) bool { return unicode.IsSpace(r) || unseen(r) }):
		return "", fmt.Errorf("%w: player id %q has spaces, control characters, invisible ones or broken UTF-8", ErrName, s)
	}
	return PlayerID(s), nil
}

// ParsePlayerName checks a display name. The empty one is allowed and stands for none. It refuses what people cannot see:
// control, zero-width and bidirectional characters, which can make a name look like another or reorder the text around it.
func ParsePlayerName(s string) (string, error) {
	switch {
	case utf8.RuneCountInString(s) > MaxPlayerName:
		return "", fmt.Errorf("%w: player name has %d characters, at most %d are allowed", ErrName, utf8.RuneCountInString(s), MaxPlayerName)
	case !utf8.ValidString(s):
		return "", fmt.Errorf("%w: player name %q is broken UTF-8", ErrName, s)
	case s != strings.TrimSpace(s):
		return "", fmt.Errorf("%w: player name %q begins or ends with a space; trim it", ErrName, s)
	}
	for i, r := range s {
		if unseen(r) || i == 0 && unicode.Is(unicode.M, r) {
			return "", fmt.Errorf("%w: player name %q has U+%04X at %d, a control, zero-width or bidirectional character; remove it", ErrName, s, r, i)
		}
	}
	return s, nil
}

// unseen reports whether r is a character without a shape of its own. U+FE0E and U+FE0F, which choose how an emoji is drawn,
// are allowed.
func unseen(r rune) bool {
	return r != 0xfe0e && r != 0xfe0f && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Zl, unicode.Zp,
		unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

func checkToken(what, s string, limit int) error {
	if s == "" {
		return fmt.Errorf("%w: %s is empty", ErrName, what)
	}
	if n := utf8.RuneCountInString(s); n > limit {
		return fmt.Errorf("%w: %s has %d characters, at most %d are allowed", ErrName, what, n, limit)
	}
	for i, c := range s {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && (i == 0 || c != '-' && c != '_' && c != '.') {
			return fmt.Errorf("%w: %s %q has %q at %d; use letters, digits and, not first, . _ -", ErrName, what, s, c, i)
		}
	}
	return nil
}
