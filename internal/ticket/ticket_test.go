package ticket

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"pgregory.net/rapid"

	"github.com/ringside-go/ringside/proto"
)

var (
	now    = time.Unix(1_800_000_000, 0)
	first  = newKey(1)
	second = newKey(2)
)

func newKey(seed byte) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed(append(make([]byte, ed25519.SeedSize-1), seed))
}

func public(key ed25519.PrivateKey) ed25519.PublicKey { return key.Public().(ed25519.PublicKey) }

func good() Claims {
	return Claims{Room: "r-1", Game: "arena", Options: json.RawMessage(`{"seats":8}`), Signed: true, Exists: true, Player: "u:42", Name: "Żaneta",
		Role: Player, Claims: json.RawMessage(`{"level":7}`), Expires: now.Add(time.Minute)}
}

func sign(t *testing.T, key ed25519.PrivateKey, c Claims) string {
	t.Helper()
	token, err := NewSigner(key).Sign(c)
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestVerifyReturnsWhatWasSigned(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := Claims{
			Room:    proto.RoomID(rapid.StringMatching(`[a-z0-9][A-Za-z0-9._-]{0,63}`).Draw(t, "room")),
			Game:    proto.GameName(rapid.StringMatching(`[a-z][a-z0-9-]{0,31}`).Draw(t, "game")),
			Player:  proto.PlayerID(rapid.StringMatching(`[!-~]{1,64}`).Draw(t, "player")),
			Name:    rapid.StringMatching(`([A-Za-zÄß][A-Za-zÄß ]{0,14}[a-z])?`).Draw(t, "name"),
			Role:    rapid.SampledFrom([]Role{Player, Spectator}).Draw(t, "role"),
			Options: rapid.SampledFrom([]json.RawMessage{nil, []byte(`{}`), []byte(`{"a":[1,{"b":null}]}`)}).Draw(t, "opt"),
			Expires: time.Unix(rapid.Int64Range(now.Unix()+1, now.Add(MaxLife).Unix()).Draw(t, "expires"), 0),
		}
		if rapid.Bool().Draw(t, "says when it was issued") {
			c.Issued = time.Unix(rapid.Int64Range(1, c.Expires.Unix()).Draw(t, "issued"), 0) // also after now: clocks differ
		}
		token, err := NewSigner(first).Sign(c)
		if err != nil {
			t.Fatal(err)
		}
		got, err := NewVerifier(public(first)).Verify(token, now)
		if err != nil || !reflect.DeepEqual(got, c) {
			t.Fatalf("signed %+v, got %+v, %v", c, got, err)
		}
	})
}

func TestOptionsTravelCompacted(t *testing.T) {
	c := good()
	c.Options = json.RawMessage(" {\"a\" : \"<\"}\n")
	got, err := NewVerifier(public(first)).Verify(sign(t, first, c), now)
	if err != nil || string(got.Options) != `{"a":"\u003c"}` {
		t.Errorf("options %s, %v", got.Options, err)
	}
}

func TestExpiry(t *testing.T) {
	v, token := NewVerifier(public(first)), sign(t, first, good())
	if _, err := v.Verify(token, now.Add(time.Minute-time.Second)); err != nil {
		t.Errorf("a second before: %v", err)
	}
	got, err := v.Verify(token, now.Add(time.Minute))
	if !errors.Is(err, ErrExpired) || errors.Is(err, ErrForged) {
		t.Errorf("at the second: %v", err)
	}
	if want := "ticket has expired; ask the router for a new one"; err.Error() != want {
		t.Errorf("error %q, want %q", err, want)
	}
	if !reflect.DeepEqual(got, good()) {
		t.Errorf("it said %+v, want %+v", got, good())
	}
}

