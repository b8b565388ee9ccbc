package front

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// WebSocket frames (RFC 6455, 5.2), as far as a tunnel must read them: to find the end of the client's first message
// and to see whether the server's first record is a Moved.
//
//	FIN,RSV,opcode:u8   MASK,len:u8   [len16 | len64]   [mask key:4 B]   payload
const (
	opBinary  = 0x2
	opClose   = 0x8
	opControl = 0x8 // the bit that all control frames have
	finBit    = 0x80
	maskBit   = 0x80
)

// Bounds of what a tunnel holds back while it looks. Whatever is larger is relayed as it is: the game server judges it.
const (
	maxHello = proto.MaxClientMessage + 512 // frame headers and a few control frames besides
	maxMoved = proto.MaxTicket + 4<<10
)

var errFrame = errors.New("no hello in WebSocket frames")

// frame is one frame at the beginning of a byte stream.
type frame struct {
	fin        bool
	opcode     byte
	start, end int // of the payload
}

// parseFrame reads the header of the frame that b begins with; ok is false while the header is not complete. The payload
// may be: compare end with len(b).
func parseFrame(b []byte) (f frame, ok bool, err error) {
	if len(b) < 2 {
		return frame{}, false, nil
	}
	f.fin, f.opcode = b[0]&finBit != 0, b[0]&0x0f
	size, start := uint64(b[1]&^maskBit), 2
	switch size {
	case 126:
		if len(b) < 4 {
			return frame{}, false, nil
		}
		size, start = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case 127:
		if len(b) < 10 {
			return frame{}, false, nil
		}
		size, start = binary.BigEndian.Uint64(b[2:]), 10
	}
	if b[1]&maskBit != 0 {
		start += 4
	}
	if size > proto.MaxServerMessage {
		return frame{}, false, errFrame
	}
	f.start, f.end = start, start+int(size)
	return f, len(b) >= start, nil
}

// firstMessage gives where the first message that is no control frame ends in b, a client's stream; ok is false while b
// does not hold it whole. It is an error that there is none: a close frame, something else than frames, or too much.
func firstMessage(b []byte) (end int, ok bool, err error) {
	for {
		f, ok, err := parseFrame(b[end:])
		if !ok || err != nil {
			return 0, false, err
		}
		if f.opcode == opClose || end+f.end > maxHello {
			return 0, false, errFrame
		}
		if end+f.end > len(b) {
			return 0, false, nil
		}
		end += f.end
		if f.fin && f.opcode&opControl == 0 {
			return end, true, nil
		}
	}
}

// firstMoved looks whether the first record in b, a server's stream, is a Moved. more is true while b is too short to
// tell. Anything unexpected is no Moved.
func firstMoved(b []byte) (moved *proto.Moved, more bool) {
	for {
		f, ok, err := parseFrame(b)
		switch {
		case err != nil || f.opcode == opClose:
			return nil, false
		case !ok:
			return nil, true
		case f.opcode&opControl == 0:
			return movedIn(f, b)
		case f.end > len(b):
			return nil, true
		}
		b = b[f.end:]
	}
}

func movedIn(f frame, b []byte) (moved *proto.Moved, more bool) {
	payload := b[f.start:min(f.end, len(b))]
	switch {
	case !f.fin || f.opcode != opBinary || f.end == f.start || f.end-f.start > maxMoved:
		return nil, false
	case len(payload) == 0:
		return nil, true
	case proto.Kind(payload[0]) != proto.KindMoved:
		return nil, false
	case f.end > len(b):
		return nil, true
	}
	_, body, _, err := proto.NextRecord(payload)
	if err != nil {
		return nil, false
	}
	m, err := proto.ParseMoved(body)
	if err != nil {
		return nil, false
	}
	return &m, false
}

// resumes reports whether a client's first message, in its frames, is a hello with a resume token.
func resumes(message []byte) bool {
	var payload []byte
	for len(message) > 0 {
		f, ok, err := parseFrame(message)
		if !ok || err != nil || f.end > len(message) || message[1]&maskBit == 0 {
			return false
		}
		if f.opcode&opControl == 0 {
			key := message[f.start-4 : f.start]
			for i, c := range message[f.start:f.end] {
				payload = append(payload, c^key[i&3])
			}
		}
		message = message[f.end:]
	}
	kind, body, _, err := proto.NextRecord(payload)
	if err != nil || kind != proto.KindHello {
		return false
	}
	hello, err := proto.ParseHello(body)
	return err == nil && len(hello.Resume) > 0
}

// appendGoodbye appends an error record in a frame and a close frame, both with code and text.
func appendGoodbye(b []byte, code proto.CloseCode, text string, retry time.Duration) []byte {
	text = text[:min(len(text), proto.MaxText)]
	record := proto.Error{Code: code, RetryMs: uint32(min(retry, time.Hour).Milliseconds()), Text: text}.Append(nil)
	b = append(appendHeader(b, opBinary, len(record)), record...)
	b = appendHeader(b, opClose, 2+len(text))
	b = binary.BigEndian.AppendUint16(b, uint16(code))
	return append(b, text...)
}

// appendHeader appends the header of a server's frame of at most 65535 bytes.
func appendHeader(b []byte, opcode byte, size int) []byte {
	b = append(b, finBit|opcode)
	if size < 126 {
		return append(b, byte(size))
	}
	return binary.BigEndian.AppendUint16(append(b, 126), uint16(size))
}
