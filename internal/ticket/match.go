package ticket

import (
	"crypto/sha256"
	"encoding/base32"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// MatchPrefix begins the ids of the rooms that quick match makes, and of no others.
const MatchPrefix = "q-"

// MatchKind is how the ids of the rooms begin that quick match makes for game and (canonical) options. So every router
// tells from a room's id alone that it is open to strangers, and to which. No private room has such an id. Anybody may ask for a
// room by such an id, so a ticket creates one only if it is for that game and those options, see Claims.Creates.
func MatchKind(game proto.GameName, options []byte) string {
	sum := sha256.Sum256(append(append([]byte(game), 0), options...))
	return MatchPrefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10]) + "-"
}

// MatchKindOf gives the kind of a room that quick match made; ok is false for other rooms.
func MatchKindOf(room proto.RoomID) (kind string, ok bool) {
	n := len(MatchKind("", nil))
	if len(room) <= n || !strings.HasPrefix(string(room), MatchPrefix) || room[n-1] != '-' {
		return "", false
	}
	return string(room[:n]), true
}

// Creates reports whether the ticket may create its room. A ticket for a room that must live creates none.
// Quick match sends strangers to a room by its id, so nobody can have them
// sent to a room of another game or with other options.
func (c *Claims) Creates() bool {
	kind, ok := MatchKindOf(c.Room)
	return !c.Exists && (!ok || kind == MatchKind(c.Game, c.Options))
}
