package proto

import "encoding/binary"

// Input carries the samples First, First+1, ... of a seat, numbered modulo 2^32, each encoded as a difference to the one before by the room's
// input schema and the first one as a difference to the zero sample, so that a message can be read by itself.
//
//	first uvarint | ack uvarint | count u8 | samples
type Input struct {
	First   Seq
	Ack     Tick   // what its player saw: the newest tick that the client has decoded, or the one that it draws
	Count   int    // 1 to MaxSamples
	Samples []byte // at most Count * MaxSampleBytes
}

// Append appends the record. It does not allocate when b has room.
func (m Input) Append(b []byte) []byte {
	b, at := m.Begin(b)
	return EndRecord(append(b, m.Samples...), at)
}

// Begin appends the record without its Samples: the caller appends them and finishes with EndRecord.
func (m Input) Begin(b []byte) (_ []byte, at int) {
	b, at = BeginRecord(b, KindInput)
	b = binary.AppendUvarint(b, uint64(m.First))
	b = binary.AppendUvarint(b, uint64(m.Ack))
	return append(b, byte(m.Count)), at
}

// ParseInput parses an input's body.
func ParseInput(b []byte) (Input, error) {
	r := reader{message: "input", b: b}
	m := Input{
		First: Seq(r.uvarint("first", 1<<32-1)),
		Ack:   Tick(r.uvarint("ack", 1<<32-1)),
		Count: int(r.u8("count")),
	}
	if r.err != nil {
		return m, r.err
	}
	if m.Count < 1 || m.Count > MaxSamples {
		r.refuse("count", "%d, 1 to %d are allowed", m.Count, MaxSamples)
	}
	m.Samples = r.rest("samples", m.Count*MaxSampleBytes)
	return m, r.end()
}
