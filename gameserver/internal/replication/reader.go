package replication

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func appendString(b []byte, s string) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendSlice(b, s []byte) []byte {
	b = binary.AppendUvarint(b, uint64(len(s)))
	return append(b, s...)
}

func appendEpoch(b []byte, e proto.Epoch) []byte {
	b = binary.LittleEndian.AppendUint64(b, uint64(e.Instance))
	b = binary.AppendUvarint(b, uint64(e.Counter))
	return appendString(b, e.Server)
}

func flagOf(set bool) byte {
	if set {
		return 1
	}
	return 0
}

// appendNames appends at most MaxOthers names.
func appendNames(b []byte, names []string) []byte {
	names = names[:min(len(names), MaxOthers)]
	b = binary.AppendUvarint(b, uint64(len(names)))
	for _, n := range names {
		b = appendString(b, n)
	}
	return b
}

func microseconds(n uint32) time.Duration { return time.Duration(n) * time.Microsecond }

// reader reads a body. The first error is kept; after it all reads return zeroes.
type reader struct {
	b   []byte
	err error
}

var zeroes [32]byte

// bytes returns the next n bytes. n is at most 32, the number of zeroes that a failed read returns.
func (r *reader) bytes(n int) []byte {
	if r.err == nil && len(r.b) < n {
		r.err = proto.ErrShort
	}
	if r.err != nil {
		return zeroes[:n]
	}
	b := r.b[:n]
	r.b = r.b[n:]
	return b
}

func (r *reader) uvarint(limit uint64) uint64 {
	n, w := binary.Uvarint(r.b)
	switch {
	case r.err != nil:
	case w == 0:
		r.err = proto.ErrShort
	case w < 0 || n > limit || w > 1 && r.b[w-1] == 0: // not the shortest form
		r.err = proto.ErrRange
	}
	if r.err != nil {
		return 0
	}
	r.b = r.b[w:]
	return n
}

func (r *reader) string(limit int) string {
	n := int(r.uvarint(uint64(limit)))
	if r.err == nil && len(r.b) < n {
		r.err = proto.ErrShort
	}
	if r.err != nil {
		return ""
	}
	s := string(r.b[:n])
	r.b = r.b[n:]
	return s
}

func (r *reader) names() (names []string) {
	for range r.uvarint(MaxOthers) {
		names = append(names, r.string(maxName))
	}
	return names
}

func (r *reader) room() proto.RoomID {
	room, err := proto.ParseRoomID(r.string(proto.MaxRoomID))
	r.fail(err)
	return room
}

func (r *reader) flag() bool { return r.uvarint(1) == 1 }

func (r *reader) u64() uint64 { return r.uvarint(1<<64 - 1) }

func (r *reader) u32() uint32 { return uint32(r.uvarint(1<<32 - 1)) }

func (r *reader) instance() proto.Instance {
	return proto.Instance(binary.LittleEndian.Uint64(r.bytes(8)))
}

func (r *reader) epoch() proto.Epoch {
	instance := r.instance()
	return proto.Epoch{Instance: instance, Counter: r.u32(), Server: r.string(maxName)}
}

// slice reads a length and as many bytes, which alias the body.
func (r *reader) slice() []byte {
	n := int(r.uvarint(MaxRecord))
	if r.err == nil && len(r.b) < n {
		r.err = proto.ErrShort
	}
	if r.err != nil {
		return nil
	}
	b := r.b[:n:n]
	r.b = r.b[n:]
	return b
}

// rest returns all that is left; it aliases the body.
func (r *reader) rest() []byte {
	if r.err != nil {
		return nil
	}
	b := r.b
	r.b = nil
	return b
}

// input reads an input record; its samples alias the body.
func (r *reader) input() proto.Input {
	if r.err != nil {
		return proto.Input{}
	}
	k, body, rest, err := proto.NextRecord(r.b)
	if err == nil && k != proto.KindInput {
		err = fmt.Errorf("%v in place of an input: %w", k, proto.ErrRange)
	}
	r.fail(err)
	if r.err != nil {
		return proto.Input{}
	}
	m, err := proto.ParseInput(body)
	r.fail(err)
	r.b = rest
	return m
}

// fail keeps err if it is the first error.
func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// end returns the error of the body. Bytes that are left are one.
func (r *reader) end(what string) error {
	if r.err == nil && len(r.b) > 0 {
		r.err = proto.ErrTrailing
	}
	if r.err != nil {
		return fmt.Errorf("replication: %s record: %w", what, r.err)
	}
	return nil
}
