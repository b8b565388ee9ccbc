package ticket

import (
	"crypto/ed25519"
	"encoding/json"
	"fmt"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/proto"
)

// Issuer and audience of every ticket. The audience keeps tickets and identity tokens apart even where one key signs both.
const (
	issuer   = "ringside"
	audience = "ringside-room"
)

// payload is a ticket's claims as they travel.
type payload struct {
	jwt.RegisteredClaims
	Room    proto.RoomID    `json:"room"`
	Game    proto.GameName  `json:"game"`
	Options json.RawMessage `json:"opt,omitempty"`
	Signed  bool            `json:"signed,omitempty"`
	Exists  bool            `json:"exists,omitempty"`
	Name    string          `json:"name,omitempty"`
	Role    Role            `json:"role"`
	Party   *partyClaim     `json:"party,omitempty"`
	Claims  json.RawMessage `json:"claims,omitempty"`
}

// Signer signs tickets with an Ed25519 key. Its methods may be called from any goroutine.
type Signer struct {
	key ed25519.PrivateKey
	id  string
	own keyring // trusts key, for invitations
}

// NewSigner builds a Signer; key is ed25519.PrivateKeySize bytes long.
func NewSigner(key ed25519.PrivateKey) *Signer {
	public := key.Public().(ed25519.PublicKey)
	return &Signer{key: key, id: KeyID(public), own: newKeyring([]ed25519.PublicKey{public})}
}

// Sign returns the ticket that says c, whose times are cut to the second. The error says which claim is wrong.
func (s *Signer) Sign(c Claims) (string, error) {
	for what, object := range map[string]*json.RawMessage{"options": &c.Options, "claims": &c.Claims} {
		if len(*object) == 0 {
			continue
		}
		// As they will travel: without spaces, some characters escaped.
		compact, err := json.Marshal(*object)
		if err != nil {
			return "", fmt.Errorf("sign ticket: %s %.40q are not a JSON object", what, *object)
		}
		*object = compact
	}
	if err := c.Validate(); err != nil {
		return "", fmt.Errorf("sign ticket: %w", err)
	}
	p := &payload{
		RegisteredClaims: jwt.RegisteredClaims{
			Issuer:    issuer,
			Audience:  jwt.ClaimStrings{audience},
			Subject:   string(c.Player),
			ExpiresAt: jwt.NewNumericDate(c.Expires),
		},
		Room: c.Room, Game: c.Game, Options: c.Options, Signed: c.Signed, Exists: c.Exists, Name: c.Name, Role: c.Role, Claims: c.Claims, Party: newPartyClaim(c.Party),
	}
	if !c.Issued.IsZero() {
		p.IssuedAt = jwt.NewNumericDate(c.Issued)
	}
	token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, p)
	token.Header["kid"] = s.id
	signed, err := token.SignedString(s.key)
	if err != nil {
		return "", fmt.Errorf("sign ticket: %w", err)
	}
	if len(signed) > proto.MaxTicket {
		return "", fmt.Errorf("sign ticket: it has %d bytes, at most %d fit into a hello", len(signed), proto.MaxTicket)
	}
	return signed, nil
}
