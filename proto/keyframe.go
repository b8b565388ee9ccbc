package proto

import "encoding/binary"

// Keyframe is the whole public state after Tick. On one connection Tick never goes back, but it may jump ahead: then
// the client was too slow for the deltas between.
//
//	tick u32 | body, to the end
type Keyframe struct {
	Tick Tick
	Body []byte // see state.Store.ApplyKeyframe
}

// Append appends the record.
func (m Keyframe) Append(b []byte) []byte {
	b, at := m.Begin(b)
	return EndRecord(append(b, m.Body...), at)
}

// Begin appends the record without its Body: the caller appends that and finishes with EndRecord.
func (m Keyframe) Begin(b []byte) (_ []byte, at int) {
	b, at = BeginRecord(b, KindKeyframe)
	return binary.LittleEndian.AppendUint32(b, uint32(m.Tick)), at
}

// ParseKeyframe parses a keyframe's body.
func ParseKeyframe(b []byte) (Keyframe, error) {
	r := reader{message: "keyframe", b: b}
	m := Keyframe{Tick: Tick(r.u32("tick")), Body: r.rest("body", MaxServerMessage)}
	return m, r.end()
}
