package proto

import "encoding/binary"

// Delta is what a tick changed of the public state. Its base is the tick before it: on one connection the ticks of
// deltas go up by exactly one from the keyframe on.
//
//	tick u16 | body, to the end
type Delta struct {
	Tick uint16 // the low 16 bits of the tick; see UnwrapTick
	Body []byte // see state.Store.ApplyDelta
}

// Append appends the record. It does not allocate when b has room.
func (m Delta) Append(b []byte) []byte {
	b, at := m.Begin(b)
	return EndRecord(append(b, m.Body...), at)
}

// Begin appends the record without its Body: the caller appends that and finishes with EndRecord.
func (m Delta) Begin(b []byte) (_ []byte, at int) {
	b, at = BeginRecord(b, KindDelta)
	return binary.LittleEndian.AppendUint16(b, m.Tick), at
}

// ParseDelta parses a delta's body.
func ParseDelta(b []byte) (Delta, error) {
	r := reader{message: "delta", b: b}
	m := Delta{Tick: r.u16("tick"), Body: r.rest("body", MaxServerMessage)}
	return m, r.end()
}
