package peer

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"

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

// hello is what each side says of itself.
type hello struct {
	Version uint16
	Cluster string
	Name    string
	Process uint64 // drawn by the process when it started
	Link    uint64 // counts the links that the process has dialled; of no meaning in the acceptor's hello
	Nonce   [32]byte
	Schemas map[proto.GameName]uint64
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
	body := binary.LittleEndian.AppendUint16(nil, m.Version)
	body = appendString(body, m.Cluster)
	body = appendString(body, m.Name)
	body = binary.AppendUvarint(body, m.Process)
	body = binary.AppendUvarint(body, m.Link)
	body = append(body, m.Nonce[:]...)
	body = binary.AppendUvarint(body, uint64(len(m.Schemas)))
	for _, g := range slices.Sorted(maps.Keys(m.Schemas)) {
		body = appendString(body, string(g))
		body = binary.LittleEndian.AppendUint64(body, m.Schemas[g])
	}
	return proto.AppendRecord(b, kindHello, body)
}

// parseHello answers a hello of another version with that version alone: what follows it may be laid out otherwise.
func parseHello(b []byte) (hello, error) {
	r := reader{b: b}
	m := hello{Version: binary.LittleEndian.Uint16(r.bytes(2))}
	if r.err == nil && m.Version != Version {
		return m, nil
	}
	m.Cluster = r.string(maxName)
	m.Name = r.string(maxName)
	m.Process = r.uvarint(1<<64 - 1)
	m.Link = r.uvarint(1<<64 - 1)
	copy(m.Nonce[:], r.bytes(len(m.Nonce)))
	n := r.uvarint(maxGames)
	if n > 0 && r.err == nil {
		m.Schemas = make(map[proto.GameName]uint64, n)
	}
	for range n {
		g := r.string(proto.MaxGameName)
		f := binary.LittleEndian.Uint64(r.bytes(8))
		if r.err != nil {
			break
		}
		m.Schemas[proto.GameName(g)] = f
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
