package replication

import (
	"bufio"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"io"
	mathrand "math/rand/v2"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Roles make the two proofs of one handshake differ, so that neither side can send back the other's.
const (
	roleDial   = "ringside peer dial"
	roleAccept = "ringside peer accept"
)

// identity is what this server proves in each handshake. An empty key proves nothing; Links then uses loopback only.
type identity struct {
	name     string
	cluster  string
	key      []byte
	versions proto.Versions // of the link protocol, that this side speaks
	process  uint64         // drawn anew by each process
	dialled  atomic.Uint64  // links, for hello.Link
}

func newIdentity(c Config) *identity {
	return &identity{name: c.Name, cluster: c.Cluster, key: c.Key, versions: Spoken(), process: mathrand.Uint64()}
}

// secured is a connection whose handshake is done: the other side's hello, and what to read and write through.
type secured struct {
	hello hello
	r     io.Reader
	w     io.Writer
}

// dial runs the dialler's side of the handshake on nc. The other side must be want. deadline bounds all of it.
func (id *identity) dial(nc net.Conn, want string, deadline time.Time) (s secured, err error) {
	nc.SetDeadline(deadline)
	r := bufio.NewReader(nc)
	mine := id.hello(id.dialled.Add(1)).append(nil)
	if _, err := nc.Write(mine); err != nil {
		return s, err
	}
	theirs, h, err := id.readHello(r)
	if err != nil {
		return s, refuse(nc, err)
	}
	if h.Name != want {
		return s, refuse(nc, fmt.Errorf("%w: %s answers here, not %s", ErrGone, h.Name, want))
	}
	if err := id.readProof(r, roleAccept, mine, theirs); err != nil {
		return s, refuse(nc, err)
	}
	if _, err := nc.Write(proto.AppendRecord(nil, kindProof, id.proof(roleDial, mine, theirs))); err != nil {
		return s, err
	}
	return id.secure(nc, r, h, roleDial, roleAccept, mine, theirs)
}

// accept runs the acceptor's side.
func (id *identity) accept(nc net.Conn, deadline time.Time) (s secured, err error) {
	nc.SetDeadline(deadline)
	r := bufio.NewReader(nc)
	theirs, h, err := id.readHello(r)
	if err != nil {
		return s, refuse(nc, err)
	}
	mine := id.hello(0).append(nil)
	out := proto.AppendRecord(mine[:len(mine):len(mine)], kindProof, id.proof(roleAccept, theirs, mine))
	if _, err := nc.Write(out); err != nil {
		return s, err
	}
	if err := id.readProof(r, roleDial, theirs, mine); err != nil {
		return s, refuse(nc, err)
	}
	return id.secure(nc, r, h, roleAccept, roleDial, theirs, mine)
}

// secure ends the handshake. Without a key nothing is sealed, and the link is on loopback.
func (id *identity) secure(nc net.Conn, r *bufio.Reader, h hello, mine, theirs string, dialler, acceptor []byte) (s secured, err error) {
	nc.SetDeadline(time.Time{})
	if len(id.key) == 0 {
		return secured{h, r, nc}, nil
	}
	c, err := newSealed(nc, r, id.key, mine, theirs, dialler, acceptor)
	return secured{h, c, c}, err
}

func (id *identity) hello(link uint64) hello {
	h := hello{Versions: id.versions, Cluster: id.cluster, Name: id.name, Process: id.process, Link: link}
	rand.Read(h.Nonce[:])
	return h
}

func (id *identity) readHello(r *bufio.Reader) (record []byte, h hello, err error) {
	k, body, err := readRecord(r, nil, maxHello)
	if err != nil {
		return nil, h, err
	}
	if err := expect(kindHello, k, body); err != nil {
		return nil, h, err
	}
	if h, err = parseHello(body, id.versions.Newest); err != nil {
		return nil, h, err
	}
	if _, ok := id.versions.Common(h.Versions); !ok {
		return nil, h, fmt.Errorf("%w: link protocols %v here, %v there; update through a version that speaks both",
			ErrIncompatible, id.versions, h.Versions)
	}
	if h.Cluster != id.cluster {
		return nil, h, fmt.Errorf("%w: the clusters differ: %q here, %q there", ErrIncompatible, id.cluster, h.Cluster)
	}
	return proto.AppendRecord(nil, k, body), h, nil
}

func (id *identity) readProof(r *bufio.Reader, role string, dialler, acceptor []byte) error {
	k, body, err := readRecord(r, nil, maxHello)
	if err != nil {
		return err
	}
	if err := expect(kindProof, k, body); err != nil {
		return err
	}
	if !hmac.Equal(body, id.proof(role, dialler, acceptor)) {
		return fmt.Errorf("%w: the cluster keys differ", ErrIncompatible)
	}
	return nil
}

// proof is the MAC over both hello records. Each begins with its length, so no other pair has the same bytes.
func (id *identity) proof(role string, dialler, acceptor []byte) []byte {
	m := hmac.New(sha256.New, id.key)
	m.Write([]byte(role))
	m.Write(dialler)
	m.Write(acceptor)
	return m.Sum(nil)
}

func expect(want, k proto.Kind, body []byte) error {
	switch k {
	case want:
		return nil
	case kindRefuse:
		text, err := parseRefuse(body)
		if err != nil {
			return err
		}
		return fmt.Errorf("%w by the other side: %q", ErrIncompatible, text)
	}
	return fmt.Errorf("record %#x in place of %#x in the handshake: %w", k, want, proto.ErrRange)
}

// refuse tells the other side why the handshake ends, and returns err.
func refuse(nc net.Conn, err error) error {
	text := strings.TrimPrefix(err.Error(), ErrIncompatible.Error()+": ")
	nc.Write(appendRefuse(nil, text)) // the connection is closed next; whether this arrives does not matter
	return err
}
