package proto

import "encoding/binary"

// HelloFlags are a hello's options. Unknown bits are kept and mean nothing.
type HelloFlags uint8

const (
	// HelloWait asks the server to hold the connection until it leads the room (the next connection of a handoff).
	HelloWait HelloFlags = 1 << 0
	// HelloElsewhere says that the client has its connection to the server that has suspended the room, and looks for the room beside it. So
	// the room is not lost, as far as this client knows.
	HelloElsewhere HelloFlags = 1 << 1
)

// Hello is a client's first message, once per connection. It carries a ticket, a resume token, or both: the token is
// tried first, and the ticket when the seat is gone.
//
//	newest u8 | oldest u8 | flags u8 | fingerprint u64 | last tick u32 | epoch | ticket string | resume token bytes (uvarint length first)
//
// An epoch is: instance u64 | counter uvarint | server string, here and in welcome, moved and prepare.
//
// This layout never changes, so that servers can read the hellos of later clients: later versions append.
type Hello struct {
	Versions    Versions // that the client speaks
	Fingerprint uint64   // of the schema the client was built for; 0 when it takes the schema from the welcome
	Flags       HelloFlags
	Epoch       Epoch  // the newest epoch this client has seen of the room; zero for the first time
	LastTick    Tick   // the newest tick it has decoded; 0 for the first time
	Ticket      string // may be empty when Resume is not
	Resume      []byte // resume token from a welcome; may be empty
}

// Append appends the record.
func (m Hello) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindHello)
	b = append(b, m.Versions.Newest, m.Versions.Oldest, byte(m.Flags))
	b = binary.LittleEndian.AppendUint64(b, m.Fingerprint)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.LastTick))
	b = appendEpoch(b, m.Epoch)
	b = appendString(b, m.Ticket)
	b = appendString(b, m.Resume)
	return EndRecord(b, at)
}

// ParseHello parses a hello's body. What a client appends that speaks a version above Version is skipped.
func ParseHello(b []byte) (Hello, error) {
	r := reader{message: "hello", b: b}
	v := Versions{r.u8("newest version"), r.u8("oldest version")}
	if r.err == nil && (v.Oldest == 0 || v.Oldest > v.Newest) {
		r.refuse("oldest version", "%d, 1 to the newest, %d, are allowed", v.Oldest, v.Newest)
	}
	m := Hello{Versions: v, Flags: HelloFlags(r.u8("flags"))}
	m.Fingerprint = r.u64("fingerprint")
	m.LastTick = Tick(r.u32("last tick"))
	m.Epoch = r.epoch()
	m.Ticket = r.string("ticket", MaxTicket)
	m.Resume = r.bytes("resume token", MaxResume)
	if r.err == nil && m.Ticket == "" && m.Resume == nil {
		r.refuse("ticket", "neither a ticket nor a resume token is given")
	}
	if v.Newest > Version {
		return m, r.err
	}
	return m, r.end()
}
