package proto

import "encoding/binary"

// Error says why the close that follows it comes.
//
//	code u16 | retry u32 | text string
type Error struct {
	Code    CloseCode // 4000 to 4999
	RetryMs uint32    // wait so long before trying again; 0: no advice
	Text    string    // for a person; at most MaxText bytes, Append cuts the rest off
}

// Append appends the record.
func (m Error) Append(b []byte) []byte {
	b, at := BeginRecord(b, KindError)
	b = binary.LittleEndian.AppendUint16(b, uint16(m.Code))
	b = binary.LittleEndian.AppendUint32(b, m.RetryMs)
	return EndRecord(appendString(b, clip(m.Text)), at)
}

// ParseError parses an error's body.
func ParseError(b []byte) (Error, error) {
	r := reader{message: "error", b: b}
	m := Error{Code: CloseCode(r.u16("code"))}
	if r.err == nil && (m.Code < 4000 || m.Code > 4999) {
		r.refuse("code", "%d, 4000 to 4999 are allowed", uint16(m.Code))
	}
	m.RetryMs = r.u32("retry")
	m.Text = r.string("text", MaxText)
	return m, r.end()
}
