package proto

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind is the kind of a record.
type Kind uint8

// Client to server.
const (
	KindHello  Kind = 0x01
	KindInput  Kind = 0x02
	KindPing   Kind = 0x03
	KindLeave  Kind = 0x04
	KindCustom Kind = 0x05 // both directions
)

// Server to client.
const (
	KindWelcome     Kind = 0x20
	KindKeyframe    Kind = 0x21
	KindDelta       Kind = 0x22
	KindOwn         Kind = 0x23
	KindOwnKeyframe Kind = 0x24
	KindMoved       Kind = 0x25
	KindPrepare     Kind = 0x26
	KindOutcome     Kind = 0x27
	KindPong        Kind = 0x28
	KindError       Kind = 0x29
	KindCheck       Kind = 0x2a
)

// Errors of every Parse function; they are wrapped with the message's name.
var (
	ErrShort    = errors.New("message is cut short")
	ErrTrailing = errors.New("message has bytes behind its end")
	ErrRange    = errors.New("value is out of range")
)

// AppendRecord appends kind, the body's length as uvarint, and the body.
func AppendRecord(b []byte, k Kind, body []byte) []byte {
	b = append(b, byte(k))
	b = binary.AppendUvarint(b, uint64(len(body)))
	return append(b, body...)
}

// NextRecord splits the first record off b. body aliases b. It fails with ErrShort when b is empty or cut.
func NextRecord(b []byte) (k Kind, body, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, ErrShort
	}
	n, w := binary.Uvarint(b[1:])
	if w <= 0 || n > uint64(len(b)-1-w) {
		return 0, nil, nil, fmt.Errorf("record %#x: %w", b[0], ErrShort)
	}
	start := 1 + w
	end := start + int(n)
	return Kind(b[0]), b[start:end], b[end:], nil
}
