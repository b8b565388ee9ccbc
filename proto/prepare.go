package proto

// Prepare announces a move: the client may open the connection to the URL now, say hello with HelloWait there, and go
// on here until the first frame comes there. A client that ignores it follows the moved message later. Its layout is
// that of Moved.
type Prepare struct{ Moved }

// Append appends the record.
func (m Prepare) Append(b []byte) []byte { return m.append(b, KindPrepare) }

// ParsePrepare parses a prepare message's body.
func ParsePrepare(b []byte) (Prepare, error) {
	m, err := parseMoved("prepare", b)
	return Prepare{m}, err
}
