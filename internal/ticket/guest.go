package ticket

import (
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// Lengths of a guest's secret: 22 characters hold the 128 random bits that nobody can guess.
const (
	minGuest = 22
	maxGuest = 64
)

// Guest gives the id of the guest who has secret. The id is a hash of the secret, so routers store nothing and need no key,
// and who knows the id, which tickets and outcomes name, cannot find the secret. A secret is drawn once by a router, or by the
// client itself, and then kept by that client alone, which sends it to routers and to nobody else.
func Guest(secret string) (proto.PlayerID, error) {
	if len(secret) < minGuest || len(secret) > maxGuest {
		return "", fmt.Errorf("the guest's secret has %d characters, %d to %d random ones are needed; leave it out to get one",
			len(secret), minGuest, maxGuest)
	}
	for _, c := range []byte(secret) {
		if (c < '0' || c > '9') && (c < 'A' || c > 'Z') && (c < 'a' || c > 'z') && c != '-' && c != '_' {
			return "", fmt.Errorf("the guest's secret has the character %q; use letters, digits, - and _", c)
		}
	}
	sum := sha256.Sum256([]byte("ringside guest " + secret))
	return proto.PlayerID("guest-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:26])), nil // 130 bits
}
