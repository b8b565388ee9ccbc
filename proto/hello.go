package proto

import "encoding/binary"

// HelloFlags are a hello's options. Unknown bits are kept and mean nothing.
type HelloFlags uint8

const (
	// HelloWait asks the server to hold the connection until it leads the room (the next connection of a handoff).
	HelloWait HelloFlags = 1 << 0
)

// Hello is a client's first message, once per connection. It carries a ticket, a resume token, or both: the token is
// tried first, and the ticket when the seat is gone.
//
//	version u16 | flags u8 | fingerprint u64 | last tick u32 | epoch counter uvarint | epoch server string
//	| ticket string | resume token bytes (uvarint length first)
type Hello struct {
	Version     uint16
	Fingerprint uint64 // of the schema the client was built for; 0 when it takes the schema from the welcome
	Flags       HelloFlags
	Epoch       Epoch  // the newest epoch this client has seen of the room; zero for the first time
	LastTick    Tick   // the newest tick it has decoded; 0 for the first time
	Ticket      string // may be empty when Resume is not
	Resume      []byte // resume token from a welcome; may be empty
}

// Append appends the record.
func (m Hello) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindHello)
	b = binary.LittleEndian.AppendUint16(b, m.Version)
	b = append(b, byte(m.Flags))
	b = binary.LittleEndian.AppendUint64(b, m.Fingerprint)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.LastTick))
	b = appendEpoch(b, m.Epoch)
	b = appendString(b, m.Ticket)
	b = appendString(b, m.Resume)
	return EndRecord(b, at)
}

// ParseHello parses a hello's body. Of a hello of another protocol version only Version is filled and nothing else is
// looked at: its layout is not known, and the server answers CloseVersion.
func ParseHello(b []byte) (Hello, error) {
	r := reader{message: "hello", b: b}
	m := Hello{Version: r.u16("version")}
	if r.err == nil && m.Version != Version {
		return m, nil
	}
	m.Flags = HelloFlags(r.u8("flags"))
	m.Fingerprint = r.u64("fingerprint")
	m.LastTick = Tick(r.u32("last tick"))
	m.Epoch = r.epoch()
	m.Ticket = r.string("ticket", MaxTicket)
	m.Resume = r.bytes("resume token", MaxResume)
	if r.err == nil && m.Ticket == "" && m.Resume == nil {
		r.refuse("ticket", "neither a ticket nor a resume token is given")
	}
	return m, r.end()
}
