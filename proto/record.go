package proto

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// Kind is the kind of a record. A record of an unknown kind is skipped by whoever receives it.
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
	KindNotice      Kind = 0x2b
)

// Errors of every Parse function; they are wrapped with the message's and the field's name.
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

// BeginRecord begins a record whose body the caller appends behind it, however long, and then finishes with EndRecord.
// at is where the body begins. Records do not nest.
func BeginRecord(b []byte, k Kind) (_ []byte, at int) {
	b = append(b, byte(k), 0)
	return b, len(b)
}

// EndRecord writes the length of the record that BeginRecord began. One byte is kept free for it; a body of 128 bytes
// and more is moved up by the byte or two that its length needs besides.
func EndRecord(b []byte, at int) []byte {
	n := len(b) - at
	if n < 0x80 {
		b[at-1] = byte(n)
		return b
	}
	var length [binary.MaxVarintLen64]byte
	w := binary.PutUvarint(length[:], uint64(n))
	b = append(b, length[1:w]...)
	copy(b[at-1+w:], b[at:at+n])
	copy(b[at-1:], length[:w])
	return b
}

// NextRecord splits the first record off b. body aliases b. It fails with ErrShort when b is empty or cut, and with
// ErrRange when the length is not in its shortest form.
func NextRecord(b []byte) (k Kind, body, rest []byte, err error) {
	if len(b) == 0 {
		return 0, nil, nil, fmt.Errorf("record: %w", ErrShort)
	}
	n, w := binary.Uvarint(b[1:])
	switch {
	case w < 0 || w > 1 && b[w] == 0:
		return 0, nil, nil, fmt.Errorf("record %#x: length %w: not a shortest uvarint", b[0], ErrRange)
	case w == 0 || n > uint64(len(b)-1-w):
		return 0, nil, nil, fmt.Errorf("record %#x: %w", b[0], ErrShort)
	}
	start := 1 + w
	end := start + int(n)
	return Kind(b[0]), b[start:end:end], b[end:], nil
}

// String gives the message's name in PROTOCOL.md, or the number of an unknown kind.
func (k Kind) String() string {
	switch k {
	case KindHello:
		return "hello"
	case KindInput:
		return "input"
	case KindPing:
		return "ping"
	case KindLeave:
		return "leave"
	case KindCustom:
		return "custom"
	case KindWelcome:
		return "welcome"
	case KindKeyframe:
		return "keyframe"
	case KindDelta:
		return "delta"
	case KindOwn:
		return "own"
	case KindOwnKeyframe:
		return "own-keyframe"
	case KindMoved:
		return "moved"
	case KindPrepare:
		return "prepare"
	case KindOutcome:
		return "outcome"
	case KindPong:
		return "pong"
	case KindError:
		return "error"
	case KindCheck:
		return "check"
	case KindNotice:
		return "notice"
	}
	return fmt.Sprintf("kind %#02x", uint8(k))
}
