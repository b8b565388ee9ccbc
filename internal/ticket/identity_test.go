package ticket

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/proto"
)

func identity(change func(c jwt.MapClaims)) *jwt.Token {
	c := jwt.MapClaims{"aud": IdentityAudience, "exp": now.Add(time.Minute).Unix(), "sub": "u:42", "name": "Ann"}
	change(c)
	return jwt.NewWithClaims(jwt.SigningMethodEdDSA, c)
}

func TestIdentityNamesThePlayer(t *testing.T) {
	v := NewIdentityVerifier(public(second), public(first))
	token := identity(func(c jwt.MapClaims) { c["iss"], c["nbf"] = "https://game.example", now.Add(3*time.Second).Unix() })
	token.Header["kid"] = "a name that the backend gave"
	id, err := v.Verify(signed(t, token, first), now)
	if id.Player != "u:42" || id.Name != "Ann" || id.Claims != nil || id.Create != nil || err != nil {
		t.Errorf("got %+v, %v", id, err)
	}
	more := func(c jwt.MapClaims) {
		delete(c, "name")
		c["room"], c["claims"] = "p-1", map[string]any{"level": 7}
		c["create"] = map[string]any{"game": "chess", "options": map[string]any{"rated": true}}
	}
	id, err = v.Verify(signed(t, identity(more), second), now)
	if id.Player != "u:42" || id.Name != "" || id.Room != "p-1" || string(id.Claims) != `{"level":7}` || id.Create == nil ||
		id.Create.Game != "chess" || string(id.Create.Options) != `{"rated":true}` || err != nil {
		t.Errorf("with more claims: got %+v, %v", id, err)
	}
}

func TestIdentityRefused(t *testing.T) {
	v := NewIdentityVerifier(public(first))
	for want, change := range map[string]func(c jwt.MapClaims){
		"exp claim":      func(c jwt.MapClaims) { delete(c, "exp") },
		"aud claim":      func(c jwt.MapClaims) { delete(c, "aud") },
		"audience":       func(c jwt.MapClaims) { c["aud"] = "a shop" },
		"player id":      func(c jwt.MapClaims) { delete(c, "sub") },
		"spaces":         func(c jwt.MapClaims) { c["sub"] = "a b" },
		"JSON":           func(c jwt.MapClaims) { c["sub"] = 42 },
		"33 characters":  func(c jwt.MapClaims) { c["name"] = strings.Repeat("x", 33) },
		"claims have":    func(c jwt.MapClaims) { c["claims"] = map[string]any{"x": strings.Repeat("x", proto.MaxClaims)} },
		`claims "7" are`: func(c jwt.MapClaims) { c["claims"] = 7 },
		"not valid":      func(c jwt.MapClaims) { c["nbf"] = now.Add(time.Minute).Unix() },
	} {
		if id, err := v.Verify(signed(t, identity(change), first), now); err == nil || id.Player != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %+v, %v", want, id, err)
		}
	}
	same := func(jwt.MapClaims) {}
	if _, err := v.Verify(signed(t, identity(same), second), now); !errors.Is(err, ErrForged) {
		t.Errorf("other key: %v", err)
	}
	if _, err := v.Verify(signed(t, identity(same), first), now.Add(time.Minute+identitySkew)); !errors.Is(err, ErrExpired) {
		t.Errorf("after expiry: %v", err)
	}
	if _, err := NewIdentityVerifier().Verify(signed(t, identity(same), first), now); !errors.Is(err, ErrForged) {
		t.Errorf("a verifier without keys: %v", err)
	}
	null := "eyJhbGciOiJFZERTQSJ9.bnVsbA" // a payload of null
	sig, err := jwt.SigningMethodEdDSA.Sign(null, first)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := v.Verify(null+"."+identity(same).EncodeSegment(sig), now); err == nil || !strings.Contains(err.Error(), "exp") {
		t.Errorf("null: %v", err)
	}
}

// A ticket is shown to game servers, an identity token to routers; neither stands for the other even if one key signs both.
func TestTicketsAndIdentitiesAreNotMixedUp(t *testing.T) {
	if _, err := NewIdentityVerifier(public(first)).Verify(sign(t, first, good()), now); err == nil {
		t.Error("a ticket was taken for an identity token")
	}
	token := signed(t, identity(func(c jwt.MapClaims) { c["iss"] = issuer }), first)
	if _, err := NewVerifier(public(first)).Verify(token, now); err == nil {
		t.Error("an identity token was taken for a ticket")
	}
}
