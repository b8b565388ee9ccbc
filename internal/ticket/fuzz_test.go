package ticket

import (
	"crypto/ed25519"
	"encoding/base64"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// fuzzSigned is a token of that header and payload, whatever they are, with a true signature.
func fuzzSigned(header, payload string) string {
	text := base64.RawURLEncoding.EncodeToString([]byte(header)) + "." + base64.RawURLEncoding.EncodeToString([]byte(payload))
	return text + "." + base64.RawURLEncoding.EncodeToString(ed25519.Sign(first, []byte(text)))
}

// FuzzClaims: of signed tokens, which a backend or a router with a fault may make, only those are accepted whose claims are valid now.
func FuzzClaims(f *testing.F) {
	token, err := NewSigner(first).Sign(good())
	if err != nil {
		f.Fatal(err)
	}
	parts := strings.Split(token, ".")
	header, _ := base64.RawURLEncoding.DecodeString(parts[0])
	payload, _ := base64.RawURLEncoding.DecodeString(parts[1])
	f.Add(string(header), string(payload))
	f.Add(string(header), `{"aud":"ringside","sub":"jo","exp":9e99}`)
	f.Add(string(header), `{"iss":"ringside","aud":"ringside-party","exp":1,"party":{"id":"a","size":2,"until":-1},"room":"q-a-b","game":"arena"}`)
	f.Add(`{"alg":"EdDSA","crit":["exp"],"typ":"JWT"}`, string(payload))
	f.Add(`{"alg":"none"}`, `{"exp":null}`)
	v, identity := NewVerifier(public(first)), NewIdentityVerifier(public(first))
	f.Fuzz(func(t *testing.T, header, payload string) {
		token := fuzzSigned(header, payload)
		if c, err := v.Verify(token, now); err == nil {
			if err := c.Validate(); err != nil || c.Expires.Before(now.Add(-time.Minute)) || c.Expires.After(now.Add(MaxLife+time.Minute)) {
				t.Errorf("%s was accepted as %+v: %v", payload, c, err)
			}
			if strings.Contains(header, `"crit"`) || !strings.Contains(header, "EdDSA") {
				t.Errorf("the header %s was accepted", header)
			}
		}
		if i, err := NewSigner(first).Invited(token, now); err == nil {
			_, badRoom := proto.ParseRoomID(string(i.Room))
			if badRoom != nil || i.Party.validate() != nil || i.Expires.Before(now) {
				t.Errorf("%s was accepted as %+v", payload, i)
			}
		}
		if id, err := identity.Verify(token, now); err == nil {
			_, badID := proto.ParsePlayerID(string(id.Player))
			_, badName := proto.ParsePlayerName(id.Name)
			if badID != nil || badName != nil || len(id.Claims) > proto.MaxClaims {
				t.Errorf("%s was accepted as %+v", payload, id)
			}
		}
	})
}

// FuzzSecrets: a guest's id and a private room's id are valid and do not show what they are made of; a code that is refused is not shown whole
// where it is long.
func FuzzSecrets(f *testing.F) {
	f.Add("abcdefgh234567ab")
	f.Add("K7QZ-abcdefghijklmnopqr_0")
	f.Add("ÄÖÜ and spaces, which nobody draws")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := Guest(s); err == nil {
			if _, err := proto.ParsePlayerID(string(id)); err != nil || strings.Contains(string(id), s) {
				t.Fatalf("secret %q gives %q, %v", s, id, err)
			}
		} else if len(s) > 8 && strings.Contains(err.Error(), s) {
			t.Fatalf("error %q shows the secret", err)
		}
		if CheckCode(s) != nil {
			return
		}
		room := PrivateRoom(s)
		if _, err := proto.ParseRoomID(string(room)); err != nil || !Private(room) || PrivateRoom(strings.ToUpper(s)) != PrivateRoom(strings.ToLower(s)) {
			t.Fatalf("code %q gives %q, %v", s, room, err)
		}
	})
}
