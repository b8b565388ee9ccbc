package ticket

import (
	"cmp"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/proto"
)

// Verifier checks tickets against one or more public keys: while a key is being replaced, the old and the new one.
// Its method may be called from any goroutine. Without keys it trusts nobody.
type Verifier struct{ keys keyring }

// NewVerifier builds a Verifier that trusts tickets signed with any of keys.
func NewVerifier(keys ...ed25519.PublicKey) *Verifier { return &Verifier{newKeyring(keys)} }

// MaxLife is how far from now a ticket may expire. One that is valid for longer was signed by mistake.
const MaxLife = 24 * time.Hour

// Verify returns what the ticket says if it is signed with one of the keys and, at now, has not expired. Errors wrap
// ErrForged or ErrExpired where they are that, and say what is wrong and what to do; they hold nothing secret. With
// ErrExpired, and no other error, what the ticket said until then is returned too.
func (v *Verifier) Verify(token string, now time.Time) (Claims, error) {
	var p payload
	err := v.keys.open(token, &p, now.Add(MaxLife), claimsAt(now)...)
	if err != nil {
		expired := errors.Is(err, jwt.ErrTokenExpired)
		err = explain("ticket", "ask the router for a new one", err)
		if !expired || jwt.NewValidator(claimsAt(p.ExpiresAt.Add(-time.Second))...).Validate(p) != nil {
			return Claims{}, err
		}
	}
	c := Claims{
		Room: p.Room, Game: p.Game, Options: p.Options, Signed: p.Signed, Exists: p.Exists,
		Player: proto.PlayerID(p.Subject), Name: p.Name, Role: p.Role, Claims: p.Claims,
		Expires: p.ExpiresAt.Time, Party: p.Party.party(),
	}
	if p.IssuedAt != nil {
		c.Issued = p.IssuedAt.Time
	}
	if wrong := c.Validate(); wrong != nil {
		return Claims{}, cmp.Or(err, fmt.Errorf("ticket: %w", wrong))
	}
	return c, err
}

// claimsAt is what a ticket must be at now.
func claimsAt(now time.Time) []jwt.ParserOption {
	return []jwt.ParserOption{
		jwt.WithTimeFunc(func() time.Time { return now }), jwt.WithIssuer(issuer), jwt.WithAudience(audience),
	}
}

// keyring is the trusted public keys by their ids.
type keyring struct {
	byID map[string]ed25519.PublicKey
	all  jwt.VerificationKeySet
}

func newKeyring(keys []ed25519.PublicKey) keyring {
	r := keyring{byID: make(map[string]ed25519.PublicKey, len(keys))}
	for _, key := range keys {
		r.byID[KeyID(key)] = key
		r.all.Keys = append(r.all.Keys, key)
	}
	return r
}

// key picks the key that the token's header names; tokens that name none of ours are tried with every key, since
// signers other than Signer name their keys as they like.
func (r *keyring) key(token *jwt.Token) (any, error) {
	if id, ok := token.Header["kid"].(string); ok {
		if key, ok := r.byID[id]; ok {
			return key, nil
		}
	}
	return r.all, nil
}

// open checks the signature, then that the token expires before latest, then the claims that options ask for, and reads the
// payload into claims. Nothing that is read before the signature has been checked is used, and what is read is bounded by
// proto.MaxTicket.
func (r *keyring) open(token string, claims jwt.Claims, latest time.Time, options ...jwt.ParserOption) error {
	if len(token) > proto.MaxTicket {
		return fmt.Errorf("it has %d bytes, at most %d are allowed", len(token), proto.MaxTicket)
	}
	methods := jwt.WithValidMethods([]string{jwt.SigningMethodEdDSA.Alg()})
	// The parser's own check of the claims would panic on a signed payload of "null".
	parser := jwt.NewParser(methods, jwt.WithoutClaimsValidation())
	parsed, err := parser.ParseWithClaims(token, claims, r.key)
	if err != nil {
		return err
	}
	if crit, ok := parsed.Header["crit"]; ok {
		return fmt.Errorf("its header has crit %v, which demands extensions that are not known here; sign without crit", crit)
	}
	if err := checkTimes(parser, token, latest); err != nil {
		return err
	}
	return jwt.NewValidator(append(options, jwt.WithExpirationRequired())...).Validate(claims)
}

// checkTimes refuses times that are not whole seconds after 1970, which the parser would round, take out of quotes or let
// overflow, and an exp after latest.
func checkTimes(parser *jwt.Parser, token string, latest time.Time) error {
	payload, err := parser.DecodeSegment(strings.Split(token, ".")[1])
	if err != nil {
		return err
	}
	var times struct {
		Expires json.RawMessage `json:"exp"`
		Issued  json.RawMessage `json:"iat"`
		Begins  json.RawMessage `json:"nbf"`
	}
	if err := json.Unmarshal(payload, &times); err != nil {
		return err
	}
	for name, text := range map[string]json.RawMessage{"exp": times.Expires, "iat": times.Issued, "nbf": times.Begins} {
		if text == nil {
			continue
		}
		seconds, err := strconv.ParseUint(string(text), 10, 32)
		if err != nil {
			return fmt.Errorf("its %s is %.40s; write a time as whole seconds since 1970, without quotes", name, text)
		}
		if name == "exp" && time.Unix(int64(seconds), 0).After(latest) {
			return fmt.Errorf("its exp is %s, which is too far in the future; the latest allowed now is %d", text, latest.Unix())
		}
	}
	return nil
}

// explain turns an error of open into one for the person who holds the token; advice is what to do.
func explain(what, advice string, err error) error {
	switch {
	case errors.Is(err, jwt.ErrTokenSignatureInvalid), errors.Is(err, jwt.ErrTokenUnverifiable):
		return fmt.Errorf("%s is %w: it is not signed with a key that is trusted here; %s", what, ErrForged, advice)
	case errors.Is(err, jwt.ErrTokenExpired):
		return fmt.Errorf("%s has %w; %s", what, ErrExpired, advice)
	default:
		return fmt.Errorf("%s is not valid: %w; %s", what, err, advice)
	}
}
