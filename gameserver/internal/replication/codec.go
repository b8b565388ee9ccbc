package replication

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// message is what one record carries. fields lists it once for both directions: a codec appends the fields, or reads them.
type message interface{ fields(c *codec) }

// encode makes a record.
func encode(k proto.Kind, m message) []byte {
	b, at := proto.BeginRecord(nil, k)
	c := codec{b: b}
	m.fields(&c)
	return proto.EndRecord(c.b, at)
}

// decode reads a body into m, which is zero. Bytes that are left are an error.
func decode(k proto.Kind, body []byte, m message) error {
	c := codec{b: body, reads: true}
	m.fields(&c)
	return c.end(k)
}

// on decodes a body and gives it to take, unless that fails.
func on[M any, P interface {
	*M
	message
}](k proto.Kind, body []byte, take func(m *M) error) error {
	m := new(M)
	if err := decode(k, body, P(m)); err != nil {
		return err
	}
	return take(m)
}

// codec appends fields to b, or reads them from there. The first error of reading is kept; after it, nothing is read.
type codec struct {
	b     []byte
	reads bool
	err   error
}

// fail keeps err if it is the first error.
func (c *codec) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

// end returns the error of the body.
func (c *codec) end(k proto.Kind) error {
	if c.err == nil && len(c.b) > 0 {
		c.err = proto.ErrTrailing
	}
	if c.err != nil {
		return fmt.Errorf("replication: record %#x: %w", uint8(k), c.err)
	}
	return nil
}

// next reads n bytes, which alias the body; nil after an error.
func (c *codec) next(n int) []byte {
	if c.err == nil && len(c.b) < n {
		c.err = proto.ErrShort
	}
	if c.err != nil {
		return nil
	}
	b := c.b[:n:n]
	c.b = c.b[n:]
	return b
}

// rest reads all that is left; it aliases the body.
func (c *codec) rest() []byte { return c.next(len(c.b)) }

// more reports whether a list that goes to the end of the body, of which i items are done, has another one.
func (c *codec) more(i, items int) bool {
	if c.reads {
		return c.err == nil && len(c.b) > 0
	}
	return i < items
}

// integer is a uvarint in its shortest form, at most limit.
func integer[T ~int | ~uint8 | ~uint32 | ~uint64](c *codec, v *T, limit uint64) {
	if !c.reads {
		c.b = binary.AppendUvarint(c.b, uint64(*v))
		return
	}
	n, w := binary.Uvarint(c.b)
	switch {
	case c.err != nil:
	case w == 0:
		c.err = proto.ErrShort
	case w < 0 || n > limit || w > 1 && c.b[w-1] == 0:
		c.err = proto.ErrRange
	default:
		c.b = c.b[w:]
		*v = T(n)
	}
}

// number is an integer as large as its type.
func number[T ~uint32 | ~uint64](c *codec, v *T) { integer(c, v, uint64(^T(0))) }

// text is a length, at most limit, and as many bytes.
func text[T ~string](c *codec, v *T, limit int) {
	n := len(*v)
	integer(c, &n, uint64(limit))
	if !c.reads {
		c.b = append(c.b, *v...)
		return
	}
	*v = T(c.next(n))
}

func (c *codec) name(v *string) { text(c, v, maxName) }

// reason is a text for people. It is shortened to what a record takes.
func (c *codec) reason(v *string) {
	if !c.reads {
		short := (*v)[:min(len(*v), maxReason)]
		v = &short
	}
	text(c, v, maxReason)
}

// slice is as text; what is read aliases the body.
func (c *codec) slice(v *[]byte, limit int) {
	n := len(*v)
	integer(c, &n, uint64(limit))
	if !c.reads {
		c.b = append(c.b, *v...)
		return
	}
	*v = c.next(n)
}

// bytes is slice with a copy of what is read.
func (c *codec) bytes(v *[]byte, limit int) {
	if c.slice(v, limit); c.reads {
		*v = append([]byte(nil), *v...)
	}
}

// octet is one byte, at most limit.
func octet[T ~uint8](c *codec, v *T, limit T) {
	if !c.reads {
		c.b = append(c.b, byte(*v))
		return
	}
	if b := c.next(1); b != nil {
		if *v = T(b[0]); *v > limit {
			c.fail(fmt.Errorf("value %d, at most %d is allowed: %w", *v, limit, proto.ErrRange))
		}
	}
}

// flags is one byte, with a bit for each flag: 1 for the first, 2 for the next.
func (c *codec) flags(all ...*bool) {
	var bits uint8
	for i, v := range all {
		if *v {
			bits |= 1 << i
		}
	}
	octet(c, &bits, 1<<len(all)-1)
	for i, v := range all {
		*v = bits>>i&1 == 1
	}
}

func (c *codec) flag(v *bool) { c.flags(v) }

// span is a duration in units, as a u32.
func (c *codec) span(v *time.Duration, unit time.Duration) {
	n := uint32(max(0, min(*v/unit, math.MaxUint32)))
	if number(c, &n); c.reads {
		*v = time.Duration(n) * unit
	}
}

func (c *codec) tick(v *proto.Tick) { number(c, v) }

func (c *codec) room(v *proto.RoomID) {
	if text(c, v, proto.MaxRoomID); c.reads {
		_, err := proto.ParseRoomID(string(*v))
		c.fail(err)
	}
}

func (c *codec) instance(v *proto.Instance) {
	if !c.reads {
		c.b = binary.LittleEndian.AppendUint64(c.b, uint64(*v))
	} else if b := c.next(8); b != nil {
		*v = proto.Instance(binary.LittleEndian.Uint64(b))
	}
}

func (c *codec) epoch(v *proto.Epoch) {
	c.instance(&v.Instance)
	number(c, &v.Counter)
	c.name(&v.Server)
}

// names is a list of at most MaxOthers names. More are not sent.
func (c *codec) names(v *[]string) {
	n := min(len(*v), MaxOthers)
	integer(c, &n, MaxOthers)
	if c.reads {
		*v = make([]string, n)
	}
	for i := range n {
		c.name(&(*v)[i])
	}
}

// input is an input record; its samples alias the body.
func (c *codec) input(v *proto.Input) {
	if !c.reads {
		c.b = v.Append(c.b)
		return
	}
	k, body, rest, err := proto.NextRecord(c.b)
	if err == nil && k != proto.KindInput {
		err = fmt.Errorf("%v in place of an input: %w", k, proto.ErrRange)
	}
	if err == nil {
		*v, err = proto.ParseInput(body)
	}
	c.b = rest
	c.fail(err)
}
