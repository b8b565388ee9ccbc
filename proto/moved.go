package proto

import "encoding/binary"

// Moved sends the client to another server, with its resume token and its ticket. The server closes with CloseMoved
// once WithinMs are over; the client need not wait for that.
//
//	URL string | server string | ticket string | epoch | within u32
type Moved struct {
	URL      string // WebSocket URL of the room at the other server, at most MaxURL bytes
	Server   string // its stable name
	Ticket   string // may be empty: the client's own goes on
	Epoch    Epoch  // of the room's leader there, as far as this server knows; zero when it does not
	WithinMs uint32 // the client may take so long to change over; 0: at once
}

// Append appends the record.
func (m Moved) Append(b []byte) []byte { return m.append(b, KindMoved) }

// ParseMoved parses a moved message's body.
func ParseMoved(b []byte) (Moved, error) { return parseMoved("moved", b) }

func (m Moved) append(b []byte, k Kind) []byte {
	b, at := BeginRecord(b, k)
	b = appendString(b, m.URL)
	b = appendString(b, m.Server)
	b = appendString(b, m.Ticket)
	b = appendEpoch(b, m.Epoch)
	b = binary.LittleEndian.AppendUint32(b, m.WithinMs)
	return EndRecord(b, at)
}

func parseMoved(message string, b []byte) (Moved, error) {
	r := reader{message: message, b: b}
	m := Moved{URL: r.string("URL", MaxURL)}
	if r.err == nil && m.URL == "" {
		r.refuse("URL", "it is empty")
	}
	m.Server = r.string("server", MaxServerName)
	m.Ticket = r.string("ticket", MaxTicket)
	m.Epoch = r.epoch()
	m.WithinMs = r.u32("within")
	return m, r.end()
}
