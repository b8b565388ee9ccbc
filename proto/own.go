package proto

import "encoding/binary"

// NoSlack means that no input came for the tick.
const NoSlack = 255

// Own is what a seat alone gets. It stands before the delta (KindOwn) or the keyframe (KindOwnKeyframe) of the same
// WebSocket message and is applied after it.
//
//	processed u16 | slack u8 | private, to the end
type Own struct {
	Full      bool   // KindOwnKeyframe: Private is a keyframe, else a delta
	Processed uint16 // low 16 bits of the seat's last processed input number; see UnwrapSeq
	Slack     uint8  // ms that the newest input waited for this tick, at most 254; NoSlack: none came
	Private   []byte // private part's delta or keyframe; may be empty
}

// Append appends the record. It does not allocate when b has room.
func (m Own) Append(b []byte) []byte {
	b, at := m.Begin(b)
	return EndRecord(append(b, m.Private...), at)
}

// Begin appends the record without its Private: the caller appends that and finishes with EndRecord.
func (m Own) Begin(b []byte) (_ []byte, at int) {
	k := KindOwn
	if m.Full {
		k = KindOwnKeyframe
	}
	b, at = BeginRecord(b, k)
	b = binary.LittleEndian.AppendUint16(b, m.Processed)
	return append(b, m.Slack), at
}

// ParseOwn parses the body of a record of kind k, which is KindOwn or KindOwnKeyframe.
func ParseOwn(k Kind, b []byte) (Own, error) {
	r := reader{message: "own", b: b}
	m := Own{
		Full:      k == KindOwnKeyframe,
		Processed: r.u16("processed"),
		Slack:     r.u8("slack"),
		Private:   r.rest("private", MaxServerMessage),
	}
	return m, r.end()
}
