package session

import "encoding/binary"

// First byte of a WebSocket frame (RFC 6455, 5.2). Every frame is a whole message, so finBit is always set.
const (
	finBit   = 0x80
	opBinary = 0x2
	opClose  = 0x8

	// maxHeader is the longest header of a frame from a server, which is not masked.
	maxHeader = 10
	// maxControl is the longest payload of a control frame.
	maxControl = 125
)

// appendHeader appends the header of a frame whose payload has n bytes.
func appendHeader(b []byte, op byte, n int) []byte {
	switch {
	case n <= 125:
		return append(b, finBit|op, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, finBit|op, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, finBit|op, 127), uint64(n))
	}
}
