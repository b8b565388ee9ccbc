package ticket

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
)

// Tokens of a trusted key that say something unusual about their times, or demand extensions, are refused by both verifiers.
func TestOddTokensAreRefused(t *testing.T) {
	number := func(s string) any { return json.RawMessage(s) }
	for _, c := range []struct {
		name   string
		change func(header map[string]any, claims jwt.MapClaims)
		want   string
	}{
		{"crit", func(h map[string]any, _ jwt.MapClaims) { h["crit"] = []string{"exp"} }, "crit [exp], which demands extensions"},
		{"empty crit", func(h map[string]any, _ jwt.MapClaims) { h["crit"] = []string{} }, "crit []"},
		{"crit of null", func(h map[string]any, _ jwt.MapClaims) { h["crit"] = nil }, "crit <nil>"},
		{"no exp", func(_ map[string]any, c jwt.MapClaims) { delete(c, "exp") }, "exp claim is required"},
		{"exp of null", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = nil }, "its exp is null; write a time as whole seconds"},
		{"exp in quotes", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = "1800000060" }, `its exp is "1800000060"; write a time`},
		{"exp of words", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = "tomorrow" }, "not valid"},
		{"fractional exp", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = 1800000060.5 }, "its exp is 1800000060.5"},
		{"exp with a fraction of 0", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = number("1800000060.0") }, "its exp is 1800000060.0"},
		{"exp with an exponent", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = number("18e8") }, "its exp is 18e8"},
		{"negative exp", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = -1 }, "its exp is -1"},
		{"huge exp", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = number("1e300") }, "its exp is 1e300"},
		{"exp over 64 bits", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = number("18446744073709551617") }, "its exp is 1844"},
		{"exp over all numbers", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = number("1e999") }, "not valid"},
		{"far exp", func(_ map[string]any, c jwt.MapClaims) { c["exp"] = now.Add(MaxIdentityLife + time.Second).Unix() }, "too far in the future"},
		{"fractional iat", func(_ map[string]any, c jwt.MapClaims) { c["iat"] = 1.5 }, "its iat is 1.5"},
		{"fractional nbf", func(_ map[string]any, c jwt.MapClaims) { c["nbf"] = 1.5 }, "its nbf is 1.5"},
	} {
		t.Run(c.name, func(t *testing.T) {
			both := map[string]struct {
				claims jwt.MapClaims
				verify func(token string) error
			}{
				"ticket": {jwt.MapClaims{"iss": issuer, "aud": audience, "exp": now.Add(time.Minute).Unix(), "sub": "u:42", "room": "r", "game": "g", "role": "player"},
					func(token string) error { _, err := NewVerifier(public(first)).Verify(token, now); return err }},
				"identity token": {jwt.MapClaims{"aud": IdentityAudience, "exp": now.Add(time.Minute).Unix(), "sub": "u:42"},
					func(token string) error {
						_, err := NewIdentityVerifier(public(first)).Verify(token, now)
						return err
					}},
			}
			for what, b := range both {
				token := jwt.NewWithClaims(jwt.SigningMethodEdDSA, b.claims)
				if err := b.verify(signed(t, token, first)); err != nil {
					t.Fatalf("%s as it should be: %v", what, err)
				}
				c.change(token.Header, b.claims)
				if err := b.verify(signed(t, token, first)); err == nil || !strings.Contains(err.Error(), c.want) || !strings.HasPrefix(err.Error(), what) {
					t.Errorf("%s: %v; want an error with %q", what, err, c.want)
				}
			}
		})
	}
}

func TestTicketsThatLastTooLong(t *testing.T) {
	c := good()
	c.Expires = now.Add(MaxLife + time.Second)
	if _, err := NewVerifier(public(first)).Verify(sign(t, first, c), now); err == nil || !strings.Contains(err.Error(), "too far in the future") {
		t.Errorf("a ticket for more than a day: %v", err)
	}
	if _, err := NewIdentityVerifier(public(first)).Verify(signed(t, identity(func(c jwt.MapClaims) { c["exp"] = now.Add(MaxIdentityLife).Unix() }), first), now); err != nil {
		t.Errorf("an identity token for a month: %v", err)
	}
}
