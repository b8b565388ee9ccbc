package proto

// Custom is the game's own message, either way; servers and clients hand it to the game as it is.
//
//	payload, all of the body
type Custom struct {
	Payload []byte // at most MaxCustom bytes
}

// Append appends the record.
func (m Custom) Append(b []byte) []byte { return AppendRecord(b, KindCustom, m.Payload) }

// ParseCustom parses a custom message's body.
func ParseCustom(b []byte) (Custom, error) {
	r := reader{message: "custom", b: b}
	m := Custom{Payload: r.rest("payload", MaxCustom)}
	return m, r.end()
}
