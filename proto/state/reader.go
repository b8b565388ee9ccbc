package state

import (
	"encoding/binary"

	"github.com/ringside-go/ringside/proto"
)

// reader takes values off a body. After the first fault it gives zeros and keeps the error, so that a caller may read
// a few values before it looks; it must look before it uses a count to loop or to allocate.
type reader struct {
	b   []byte
	err error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.b = nil
}

func (r *reader) byte() byte {
	if len(r.b) == 0 {
		r.fail(proto.ErrShort)
		return 0
	}
	c := r.b[0]
	r.b = r.b[1:]
	return c
}

// take gives the next n bytes; they alias the body.
func (r *reader) take(n int) []byte {
	if n > len(r.b) {
		r.fail(proto.ErrShort)
		return nil
	}
	c := r.b[:n]
	r.b = r.b[n:]
	return c
}

// fixed reads n bytes, 0 to 8, as a little-endian number.
func (r *reader) fixed(n int) uint64 {
	if n > len(r.b) {
		r.fail(proto.ErrShort)
		return 0
	}
	var v uint64
	for i, c := range r.b[:n] {
		v |= uint64(c) << (8 * i)
	}
	r.b = r.b[n:]
	return v
}

// uvarint reads a LEB128 number; a longer form than needed is a fault, so that every value has one form.
func (r *reader) uvarint() uint64 {
	if len(r.b) > 0 && r.b[0] < 0x80 {
		return uint64(r.byte())
	}
	v, n := binary.Uvarint(r.b)
	switch {
	case n == 0:
		r.fail(proto.ErrShort)
		return 0
	case n < 0 || r.b[n-1] == 0:
		r.fail(proto.ErrRange)
		return 0
	}
	r.b = r.b[n:]
	return v
}

// varint reads a zigzag number.
func (r *reader) varint() int64 {
	u := r.uvarint()
	return int64(u>>1) ^ -int64(u&1)
}

// end is nil when everything was read and nothing was wrong.
func (r *reader) end() error {
	if r.err == nil && len(r.b) > 0 {
		return proto.ErrTrailing
	}
	return r.err
}
