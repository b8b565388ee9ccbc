package proto

import "encoding/binary"

// Pong answers a ping.
//
//	micros u64 | server u64
type Pong struct {
	Micros uint64 // the ping's, and for how long the server had it
	Server uint64 // the server's clock when it answered, Unix time in microseconds
}

// Append appends the record.
func (m Pong) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindPong)
	b = binary.LittleEndian.AppendUint64(b, m.Micros)
	return EndRecord(binary.LittleEndian.AppendUint64(b, m.Server), at)
}

// ParsePong parses a pong's body.
func ParsePong(b []byte) (Pong, error) {
	r := reader{message: "pong", b: b}
	m := Pong{Micros: r.u64("micros"), Server: r.u64("server")}
	return m, r.end()
}
