package ticket

// CONTRACT STUB: owned by the internal/ helper.

import (
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"time"

	"github.com/ringside-go/ringside/proto"
)

type Role string

const (
	Player    Role = "player"
	Spectator Role = "spectator"
)

// Claims is what a ticket says; all that is needed to create the room is in it.
type Claims struct {
	Room    proto.RoomID
	Game    proto.GameName
	Options json.RawMessage // room options, JSON object
	Player  proto.PlayerID
	Name    string // display name
	Role    Role
	Expires time.Time
}

var (
	ErrForged  = errors.New("ticket is not signed by this fleet's router")
	ErrExpired = errors.New("ticket has expired")
)

// Signer signs with an Ed25519 key; Verifier checks with one or more public keys. JWT, EdDSA, issuer and audience fixed.
type Signer struct{}
type Verifier struct{}

func NewSigner(key ed25519.PrivateKey) *Signer                         { panic("stub") }
func (s *Signer) Sign(c Claims) (string, error)                        { panic("stub") }
func NewVerifier(keys ...ed25519.PublicKey) *Verifier                  { panic("stub") }
func (v *Verifier) Verify(token string, now time.Time) (Claims, error) { panic("stub") }
func NewIdentityVerifier(keys ...ed25519.PublicKey) *IdentityVerifier  { panic("stub") }

// IdentityVerifier checks identity tokens of the game's own backend (-auth-keys): player id and name.
type IdentityVerifier struct{}

func (v *IdentityVerifier) Verify(token string, now time.Time) (id proto.PlayerID, name string, err error) {
	panic("stub")
}

// LoadPrivateKey and LoadPublicKeys read PEM files (PKCS#8, PKIX). DevKey derives the well-known development key pair.
func LoadPrivateKey(file string) (ed25519.PrivateKey, error)      { panic("stub") }
func LoadPublicKeys(files ...string) ([]ed25519.PublicKey, error) { panic("stub") }
func DevKey() ed25519.PrivateKey                                  { panic("stub") }
