package replication

import (
	"encoding/binary"
	"fmt"

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

// Append functions append a whole record; parse functions read its body.

func (m hello) append(b []byte) []byte {
	body := []byte{m.Versions.Newest, m.Versions.Oldest}
	body = appendString(body, m.Cluster)
	body = appendString(body, m.Name)
	body = binary.AppendUvarint(body, m.Process)
	body = binary.AppendUvarint(body, m.Link)
	return proto.AppendRecord(b, kindHello, body)
}

// parseHello reads a hello. newest is the newest version that this side speaks.
func parseHello(b []byte, newest uint8) (hello, error) {
	r := reader{b: b}
	v := r.bytes(2)
	m := hello{Versions: proto.Versions{Newest: v[0], Oldest: v[1]}}
	if r.err == nil && m.Versions.Oldest > m.Versions.Newest {
		r.fail(fmt.Errorf("versions %v: %w", m.Versions, proto.ErrRange))
	}
	m.Cluster = r.string(maxName)
	m.Name = r.string(maxName)
	m.Process = r.u64()
	m.Link = r.u64()
	if m.Versions.Newest > newest {
		r.rest()
	}
	return m, r.end("hello")
}

func appendRefuse(b []byte, text string) []byte {
	return proto.AppendRecord(b, kindRefuse, appendString(nil, text))
}

func parseRefuse(b []byte) (string, error) {
	r := reader{b: b}
	text := r.string(maxHello)
	return text, r.end("refuse")
}
