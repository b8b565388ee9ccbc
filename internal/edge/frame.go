package edge

import (
	"encoding/binary"
	"errors"
)

// Frame is one WebSocket frame (RFC 6455, 5.2) at the beginning of a byte stream:
//
//	FIN,RSV,opcode:u8   MASK,len:u8   [len16 | len64]   [mask key:4 B]   payload
type Frame struct {
	Final      bool
	Opcode     byte
	Start, End int // of the payload
}

// The bits of a frame's first two bytes, and the opcodes.
const (
	FinBit  = 0x80
	MaskBit = 0x80

	OpContinuation = 0x0
	OpText         = 0x1
	OpBinary       = 0x2
	OpClose        = 0x8
	OpControl      = 0x8 // the bit that all control frames have
)

// ErrFrame says that a frame is longer than allowed.
var ErrFrame = errors.New("a WebSocket frame is too long")

// ParseFrame reads the header of the frame that b begins with; ok is false while the header is not complete. The payload may not be
// complete: compare End with len(b). A payload of more than limit bytes is ErrFrame.
func ParseFrame(b []byte, limit int) (f Frame, ok bool, err error) {
	if len(b) < 2 {
		return Frame{}, false, nil
	}
	f.Final, f.Opcode = b[0]&FinBit != 0, b[0]&0x0f
	size, start := uint64(b[1]&^MaskBit), 2
	switch size {
	case 126:
		if len(b) < 4 {
			return Frame{}, false, nil
		}
		size, start = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return Frame{}, false, nil
		}
		size, start = binary.BigEndian.Uint64(b[2:]), 10
	}
	if b[1]&MaskBit != 0 {
		start += 4
	}
	if size > uint64(limit) {
		return Frame{}, false, ErrFrame
	}
	f.Start, f.End = start, start+int(size)
	return f, len(b) >= start, nil
}

// AppendHeader appends the header of a frame of a server, a whole message whose payload has n bytes.
func AppendHeader(b []byte, op byte, n int) []byte {
	switch {
	case n <= 125:
		return append(b, FinBit|op, byte(n))
	case n <= 0xffff:
		return binary.BigEndian.AppendUint16(append(b, FinBit|op, 126), uint16(n))
	default:
		return binary.BigEndian.AppendUint64(append(b, FinBit|op, 127), uint64(n))
	}
}
