package proto

// Leave gives the seat up. The server closes with CloseLeft.
//
//	reason string
type Leave struct {
	Reason string // for the log; at most MaxText bytes, Append cuts the rest off
}

// Append appends the record.
func (m Leave) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindLeave)
	return EndRecord(appendString(b, clip(m.Reason)), at)
}

// ParseLeave parses a leave's body.
func ParseLeave(b []byte) (Leave, error) {
	r := reader{message: "leave", b: b}
	m := Leave{Reason: r.string("reason", MaxText)}
	return m, r.end()
}
