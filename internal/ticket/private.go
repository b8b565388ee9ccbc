package ticket

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// A private room's id is made of its code, which cannot be worked out from the id:
//
//	id = "p-" + the first 20 characters of base32(SHA-256("ringside private room " + code)), in lower case
//
// So every router can check a code, without a key, a store or another router, and the game's backend can make private
// rooms by itself: it draws a code and works the id out.
const (
	// privatePrefix begins the id of every private room, and of no other.
	privatePrefix = "p-"
	// codeLength is 80 random bits in base32: nobody finds a code by trying.
	codeLength = 16
	maxCode    = 64
	// privateLength is 100 bits in base32.
	privateLength = 20
)

// NewCode draws the code of a private room.
func NewCode() string { return strings.ToLower(rand.Text()[:codeLength]) }

// PrivateRoom is the id of the room that code opens. The case of a code does not count.
func PrivateRoom(code string) proto.RoomID {
	sum := sha256.Sum256([]byte("ringside private room " + strings.ToLower(code)))
	return proto.RoomID(privatePrefix + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:privateLength]))
}

// CheckCode says what is wrong with a code that somebody else drew: it must be too long to be found by trying.
func CheckCode(code string) error {
	if len(code) < codeLength || len(code) > maxCode || strings.ContainsFunc(code, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return fmt.Errorf("code %.70q is not one of %d to %d letters, digits and signs of ASCII", code, codeLength, maxCode)
	}
	return nil
}

// Private reports whether a room is entered only with its code, or with an identity token that names it.
func Private(room proto.RoomID) bool { return strings.HasPrefix(string(room), privatePrefix) }
