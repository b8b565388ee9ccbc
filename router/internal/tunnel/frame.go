package tunnel

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
)

// Bounds of what a tunnel holds back while it looks. Whatever is larger is relayed as it is: the game server judges it.
const (
	maxHello = proto.MaxClientMessage + 512 // frame headers and a few control frames besides
	maxMoved = proto.MaxTicket + 4<<10
)

// A tunnel reads frames as far as it must: to find the end of the client's first message and to see whether the server's first record
// is a Moved.
var errFrame = errors.New("no hello in WebSocket frames")

// firstMessage gives where the first message that is no control frame ends in b, a client's stream; ok is false while b
// does not hold it whole. It is an error that there is none: a close frame, something else than frames, or too much.
func firstMessage(b []byte) (end int, ok bool, err error) {
	for {
		f, ok, err := edge.ParseFrame(b[end:], proto.MaxServerMessage)
		if !ok || err != nil {
			return 0, false, err
		}
		if f.Opcode == edge.OpClose || end+f.End > maxHello {
			return 0, false, errFrame
		}
		if end+f.End > len(b) {
			return 0, false, nil
		}
		end += f.End
		if f.Final && f.Opcode&edge.OpControl == 0 {
			return end, true, nil
		}
	}
}

// firstMoved looks whether the first record in b, a server's stream, is a Moved. more is true while b is too short to
// tell. Anything unexpected is no Moved.
func firstMoved(b []byte) (moved *proto.Moved, more bool) {
	for {
		f, ok, err := edge.ParseFrame(b, proto.MaxServerMessage)
		switch {
		case err != nil || f.Opcode == edge.OpClose:
			return nil, false
		case !ok:
			return nil, true
		case f.Opcode&edge.OpControl == 0:
			return movedIn(f, b)
		case f.End > len(b):
			return nil, true
		}
		b = b[f.End:]
	}
}

func movedIn(f edge.Frame, b []byte) (moved *proto.Moved, more bool) {
	payload := b[f.Start:min(f.End, len(b))]
	switch {
	case !f.Final || f.Opcode != edge.OpBinary || f.End == f.Start || f.End-f.Start > maxMoved:
		return nil, false
	case len(payload) == 0:
		return nil, true
	case proto.Kind(payload[0]) != proto.KindMoved:
		return nil, false
	case f.End > len(b):
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
		f, ok, err := edge.ParseFrame(message, proto.MaxServerMessage)
		if !ok || err != nil || f.End > len(message) || message[1]&edge.MaskBit == 0 {
			return false
		}
		if f.Opcode&edge.OpControl == 0 {
			key := message[f.Start-4 : f.Start]
			for i, c := range message[f.Start:f.End] {
				payload = append(payload, c^key[i&3])
			}
		}
		message = message[f.End:]
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
	b = append(edge.AppendHeader(b, edge.OpBinary, len(record)), record...)
	b = edge.AppendHeader(b, edge.OpClose, 2+len(text))
	b = binary.BigEndian.AppendUint16(b, uint16(code))
	return append(b, text...)
}