// What an expired ticket said counts for nothing when something else is wrong with it too.
func TestExpiredAndWrong(t *testing.T) {
	for name, change := range map[string]func(p *payload){
		"issuer":   func(p *payload) { p.Issuer = "somebody" },
		"audience": func(p *payload) { p.Audience = []string{IdentityAudience} },
		"role":     func(p *payload) { p.Role = "admin" },
	} {
		p := ticketOf(good())
		change(p)
		got, err := NewVerifier(public(first)).Verify(signed(t, jwt.NewWithClaims(jwt.SigningMethodEdDSA, p), first), now.Add(time.Hour))
		if !errors.Is(err, ErrExpired) || !reflect.DeepEqual(got, Claims{}) {
			t.Errorf("wrong %s: said %+v, %v", name, got, err)
		}
	}
}

func TestKeysCanBeReplaced(t *testing.T) {
	both, onlyNew := NewVerifier(public(first), public(second)), NewVerifier(public(second))
	before, after := sign(t, first, good()), sign(t, second, good())
	for _, token := range []string{before, after} {
		if _, err := both.Verify(token, now); err != nil {
			t.Error(err)
		}
	}
	if _, err := onlyNew.Verify(after, now); err != nil {
		t.Error(err)
	}
	if _, err := onlyNew.Verify(before, now); !errors.Is(err, ErrForged) {
		t.Errorf("the old key is still trusted: %v", err)
	}
}

func TestForged(t *testing.T) {
	token := sign(t, first, good())
	parts := strings.Split(token, ".")
	encode := func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }
	otherRoom := strings.Replace(decode(t, parts[1]), "r-1", "r-2", 1)
	// Not the last character, some bits of which carry nothing.
	broken := []byte(parts[2])
	broken[10] ^= 1
	stolenID := jwt.NewWithClaims(jwt.SigningMethodEdDSA, ticketOf(good()))
	stolenID.Header["kid"] = KeyID(public(first))
	byPublicKey, err := jwt.NewWithClaims(jwt.SigningMethodHS256, ticketOf(good())).SignedString([]byte(public(first)))
	if err != nil {
		t.Fatal(err)
	}
	for name, forged := range map[string]string{
		"other key":              sign(t, second, good()),
		"other key, our id":      signed(t, stolenID, second),
		"payload changed":        parts[0] + "." + encode(otherRoom) + "." + parts[2],
		"signature changed":      parts[0] + "." + parts[1] + "." + string(broken),
		"signature cut":          parts[0] + "." + parts[1] + "." + parts[2][:40],
		"no signature":           parts[0] + "." + parts[1] + ".",
		"alg none":               encode(`{"alg":"none","typ":"JWT"}`) + "." + parts[1] + ".",
		"alg unknown":            encode(`{"alg":"XX256"}`) + "." + parts[1] + "." + parts[2],
		"no alg":                 encode(`{}`) + "." + parts[1] + "." + parts[2],
		"HMAC by the public key": byPublicKey,
	} {
		if c, err := NewVerifier(public(first)).Verify(forged, now); !errors.Is(err, ErrForged) || !reflect.DeepEqual(c, Claims{}) {
			t.Errorf("%s: %+v, %v", name, c, err)
		}
	}
	if _, err := NewVerifier().Verify(token, now); !errors.Is(err, ErrForged) {
		t.Errorf("a verifier without keys: %v", err)
	}
}

