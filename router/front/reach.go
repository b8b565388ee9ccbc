package front

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/router/lookup"
)

// reach opens connections to game servers. Gossip alone names their addresses, and requests carry the tokens of operators and
// players. So a fleet with certificates has each server prove its name first, in TLS, at its internal listener; one without
// is on one machine, and tokens do not leave it.
type reach struct {
	network network.Network
	certs   *certs.Fleet // nil: the fleet has none
	tunnels bool         // its connections are tunnels
}

// errElsewhere says that a token was not sent.
var errElsewhere = errors.New("it is not on this machine, and without certificates its name is not proved; give routers and game servers -fleet-cert")

// dial opens a connection to m, within dialTimeout.
func (r *reach) dial(ctx context.Context, m membership.Member) (net.Conn, error) {
	base, err := url.Parse(m.Inside())
	if err != nil {
		return nil, err
	}
	host, err := lookup.Host(m.Inside())
	if err != nil {
		return nil, err
	}
	if r.certs != nil && m.Port == 0 {
		return nil, fmt.Errorf("server %s has no internal listener; start it with -inside, as fleets with certificates need", m.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	conn, err := network.Or(r.network).DialContext(ctx, host)
	if err != nil {
		return nil, err
	}
	if r.tunnels {
		if secure := r.certs != nil || base.Scheme == "https"; secure {
			conn = network.Underlie(conn, nil)
		} else {
			conn = network.Raw(conn)
		}
	}
	var secure *tls.Conn
	switch {
	case r.certs != nil:
		secure = tls.Client(conn, r.certs.Config(certs.NewID(string(membership.GameServer), string(m.Name))))
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

// mayHear reports why a token must not go out on conn; nil if it may.
func (r *reach) mayHear(conn net.Conn) error {
	if r.certs != nil || network.Private(r.network, conn.RemoteAddr()) || network.SameMachine(conn.RemoteAddr()) {
		return nil
	}
	return errElsewhere
}
