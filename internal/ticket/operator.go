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

// Operator guards the requests that change the fleet, such as draining a server, and those that show what strangers must not see.
type Operator struct {
	token string
	open  bool
}

// NewOperator takes requests with token. Without one it takes those of this machine if open is set, which is for listeners that
// are bound to a loopback address, and none otherwise. A token is MinOperatorToken bytes or longer.
func NewOperator(token string, open bool) (*Operator, error) {
	if token != "" && len(token) < MinOperatorToken {
		return nil, fmt.Errorf("the operator token has %d bytes, but at least %d are needed; make one with: openssl rand -base64 24",
			len(token), MinOperatorToken)
	}
	return &Operator{token: token, open: open}, nil
}

// Closed is o for a listener that strangers reach: without a token it takes nothing.
func (o *Operator) Closed() *Operator { return &Operator{token: o.token} }

// LoopbackWarning is what to log where DependsOnLoopback.
const LoopbackWarning = "operators need no token on this listener, to which the public URL leads; a proxy that does not name itself in a header " +
	"opens it to everybody: give -admin-token-file or -inside"

// DependsOnLoopback reports whether only the loopback address keeps strangers from operators' requests, on a listener to which a
// public URL leads.
func (o *Operator) DependsOnLoopback(publicURL string) bool {
	u, err := url.Parse(publicURL)
	return o.token == "" && o.open && err == nil && u.Host != "" && !loopbackName(u.Hostname())
}

// Check reports why r may not change the fleet; nil if it may. Where no token is set, only requests of this machine may (local).
func (o *Operator) Check(r *http.Request) error {
	if o.token != "" {
		return o.checkToken(r)
	}
	if !o.open {
		return fmt.Errorf("%w; start it with -admin-token-file", ErrOperatorClosed)
	}
	return local(r)
}

// CheckReader reports why r may not see what strangers must not: rooms' ids, addresses, metrics. Requests of this machine may see
// it where Check asks for the token.
func (o *Operator) CheckReader(r *http.Request) error {
	if o.open && local(r) == nil {
		return nil
	}
	return o.Check(r)
}

// local reports why r cannot be taken for a request of this machine, though the listener is bound to a loopback address: a proxy
// on this machine, or a web page in a browser on it, may have been asked by anybody. Proxies name themselves in headers, pass on
// the name that the client used, or speak HTTP/1.0, as nginx does without further settings.
func local(r *http.Request) error {
	for name := range r.Header {
		if name == "Forwarded" || name == "Via" || name == "X-Real-Ip" || strings.HasPrefix(name, "X-Forwarded-") {
			return fmt.Errorf("%w, and this request has a header %s, so it came through a proxy; start it with -admin-token-file", ErrOperatorClosed, name)
		}
	}
	switch remote, err := netip.ParseAddrPort(r.RemoteAddr); {
	case !r.ProtoAtLeast(1, 1):
		return fmt.Errorf("%w, and this request is of HTTP/1.0, as proxies send; start it with -admin-token-file", ErrOperatorClosed)
	case err == nil && !remote.Addr().Unmap().IsLoopback():
		return fmt.Errorf("%w, and this request comes from %s; start it with -admin-token-file", ErrOperatorClosed, remote.Addr())
	case !loopbackName((&url.URL{Host: r.Host}).Hostname()):
		return fmt.Errorf("%w, and this request was sent to %q, which is no loopback address; start it with -admin-token-file", ErrOperatorClosed, r.Host)
	case r.Header.Get("Origin") != "" && !ownPage(r):
		return fmt.Errorf("%w, and this request comes from a web page that was not opened at a loopback address", ErrOperatorClosed)
	}
	return nil
}

func (o *Operator) checkToken(r *http.Request) error {
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
	return loopbackName(origin.Hostname())
}

func loopbackName(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback() || strings.EqualFold(host, "localhost")
}

// Sign adds the token to a request of our own.
func (o *Operator) Sign(r *http.Request) {
	if o.token != "" {
		r.Header.Set("Authorization", "Bearer "+o.token)
	}
}
