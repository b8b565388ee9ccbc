package servers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// Dialer opens connections to game servers. Gossip alone names their addresses, and requests carry the tokens of operators and
// players. So a fleet with certificates has each server prove its name first, in TLS, at its internal listener; one without
// is on one machine, and tokens do not leave it.
type Dialer struct {
	Network network.Network                           // nil: the operating system's
	Certs   *certs.Fleet                              // nil: the fleet has none
	Wrap    func(conn net.Conn, secure bool) net.Conn // what TLS, if the connection is to be secure, or the caller gets; nil: conn itself
}

// DialTimeout bounds connecting to a game server.
const DialTimeout = time.Second

// errElsewhere says that a token was not sent.
var errElsewhere = errors.New("it is not on this machine, and without certificates its name is not proved; give routers and game servers -fleet-cert")

// Dial opens a connection to m, within DialTimeout.
func (d *Dialer) Dial(ctx context.Context, m membership.Member) (net.Conn, error) {
	base, err := url.Parse(m.Inside())
	if err != nil {
		return nil, err
	}
	host, err := lookup.Host(m.Inside())
	if err != nil {
		return nil, err
	}
	if d.Certs != nil && m.Port == 0 {
		return nil, fmt.Errorf("server %s has no internal listener; start it with -inside, as fleets with certificates need", m.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, DialTimeout)
	defer cancel()
	conn, err := network.Or(d.Network).DialContext(ctx, host)
	if err != nil {
		return nil, err
	}
	if d.Wrap != nil {
		conn = d.Wrap(conn, d.Certs != nil || base.Scheme == "https")
	}
	var secure *tls.Conn
	switch {
	case d.Certs != nil:
		secure = tls.Client(conn, d.Certs.Config(certs.NewID(string(membership.GameServer), string(m.Name))))
	case base.Scheme == "https":
		secure = tls.Client(conn, &tls.Config{ServerName: base.Hostname(), MinVersion: tls.VersionTLS12})
	default:
		return conn, nil
	}
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("server %s at %s: %w", m.Name, host, err)
	}
	return secure, nil
}

// MayHear reports why a token must not go out on conn; nil if it may.
func (d *Dialer) MayHear(conn net.Conn) error {
	if d.Certs != nil || network.Private(d.Network, conn.RemoteAddr()) || network.SameMachine(conn.RemoteAddr()) {
		return nil
	}
	return errElsewhere
}
