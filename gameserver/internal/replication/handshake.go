package replication

import (
	"bufio"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/proto"
)

// identity is what this server says of itself in each handshake, and how it proves that. Without certificates nothing is
// proved; Links then uses loopback only.
type identity struct {
	name     string
	cluster  string
	certs    *certs.Fleet
	versions proto.Versions // of the link protocol, that this side speaks
	process  uint64         // drawn anew by each process
	dialled  atomic.Uint64  // links, for hello.Link
}

func newIdentity(c Config) *identity {
	return &identity{name: c.Name, cluster: c.Cluster, certs: c.Certs, versions: Spoken(), process: mathrand.Uint64()}
}

// role of this package's processes in their certificates.
const role = "gameserver"

// secured is a connection whose handshake is done: the other side's hello, and what to read and write through.
type secured struct {
	hello hello
	r     io.Reader
	w     io.Writer
}

// dial runs the dialler's side of the handshake on nc. The other side must be want. deadline bounds all of it.
//
// The dialler is the server of TLS, which shows its certificate first: a stranger who dials learns nothing.
func (id *identity) dial(nc net.Conn, want string, deadline time.Time) (secured, error) {
	nc.SetDeadline(deadline)
	if id.certs == nil {
		return id.greet(nc, want, true)
	}
	c := tls.Server(nc, tuned(id.certs.Config(certs.NewID(role, want))))
	if err := c.Handshake(); err != nil {
		return secured{}, tlsError(err)
	}
	return id.greet(c, want, true)
}

// accept runs the acceptor's side.
func (id *identity) accept(nc net.Conn, deadline time.Time) (secured, error) {
	nc.SetDeadline(deadline)
	if id.certs == nil {
		return id.greet(nc, "", false)
	}
	c := tls.Client(nc, tuned(id.certs.Config("")))
	if err := c.Handshake(); err != nil {
		return secured{}, tlsError(err)
	}
	peer, err := id.certs.Peer(c.ConnectionState())
	if err != nil {
		return secured{}, tlsError(err)
	}
	name, ok := peer.Name(role)
	if !ok {
		return secured{}, refuse(c, fmt.Errorf("%w: %s is not a game server", ErrIncompatible, peer))
	}
	s, err := id.greet(c, name, false)
	return s, tlsError(err) // a dialler that refuses this side's certificate says so after TLS is done here
}

// tuned is c for a link, whose writes are large from the beginning.
func tuned(c *tls.Config) *tls.Config {
	c.DynamicRecordSizingDisabled = true
	return c
}

// tlsError sorts an error of TLS into this package's errors. Others, such as a deadline, it returns as they are.
func tlsError(err error) error {
	var alert *net.OpError
	var record tls.RecordHeaderError
	switch {
	case errors.Is(err, certs.ErrOtherProcess):
		return fmt.Errorf("%w: %w", ErrGone, err)
	case errors.Is(err, certs.ErrStranger), errors.As(err, &record), errors.As(err, &alert) && alert.Op == "remote error":
		return fmt.Errorf("%w: %w; do both have a certificate of the same CA (-fleet-cert)?", ErrIncompatible, err)
	}
	return err
}

// greet exchanges hellos, the dialler's first. The other side's name must be want, unless that is empty.
func (id *identity) greet(c net.Conn, want string, dials bool) (s secured, err error) {
	r := bufio.NewReader(c)
	s = secured{r: r, w: c}
	mine := hello{Versions: id.versions, Cluster: id.cluster, Name: id.name, Process: id.process}
	if dials {
		mine.Link = id.dialled.Add(1)
		if _, err := c.Write(encode(kindHello, &mine)); err != nil {
			return s, err
		}
	}
	if s.hello, err = id.readHello(r); err != nil {
		return s, refuse(c, err)
	}
	if want != "" && s.hello.Name != want {
		return s, refuse(c, fmt.Errorf("%w: %s is here, not %s", ErrGone, s.hello.Name, want))
	}
	if !dials {
		if _, err := c.Write(encode(kindHello, &mine)); err != nil {
			return s, err
		}
	}
	return s, c.SetDeadline(time.Time{})
}

func (id *identity) readHello(r *bufio.Reader) (h hello, err error) {
	k, body, err := readRecord(r, nil, maxHello)
	if err != nil {
		return h, err
	}
	switch k {
	case kindHello:
	case kindRefuse:
		var r refusal
		if err := decode(k, body, &r); err != nil {
			return h, err
		}
		return h, fmt.Errorf("%w by the other side: %q", ErrIncompatible, r.text)
	case kindTLS:
		return h, fmt.Errorf("%w: only one side has a certificate; give both one (-fleet-cert)", ErrIncompatible)
	default:
		return h, fmt.Errorf("record %#x in place of a hello: %w", k, proto.ErrRange)
	}
	if h, err = parseHello(body, id.versions.Newest); err != nil {
		return h, err
	}
	if _, ok := id.versions.Common(h.Versions); !ok {
		return h, fmt.Errorf("%w: link protocols %v here, %v there; update through a version that speaks both",
			ErrIncompatible, id.versions, h.Versions)
	}
	if h.Cluster != id.cluster {
		return h, fmt.Errorf("%w: the clusters differ: %q here, %q there", ErrIncompatible, id.cluster, h.Cluster)
	}
	return h, nil
}

// refuse tells the other side why the handshake ends, and returns err.
func refuse(c net.Conn, err error) error {
	text := strings.TrimPrefix(err.Error(), ErrIncompatible.Error()+": ")
	c.Write(encode(kindRefuse, &refusal{text})) // the connection is closed next; whether this arrives does not matter
	return err
}