func decode(t *testing.T, part string) string {
	t.Helper()
	b, err := base64.RawURLEncoding.DecodeString(part)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// ticketOf is a payload that says c, made without any of Signer's checks.
func ticketOf(c Claims) *payload {
	return &payload{
		RegisteredClaims: jwt.RegisteredClaims{Issuer: issuer, Audience: []string{audience}, Subject: string(c.Player),
			ExpiresAt: jwt.NewNumericDate(c.Expires)},
		Room: c.Room, Game: c.Game, Options: c.Options, Signed: c.Signed, Exists: c.Exists, Name: c.Name, Role: c.Role, Claims: c.Claims,
	}
}

func signed(t *testing.T, token *jwt.Token, key ed25519.PrivateKey) string {
	t.Helper()
	s, err := token.SignedString(key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// What a trusted key has signed is still checked, since other versions of a router sign too.
func TestSignedButNotValid(t *testing.T) {
	for want, change := range map[string]func(p *payload){
		"issuer":           func(p *payload) { p.Issuer = "somebody" },
		"audience":         func(p *payload) { p.Audience = []string{IdentityAudience} },
		"aud claim":        func(p *payload) { p.Audience = nil },
		"exp claim":        func(p *payload) { p.ExpiresAt = nil },
		"room id":          func(p *payload) { p.Room = "../etc" },
		"game name":        func(p *payload) { p.Game = "" },
		"player id":        func(p *payload) { p.Subject = "" },
		"33 characters":    func(p *payload) { p.Name = strings.Repeat("x", proto.MaxPlayerName+1) },
		"U+001B at 1":      func(p *payload) { p.Name = "a\x1b[31m" },
		"U+202E at 1":      func(p *payload) { p.Name = "a\u202eb" },
		"after it expires": func(p *payload) { p.IssuedAt = jwt.NewNumericDate(p.ExpiresAt.Add(time.Second)) },
		"role":             func(p *payload) { p.Role = "admin" },
		"not a JSON":       func(p *payload) { p.Options = json.RawMessage(`[]`) },
		"at most 1024":     func(p *payload) { p.Options = json.RawMessage(`{"a":"` + strings.Repeat("x", 1024) + `"}`) },
		"at most 4096 are": func(p *payload) { p.ID = strings.Repeat("x", proto.MaxTicket) },
	} {
		p := ticketOf(good())
		change(p)
		_, err := NewVerifier(public(first)).Verify(signed(t, jwt.NewWithClaims(jwt.SigningMethodEdDSA, p), first), now)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got: %v", want, err)
		}
		if errors.Is(err, ErrForged) || errors.Is(err, ErrExpired) {
			t.Errorf("%s is neither forged nor expired: %v", want, err)
		}
	}
}

func TestSignRefuses(t *testing.T) {
	for want, change := range map[string]func(c *Claims){
		"room id":                   func(c *Claims) { c.Room = "a b" },
		"33 characters, at most 32": func(c *Claims) { c.Name = strings.Repeat("é", 33) },
		"JSON":                      func(c *Claims) { c.Options = json.RawMessage(`{"seats":`) },
		"object":                    func(c *Claims) { c.Options = json.RawMessage(`8`) },
		"role":                      func(c *Claims) { c.Role = "" },
		"expiry":                    func(c *Claims) { c.Expires = time.Time{} },
		"1024":                      func(c *Claims) { c.Options = json.RawMessage(`{"a":"` + strings.Repeat("<", 200) + `"}`) },
	} {
		c := good()
		change(&c)
		if token, err := NewSigner(first).Sign(c); err == nil || token != "" || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %q, %v", want, token, err)
		}
	}
}

func TestLargestTicketFits(t *testing.T) {
	c := Claims{
		Room:    proto.RoomID(strings.Repeat("r", proto.MaxRoomID)),
		Game:    proto.GameName(strings.Repeat("g", proto.MaxGameName)),
		Player:  proto.PlayerID(strings.Repeat("<", proto.MaxPlayerID)),
		Name:    strings.Repeat("&", proto.MaxPlayerName),
		Options: json.RawMessage(`{"a":"` + strings.Repeat("x", proto.MaxOptions-8) + `"}`),
		Role:    Spectator,
		Expires: now.Add(time.Hour),
	}
	if _, err := NewVerifier(public(first)).Verify(sign(t, first, c), now); err != nil {
		t.Error(err)
	}
}

func FuzzVerify(f *testing.F) {
	signer := NewSigner(first)
	token, err := signer.Sign(good())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(token)
	f.Add("..")
	f.Add("e30.e30.")
	v, identity := NewVerifier(public(second)), NewIdentityVerifier(public(second))
	f.Fuzz(func(t *testing.T, token string) {
		if c, err := v.Verify(token, now); err == nil {
			t.Errorf("%q was accepted as %+v", token, c)
		}
		if id, err := identity.Verify(token, now); err == nil {
			t.Errorf("%q was accepted as %+v", token, id)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	token, err := NewSigner(first).Sign(good())
	if err != nil {
		b.Fatal(err)
	}
	v := NewVerifier(public(first))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.Verify(token, now); err != nil {
			b.Fatal(err)
		}
	}
}
