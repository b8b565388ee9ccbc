package replication

import (
	"fmt"
	"math"

	"github.com/ringside-go/ringside/proto"
)

// Kinds of the records that belong to a link itself. Kinds between servers are above those between client and server.
const (
	kindTLS    proto.Kind = 0x16 // begins a handshake of TLS
	kindHello  proto.Kind = 0x80
	kindRefuse proto.Kind = 0x82
	kindPing   proto.Kind = 0x83
)

// hello introduces each side. Later versions of the protocol append fields, which a server of an older version skips.
type hello struct {
	Versions proto.Versions // that this side speaks
	Cluster  string
	Name     string
	Process  uint64 // drawn by the process when it starts
	Link     uint64 // counts the links that the process has dialled; 0 from the acceptor
}

func (m *hello) fields(c *codec) {
	octet(c, &m.Versions.Newest, math.MaxUint8)
	octet(c, &m.Versions.Oldest, math.MaxUint8)
	if m.Versions.Oldest > m.Versions.Newest {
		c.fail(fmt.Errorf("versions %v: %w", m.Versions, proto.ErrRange))
	}
	c.name(&m.Cluster)
	c.name(&m.Name)
	number(c, &m.Process)
	number(c, &m.Link)
}

// parseHello reads a hello. newest is the newest version that this side speaks.
func parseHello(body []byte, newest uint8) (m hello, err error) {
	c := codec{b: body, reads: true}
	if m.fields(&c); m.Versions.Newest > newest {
		c.rest()
	}
	return m, c.end(kindHello)
}

// refusal says why the handshake ends here.
type refusal struct{ text string }

func (m *refusal) fields(c *codec) { text(c, &m.text, maxHello) }
