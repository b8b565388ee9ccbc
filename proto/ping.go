package proto

import "encoding/binary"

// Ping asks for a pong. A client sends one at least every 5 s when it has nothing else to say; see SilenceTimeout.
//
//	micros u64
type Ping struct {
	Micros uint64 // the client's clock, of any origin; the pong brings it back
}

// Append appends the record.
func (m Ping) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindPing)
	return EndRecord(binary.LittleEndian.AppendUint64(b, m.Micros), at)
}

// ParsePing parses a ping's body.
func ParsePing(b []byte) (Ping, error) {
	r := reader{message: "ping", b: b}
	m := Ping{Micros: r.u64("micros")}
	return m, r.end()
}
