package ticket

import (
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// MinOperatorToken is the least length of an operator token in bytes: what 96 random bits take in base64.
const MinOperatorToken = 16

// Errors of Operator.Check.
var (
	// ErrNoOperator: the request has no bearer token, or a wrong one.
	ErrNoOperator = errors.New("operator token is missing or wrong")
	// ErrOperatorClosed: no token is set, so nobody is let in.
	ErrOperatorClosed = errors.New("no operator token is set")
)

// Operator guards the requests that change the fleet: draining a server, moving a room.
type Operator struct {
	token string
	open  bool
}

// NewOperator takes requests with token. Without one it takes all of them if open is set, which is for servers that only
// this machine can reach, and none otherwise. A token is MinOperatorToken bytes or longer.
func NewOperator(token string, open bool) (*Operator, error) {
	if token != "" && len(token) < MinOperatorToken {
		return nil, fmt.Errorf("the operator token has %d bytes, but at least %d are needed; make one with: openssl rand -base64 24",
			len(token), MinOperatorToken)
	}
	return &Operator{token: token, open: open}, nil
}

// Check reports why r may not change the fleet; nil if it may. Where no token is set, requests of web pages other than
// our own are turned away: a browser sends them for any page that its user opens.
func (o *Operator) Check(r *http.Request) error {
	if o.token == "" {
		switch {
		case !o.open:
			return fmt.Errorf("%w; start it with -admin-token-file", ErrOperatorClosed)
		case r.Header.Get("Origin") != "" && !ownPage(r):
			return fmt.Errorf("%w, and this request comes from a web page that was not opened at a loopback address", ErrOperatorClosed)
		}
		return nil
	}
	given, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
	mine, theirs := sha256.Sum256([]byte(o.token)), sha256.Sum256([]byte(given))
	if !ok || subtle.ConstantTimeCompare(mine[:], theirs[:]) != 1 {
		return fmt.Errorf("%w; send Authorization: Bearer and the token of -admin-token-file", ErrNoOperator)
	}
	return nil
}

// ownPage reports whether a request comes from a page that was loaded from where it goes to, under a name that is
// nobody else's: of any other, foreign name servers may say that it is this machine.
func ownPage(r *http.Request) bool {
	origin, err := url.Parse(r.Header.Get("Origin"))
	if err != nil || origin.Host != r.Host {
		return false
	}
	ip, err := netip.ParseAddr(origin.Hostname())
	return err == nil && ip.IsLoopback() || origin.Hostname() == "localhost"
}

// Sign adds the token to a request of our own.
func (o *Operator) Sign(r *http.Request) {
	if o.token != "" {
		r.Header.Set("Authorization", "Bearer "+o.token)
	}
}
