// Package ticket makes and checks the signed permission to enter a room. A ticket is a JWT signed with Ed25519 by a router
// and verified offline by game servers:
//
//	header   {"alg":"EdDSA","kid":"<KeyID of the signing key>","typ":"JWT"}
//	payload  {"iss":"ringside","aud":"ringside-room","iat":<Unix seconds, may be absent>,"exp":<Unix seconds, at most MaxLife away>,
//	          "room":"…","game":"…","opt":{…},"signed":true,"exists":true,"sub":"<player id>","name":"…","role":"player","claims":{…},
//	          "party":{"id":"…","size":2,"until":<Unix seconds>} (absent: no party)}
//
// Identity tokens, with which the game's own backend says who a player is, are described at IdentityVerifier.
package ticket

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Role is what a ticket lets its owner be in the room.
type Role string

// The roles.
const (
	Player    Role = "player"
	Spectator Role = "spectator"
)

// ErrForged and ErrExpired are wrapped by the errors of all verifiers.
var (
	ErrForged  = errors.New("forged")
	ErrExpired = errors.New("expired")
)

// Claims is what a ticket says; all that is needed to create the room is in it.
type Claims struct {
	Room    proto.RoomID
	Game    proto.GameName
	Options json.RawMessage // the room's options, a JSON object; nil stands for none
	Exists  bool            // the room must live: the ticket creates none
	Signed  bool            // the game's backend has signed the options
	Player  proto.PlayerID
	Name    string // display name, may be empty
	Role    Role
	Claims  json.RawMessage // what the game's backend says of the player to the game, a JSON object; nil: nothing
	// Issued is when the signer verified that the client is Player, to the second. A ticket that was issued later than the one
	// which a player came with takes over the player's seat, connected or held. Zero: the signer does not say, and the ticket takes no
	// seat that has a connection.
	Issued  time.Time
	Expires time.Time // to the second
	Party   *Party    // whose seats are kept together; nil: the player comes alone
}

// Validate says what is wrong with the claims. Signer and Verifier call it.
func (c *Claims) Validate() error {
	if _, err := proto.ParseRoomID(string(c.Room)); err != nil {
		return err
	}
	if _, err := proto.ParseGameName(string(c.Game)); err != nil {
		return err
	}
	if _, err := proto.ParsePlayerID(string(c.Player)); err != nil {
		return err
	}
	if _, err := proto.ParsePlayerName(c.Name); err != nil {
		return err
	}
	if err := checkObject("options", c.Options, proto.MaxOptions); err != nil {
		return err
	}
	if err := checkObject("claims", c.Claims, proto.MaxClaims); err != nil {
		return err
	}
	switch {
	case c.Role != Player && c.Role != Spectator:
		return fmt.Errorf("role %.20q is unknown; it is %q or %q", c.Role, Player, Spectator)
	case c.Party != nil && c.Role != Player:
		return errors.New("spectators are in no party: it takes seats")
	case c.Party != nil && c.Party.validate() != nil:
		return c.Party.validate()
	case c.Expires.IsZero():
		return errors.New("no time of expiry is set")
	case c.Issued.After(c.Expires):
		return fmt.Errorf("it was issued at %v, after it expires", c.Issued)
	}
	return nil
}

// checkObject holds an optional JSON object against its limit.
func checkObject(what string, object json.RawMessage, limit int) error {
	switch text := bytes.TrimSpace(object); {
	case len(object) > limit:
		return fmt.Errorf("%s have %d bytes, at most %d are allowed", what, len(object), limit)
	case len(object) > 0 && (!json.Valid(text) || text[0] != '{'):
		return fmt.Errorf("%s %.40q are not a JSON object", what, text)
	}
	return nil
}
