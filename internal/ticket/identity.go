package ticket

import (
	"crypto/ed25519"
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
//	{"aud":"ringside","exp":<Unix seconds>,"sub":"<player id>","name":"<display name, may be absent>"}
//
// exp is at most MaxIdentityLife away. A claim "room":"<room id>" lets the player into that private room without its code. Other claims are
// ignored, except that a time "nbf" before which it is not valid is respected, and that a header with "crit" is refused. Its method may be called
// from any goroutine. Without keys it trusts nobody.
type IdentityVerifier struct{ keys keyring }

// NewIdentityVerifier builds an IdentityVerifier that trusts tokens signed with any of keys.
func NewIdentityVerifier(keys ...ed25519.PublicKey) *IdentityVerifier {
	return &IdentityVerifier{newKeyring(keys)}
}

// Verify returns whom the token names. Errors are as those of Verifier.Verify.
func (v *IdentityVerifier) Verify(token string, now time.Time) (id proto.PlayerID, name string, err error) {
	p, err := v.open(token, now)
	if err != nil {
		return "", "", explain("identity token", "get a new one from the game's backend", err)
	}
	if id, err = proto.ParsePlayerID(p.Subject); err == nil {
		_, err = proto.ParsePlayerName(p.Name)
	}
	if err != nil {
		return "", "", fmt.Errorf("identity token: %w", err)
	}
	return id, p.Name, nil
}

// Admits reports whether the token lets whom it names into a private room.
func (v *IdentityVerifier) Admits(token string, room proto.RoomID, now time.Time) bool {
	p, err := v.open(token, now)
	return err == nil && p.Room == room
}

// identityClaims is the payload of an identity token.
type identityClaims struct {
	jwt.RegisteredClaims
	Name string       `json:"name"`
	Room proto.RoomID `json:"room"`
}

func (v *IdentityVerifier) open(token string, now time.Time) (p identityClaims, err error) {
	err = v.keys.open(token, &p, now.Add(MaxIdentityLife), jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithLeeway(identitySkew),
		jwt.WithAudience(IdentityAudience))
	return p, err
}
