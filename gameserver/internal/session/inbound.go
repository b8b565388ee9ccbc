package session

import (
	"encoding/binary"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
)

// maxFrame is the longest frame that a client may send, its header of 8 bytes included.
const maxFrame = proto.MaxClientMessage + 8

// inbound makes messages of a client's frames (RFC 6455, 5.2 to 5.5). It knows no socket. Its errors are refusals.
type inbound struct {
	parts   []byte // payloads of a message whose last frame is yet to come
	partial bool   // there is such a message
}

// next takes the first frame of b, which it unmasks in place. size is how many bytes that is; 0 means that b has no
// whole frame. op and payload are what the frame completes: a message (opBinary) or a control frame; opContinuation
// stands for neither. payload is valid until b is changed.
func (in *inbound) next(b []byte) (op byte, payload []byte, size int, err error) {
	h, err := parseHeader(b)
	if err != nil || h.size == 0 {
		return 0, nil, 0, err
	}
	switch {
	case h.op >= opClose:
	case in.partial && h.op != opContinuation:
		return 0, nil, 0, badFrame("a message began within another")
	case !in.partial && h.op == opContinuation:
		return 0, nil, 0, badFrame("it continues no message")
	case len(in.parts)+h.length > proto.MaxClientMessage:
		return 0, nil, 0, proto.Refuse(proto.CloseTooLarge, "a message was over %d bytes; send less at once",
			proto.MaxClientMessage)
	}
	size = h.size + h.length
	if len(b) < size {
		return 0, nil, 0, nil
	}
	payload = b[h.size:size]
	unmask(payload, [4]byte(b[h.size-4:h.size]))
	if h.op >= opClose || h.final && !in.partial {
		return h.op, payload, size, nil
	}
	in.parts, in.partial = append(in.parts, payload...), !h.final
	if in.partial {
		return opContinuation, nil, size, nil
	}
	payload, in.parts = in.parts, nil
	return opBinary, payload, size, nil
}

// header is the beginning of a client's frame.
type header struct {
	final  bool
	op     byte
	length int // of the payload
	size   int // of the header, the mask's key included; 0: not all of it is there
}

// parseHeader refuses as soon as it can: what is wrong with a frame is known before its payload, or all of its header,
// has come.
func parseHeader(b []byte) (h header, err error) {
	if len(b) < 2 {
		return h, nil
	}
	h.final, h.op = b[0]&finBit != 0, b[0]&0xf
	n := uint64(b[1] &^ maskBit)
	switch {
	case b[0]&reserved != 0:
		return h, badFrame("a reserved bit is set")
	case b[1]&maskBit == 0:
		return h, badFrame("it is not masked")
	case h.op == opText:
		return h, proto.Refuse(proto.CloseMalformed, "a message was text; send binary messages only")
	case h.op > opPong || h.op > opBinary && h.op < opClose:
		return h, badFrame("its opcode is reserved")
	case h.op >= opClose && (n > maxControl || !h.final):
		return h, badFrame("a control frame is long or in parts")
	}
	at := 2
	switch n {
	case 126:
		if at = 4; len(b) < at {
			return h, nil
		}
		if n = uint64(binary.BigEndian.Uint16(b[2:])); n < 126 {
			return h, badFrame("its length could be shorter")
		}
	case 127:
		if at = 10; len(b) < at {
			return h, nil
		}
		n = binary.BigEndian.Uint64(b[2:])
		switch {
		case n >= 1<<63:
			return h, badFrame("its length is impossible")
		case n <= 0xffff:
			return h, badFrame("its length could be shorter")
		}
	}
	if n > proto.MaxClientMessage {
		return h, proto.Refuse(proto.CloseTooLarge, "a message was over %d bytes; send less at once", proto.MaxClientMessage)
	}
	if h.length = int(n); len(b) >= at+4 {
		h.size = at + 4
	}
	return h, nil
}

func badFrame(what string) error {
	return proto.Refuse(proto.CloseMalformed, "a frame is not as RFC 6455 says: %s; update the client", what)
}

// unmask XORs b with the key, eight bytes at a time.
func unmask(b []byte, key [4]byte) {
	k := uint64(binary.LittleEndian.Uint32(key[:]))
	k |= k << 32
	for len(b) >= 8 {
		binary.LittleEndian.PutUint64(b, binary.LittleEndian.Uint64(b)^k)
		b = b[8:]
	}
	for i := range b {
		b[i] ^= key[i&3]
	}
}

// clientClosed is the close frame of a client: it ends the connection. It is the code to answer with, 0 for none.
type clientClosed uint16

func (clientClosed) Error() string { return "the client has closed the connection" }

// parseClose always gives an error: clientClosed, or a refusal of a payload that RFC 6455, 7.4, does not allow.
func parseClose(payload []byte) error {
	if len(payload) == 0 {
		return clientClosed(0)
	}
	if len(payload) == 1 || !utf8.Valid(payload[2:]) {
		return badFrame("a close frame's reason is broken")
	}
	switch code := binary.BigEndian.Uint16(payload); {
	case code >= 1000 && code <= 1003, code >= 1007 && code <= 1014, code >= 3000 && code <= 4999:
		return clientClosed(code)
	default:
		return badFrame("a close frame's code is not one that may be sent")
	}
}
