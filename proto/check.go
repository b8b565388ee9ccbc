package proto

import "encoding/binary"

// Check lets a client compare its public state after Tick with the server's. It follows the delta of that tick in the
// same WebSocket message.
//
//	tick u32 | hash u32
type Check struct {
	Tick Tick
	Hash uint32 // see state.Store.Hash
}

// Append appends the record. It does not allocate when b has room.
func (m Check) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindCheck)
	b = binary.LittleEndian.AppendUint32(b, uint32(m.Tick))
	return EndRecord(binary.LittleEndian.AppendUint32(b, m.Hash), at)
}

// ParseCheck parses a check's body.
func ParseCheck(b []byte) (Check, error) {
	r := reader{message: "check", b: b}
	m := Check{Tick: Tick(r.u32("tick")), Hash: r.u32("hash")}
	return m, r.end()
}
