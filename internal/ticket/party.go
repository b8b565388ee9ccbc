package ticket

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/proto"
)

const (
	// partyAudience keeps invitations apart from tickets and identity tokens.
	partyAudience = "ringside-party"
	// maxPartyID bounds the id of a party, in bytes; routers draw 16 characters.
	maxPartyID = 32
	// PartyHold is how long a room keeps seats for the players of a party who have not come: time to read a message and open its link.
	PartyHold = time.Minute
)

// Party is the group of players that a ticket belongs to. The room takes the first of them only if it has seats for all, and then keeps
// the others' seats until Until. A ticket is for one player, so nobody else gets the seat.
type Party struct {
	ID    string    // drawn by the router; only players of the party see it
	Size  int       // how many they are, 2 to proto.MaxSeats
	Until time.Time // to the second
}

func (p *Party) validate() error {
	if p.ID == "" || len(p.ID) > maxPartyID {
		return fmt.Errorf("the party's id has %d bytes, 1 to %d are allowed", len(p.ID), maxPartyID)
	}
	return CheckPartySize(p.Size)
}

// CheckPartySize says what is wrong with the number of a party's players.
func CheckPartySize(n int) error {
	if n < 2 || n > proto.MaxSeats {
		return fmt.Errorf("a party of %d is not possible; use 2 to %d players", n, proto.MaxSeats)
	}
	return nil
}

// partyClaim is a Party as it travels.
type partyClaim struct {
	ID    string `json:"id"`
	Size  int    `json:"size"`
	Until int64  `json:"until"` // Unix seconds
}

func newPartyClaim(p *Party) *partyClaim {
	if p == nil {
		return nil
	}
	return &partyClaim{p.ID, p.Size, p.Until.Unix()}
}

func (c *partyClaim) party() *Party {
	if c == nil {
		return nil
	}
	return &Party{ID: c.ID, Size: c.Size, Until: time.Unix(c.Until, 0)}
}

// Invitation is what the first player of a party gives to the others: with it any router sends them to the room where their seats are
// kept. Whoever has it belongs to the party.
type Invitation struct {
	Party   Party
	Room    proto.RoomID
	Game    proto.GameName
	Options json.RawMessage
	Signed  bool      // the game's backend has signed the options
	Expires time.Time // later than Party.Until: from then on it leads to the room without a seat that is kept
}

type invitationClaims struct {
	jwt.RegisteredClaims
	Party   partyClaim      `json:"party"`
	Room    proto.RoomID    `json:"room"`
	Game    proto.GameName  `json:"game"`
	Options json.RawMessage `json:"opt,omitempty"`
	Signed  bool            `json:"signed,omitempty"`
}

// Invite signs an invitation.
func (s *Signer) Invite(i Invitation) (string, error) {
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, &invitationClaims{
		RegisteredClaims: jwt.RegisteredClaims{Issuer: issuer, Audience: jwt.ClaimStrings{partyAudience}, ExpiresAt: jwt.NewNumericDate(i.Expires)},
		Party:            *newPartyClaim(&i.Party), Room: i.Room, Game: i.Game, Options: i.Options, Signed: i.Signed,
	})
	token.Header["kid"] = s.id
	return token.SignedString(s.key)
}

// Invited reads an invitation that a router with the same key has signed. The errors are as those of Verifier.Verify.
func (s *Signer) Invited(token string, now time.Time) (i Invitation, err error) {
	var c invitationClaims
	err = s.own.open(token, &c, now.Add(MaxLife), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithIssuer(issuer),
		jwt.WithAudience(partyAudience))
	if err != nil {
		return i, explain("invitation", "ask whoever invited you for a new one", err)
	}
	i = Invitation{Party: *c.Party.party(), Room: c.Room, Game: c.Game, Options: c.Options, Signed: c.Signed, Expires: c.ExpiresAt.Time}
	_, badRoom := proto.ParseRoomID(string(i.Room))
	_, badGame := proto.ParseGameName(string(i.Game))
	if err := errors.Join(i.Party.validate(), badRoom, badGame); err != nil {
		return Invitation{}, fmt.Errorf("invitation: %w", err)
	}
	return i, nil
}
