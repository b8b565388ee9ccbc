package bots

import (
	"crypto"
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/clients/goclient"
)

// Access is what bots need for a fleet in production besides the URL of a router.
type Access struct {
	IdentityKey string // PEM file of a private key, the public half of which the routers have among their -auth-keys; empty: bots are guests
	CA          string // PEM file of certificates that are trusted besides those of the system; empty: none
}

// Flags makes the flags that set it.
func (a *Access) Flags(fs *flag.FlagSet) {
	fs.StringVar(&a.IdentityKey, "identity-key", "", "PEM `file` of an Ed25519 private key that signs the bots' identity tokens, for routers with its public half in -auth-keys")
	fs.StringVar(&a.CA, "ca", "", "PEM `file` of certificate authorities to trust besides those of the system")
}

// identityLife is how long an identity token of bots is valid: routers take 31 days at most.
const identityLife = 30 * 24 * time.Hour

// Pass is an Access whose files have been read.
type Pass struct {
	HTTP *http.Client // for requests to the router

	tls *tls.Config
	key crypto.PrivateKey // nil: bots are guests
}

// Load reads the files.
func (a Access) Load() (*Pass, error) {
	p := &Pass{tls: &tls.Config{}}
	if a.IdentityKey != "" {
		text, err := os.ReadFile(a.IdentityKey)
		if err == nil {
			p.key, err = jwt.ParseEdPrivateKeyFromPEM(text)
		}
		if err != nil {
			return nil, fmt.Errorf("-identity-key: %s is no Ed25519 private key in PEM, as openssl genpkey -algorithm ed25519 makes it: %w", a.IdentityKey, err)
		}
	}
	if a.CA != "" {
		text, err := os.ReadFile(a.CA)
		if err != nil {
			return nil, fmt.Errorf("-ca: %w", err)
		}
		if p.tls.RootCAs, err = x509.SystemCertPool(); err != nil {
			p.tls.RootCAs = x509.NewCertPool()
		}
		if !p.tls.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("-ca: %s has no certificate in PEM", a.CA)
		}
	}
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.MaxIdleConnsPerHost, transport.TLSClientConfig = 64, p.tls
	p.HTTP = &http.Client{Transport: transport}
	return p, nil
}

// Admit completes the configuration of a bot's client. Its identity is the name of the player; where it has options it may create rooms
// with these, for games that demand signed ones.
func (p *Pass) Admit(c *goclient.Config) (err error) {
	c.HTTP, c.TLS = p.HTTP, p.tls
	if p.key == nil {
		return nil
	}
	claims := jwt.MapClaims{"aud": "ringside", "exp": time.Now().Add(identityLife).Unix(), "sub": c.Request.Player.Name, "name": c.Request.Player.Name}
	if r := c.Request; len(r.Options) > 0 {
		claims["create"] = map[string]any{"game": r.Game, "room": r.Room, "options": r.Options}
	}
	c.Identity, err = jwt.NewWithClaims(jwt.SigningMethodEdDSA, claims).SignedString(p.key)
	c.Request.Player = goclient.Player{}
	return err
}
