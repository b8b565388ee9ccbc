package ticket

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/proto"
)

// IdentityAudience is the audience that an identity token must name.
const IdentityAudience = "ringside"

// MaxIdentityLife is how far from now an identity token may expire.
const MaxIdentityLife = 31 * 24 * time.Hour

// identitySkew is how far the clocks of the game's backend and a router may differ; routers and game servers need no
// such allowance, since a ticket has no time before which it is not valid.
const identitySkew = 5 * time.Second

// IdentityVerifier checks the identity tokens of the game's own backend, which say who a player is. They are JWTs
// signed with Ed25519 (alg EdDSA) whose payload is
//
//	{"aud":"ringside","exp":<Unix seconds>,"sub":"<player id>","name":"<display name>","room":"<room id>","claims":{…},
//	 "create":{"game":"<game>","room":"<room id>","options":{…}}}
//
// exp is at most MaxIdentityLife away; aud, exp and sub must be there. See Identity for the others, which may be absent. Other claims are
// ignored, except that a time "nbf" before which it is not valid is respected, and that a header with "crit" is refused. Its method may be called
// from any goroutine. Without keys it trusts nobody.
type IdentityVerifier struct{ keys keyring }

// NewIdentityVerifier builds an IdentityVerifier that trusts tokens signed with any of keys.
func NewIdentityVerifier(keys ...ed25519.PublicKey) *IdentityVerifier {
	return &IdentityVerifier{newKeyring(keys)}
}

// Identity is what the game's backend says of a player.
type Identity struct {
	Player proto.PlayerID  `json:"-"`
	Name   string          `json:"name"`   // display name
	Room   proto.RoomID    `json:"room"`   // the private room that the player may enter without its code
	Claims json.RawMessage `json:"claims"` // for the game, a JSON object of at most proto.MaxClaims bytes; see game.Admitter
	Create *Create         `json:"create"` // the options of rooms that the player may create
}

// Create is the options that a player's rooms of a game have, or with a room's id that room. Routers take them in place of those that the
// player sends, and tickets then say that they are signed; see game.Definition.SignedOptions.
type Create struct {
	Game    proto.GameName  `json:"game"`
	Room    proto.RoomID    `json:"room"`
	Options json.RawMessage `json:"options"`
}

// Verify returns what the token says. Errors are as those of Verifier.Verify.
func (v *IdentityVerifier) Verify(token string, now time.Time) (Identity, error) {
	p, err := v.open(token, now)
	if err != nil {
		return Identity{}, explain("identity token", "get a new one from the game's backend", err)
	}
	id := p.Identity
	if id.Player, err = proto.ParsePlayerID(p.Subject); err == nil {
		_, err = proto.ParsePlayerName(id.Name)
	}
	if err == nil {
		err = checkObject("claims", id.Claims, proto.MaxClaims)
	}
	if err != nil {
		return Identity{}, fmt.Errorf("identity token: %w", err)
	}
	return id, nil
}

// identityClaims is the payload of an identity token.
type identityClaims struct {
	jwt.RegisteredClaims
	Identity
}

func (v *IdentityVerifier) open(token string, now time.Time) (p identityClaims, err error) {
	err = v.keys.open(token, &p, now.Add(MaxIdentityLife), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(identitySkew),
		jwt.WithAudience(IdentityAudience))
	return p, err
}
