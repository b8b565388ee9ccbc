package replication

import (
	"encoding/binary"
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// Kinds of records on a link. They are numbered apart from those between client and server.
const (
	kindHello  proto.Kind = 0x80
	kindProof  proto.Kind = 0x81
	kindRefuse proto.Kind = 0x82
	kindPing   proto.Kind = 0x83
	kindClaim  proto.Kind = 0x84
	kindAnswer proto.Kind = 0x85
)

// hello is what each side says of itself. Later versions of the protocol append to it, and who does not know them skips
// what follows, so that servers of neighbouring versions understand each other's.
type hello struct {
	Versions proto.Versions // that it speaks
	Cluster  string
	Name     string
	Process  uint64 // drawn by the process when it started
	Link     uint64 // counts the links that the process has dialled; of no meaning in the acceptor's hello
	Nonce    [32]byte
}

// claim asks what the acceptor has of Room.
type claim struct {
	ID   uint64
	Room proto.RoomID
}

// answer to the claim of the same ID.
type answer struct {
	ID uint64
	Answer
}

// Append functions append the whole record, parse functions take its body.

func (m hello) append(b []byte) []byte {
	body := []byte{m.Versions.Newest, m.Versions.Oldest}
	body = appendString(body, m.Cluster)
	body = appendString(body, m.Name)
	body = binary.AppendUvarint(body, m.Process)
	body = binary.AppendUvarint(body, m.Link)
	body = append(body, m.Nonce[:]...)
	return proto.AppendRecord(b, kindHello, body)
}

// parseHello reads a hello for one that speaks newest at most.
func parseHello(b []byte, newest uint8) (hello, error) {
	r := reader{b: b}
	v := r.bytes(2)
	m := hello{Versions: proto.Versions{Newest: v[0], Oldest: v[1]}}
	if r.err == nil && m.Versions.Oldest > m.Versions.Newest {
		r.fail(fmt.Errorf("versions %v: %w", m.Versions, proto.ErrRange))
	}
	m.Cluster = r.string(maxName)
	m.Name = r.string(maxName)
	m.Process = r.uvarint(1<<64 - 1)
	m.Link = r.uvarint(1<<64 - 1)
	copy(m.Nonce[:], r.bytes(len(m.Nonce)))
	if m.Versions.Newest > newest {
		r.rest()
	}
	return m, r.end("hello")
}

func (m claim) append(b []byte) []byte {
	body := make([]byte, 0, 16+len(m.Room))
	body = binary.AppendUvarint(body, m.ID)
	body = appendString(body, string(m.Room))
	return proto.AppendRecord(b, kindClaim, body)
}

func parseClaim(b []byte) (claim, error) {
	r := reader{b: b}
	m := claim{ID: r.uvarint(1<<64 - 1)}
	room, err := proto.ParseRoomID(r.string(proto.MaxRoomID))
	r.fail(err)
	m.Room = room
	return m, r.end("claim")
}

func (m answer) append(b []byte) []byte {
	body := make([]byte, 0, 32+len(m.Epoch.Server)+len(m.Leader))
	body = binary.AppendUvarint(body, m.ID)
	body = append(body, byte(m.Holding), flagOf(m.Standby))
	body = appendEpoch(body, m.Epoch)
	body = appendString(body, m.Leader)
	body = binary.AppendUvarint(body, uint64(m.Tick))
	return proto.AppendRecord(b, kindAnswer, body)
}

func parseAnswer(b []byte) (answer, error) {
	r := reader{b: b}
	m := answer{ID: r.uvarint(1<<64 - 1)}
	m.Holding = Holding(r.bytes(1)[0])
	if m.Holding > Leading {
		r.fail(fmt.Errorf("holding %d: %w", m.Holding, proto.ErrRange))
	}
	m.Standby = r.uvarint(1) == 1
	m.Epoch = r.epoch()
	m.Leader = r.string(maxName)
	m.Tick = proto.Tick(r.u32())
	return m, r.end("answer")
}

func appendRefuse(b []byte, text string) []byte {
	return proto.AppendRecord(b, kindRefuse, appendString(nil, text))
}

func parseRefuse(b []byte) (string, error) {
	r := reader{b: b}
	text := r.string(maxHello)
	return text, r.end("refuse")
}
