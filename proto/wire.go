package proto

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf8"
)

func appendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

// appendEpoch: instance u64, counter uvarint, server string.
func appendEpoch(b []byte, e Epoch) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Instance))
	b = binary.AppendUvarint(b, uint64(e.Counter))
	return appendString(b, e.Server)
}

// clip makes a text fit to send: valid UTF-8, cut to MaxText bytes at a rune's border.
func clip(s string) string {
	s = strings.ToValidUTF8(s, "?")
	if len(s) <= MaxText {
		return s
	}
	n := MaxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// reader takes a body apart. The first failure sticks; after it every method gives zero and the message is refused by
// end, so that a Parse function reads straight down its layout. Field names are what errors say.
type reader struct {
	message string
	b       []byte
	err     error
}

func (r *reader) fail(field string, err error) {
	if r.err == nil {
		r.err = fmt.Errorf("%s: %s: %w", r.message, field, err)
	}
	r.b = nil
}

// refuse says that field is out of range, and what is allowed.
func (r *reader) refuse(field, format string, args ...any) {
	r.fail(field, fmt.Errorf("%w: %s", ErrRange, fmt.Sprintf(format, args...)))
}

func (r *reader) take(field string, n int) []byte {
	if r.err != nil {
		return nil
	}
	if n > len(r.b) {
		r.fail(field, ErrShort)
		return nil
	}
	p := r.b[:n:n]
	r.b = r.b[n:]
	return p
}

func (r *reader) u8(field string) uint8 {
	if p := r.take(field, 1); p != nil {
		return p[0]
	}
	return 0
}

func (r *reader) u16(field string) uint16 {
	if p := r.take(field, 2); p != nil {
		return binary.LittleEndian.Uint16(p)
	}
	return 0
}

func (r *reader) u32(field string) uint32 {
	if p := r.take(field, 4); p != nil {
		return binary.LittleEndian.Uint32(p)
	}
	return 0
}

func (r *reader) u64(field string) uint64 {
	if p := r.take(field, 8); p != nil {
		return binary.LittleEndian.Uint64(p)
	}
	return 0
}

// uvarint reads a number of at most limit in its shortest form.
func (r *reader) uvarint(field string, limit uint64) uint64 {
	if r.err != nil {
		return 0
	}
	v, w := binary.Uvarint(r.b)
	switch {
	case w == 0:
		r.fail(field, ErrShort)
	case w < 0 || w > 1 && r.b[w-1] == 0:
		r.refuse(field, "not a shortest uvarint")
	case v > limit:
		r.refuse(field, "%d, at most %d is allowed", v, limit)
	default:
		r.b = r.b[w:]
		return v
	}
	return 0
}

// varint32 reads a zigzag number that fits 32 bits.
func (r *reader) varint32(field string) int32 {
	v := r.uvarint(field, 1<<32-1)
	return int32(uint32(v)>>1) ^ -int32(v&1)
}

// bytes reads a length of at most limit and so many bytes; nil when there are none.
func (r *reader) bytes(field string, limit int) []byte {
	if r.err != nil {
		return nil
	}
	n, w := binary.Uvarint(r.b)
	if w > 0 && n > uint64(limit) {
		r.refuse(field, "%d bytes, at most %d are allowed", n, limit)
		return nil
	}
	if n = r.uvarint(field, uint64(limit)); n == 0 {
		return nil
	}
	return r.take(field, int(n))
}

func (r *reader) string(field string, limit int) string {
	p := r.bytes(field, limit)
	if !utf8.Valid(p) {
		r.refuse(field, "%q is not UTF-8", p)
		return ""
	}
	return string(p)
}

func (r *reader) epoch() Epoch {
	return Epoch{
		Instance: Instance(r.u64("instance")),
		Counter:  uint32(r.uvarint("epoch counter", 1<<32-1)),
		Server:   r.string("epoch server", MaxServerName),
	}
}

// rest takes all that is left, at most limit bytes; nil when there is nothing.
func (r *reader) rest(field string, limit int) []byte {
	if len(r.b) > limit {
		r.refuse(field, "%d bytes, at most %d are allowed", len(r.b), limit)
	}
	if r.err != nil || len(r.b) == 0 {
		return nil
	}
	return r.take(field, len(r.b))
}

// end gives the first failure, or ErrTrailing when bytes are left.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return fmt.Errorf("%s: %w: %d bytes", r.message, ErrTrailing, len(r.b))
	}
	return r.err
}
