package state

import (
	"encoding/binary"
	"fmt"
	"math/bits"
	"reflect"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// Codec encodes samples of T, a client's inputs, each as its difference to the sample before. T's fields are tagged as
// a table's, without owner, hidden, rewind and predict. A Codec is immutable: any goroutine may use it at any time.
type Codec[T any] struct {
	row RowSchema
	*layout
}

// NewCodec makes the codec for T. The error names the field and says what to write.
func NewCodec[T any]() (*Codec[T], error) {
	t := reflect.TypeFor[T]()
	row, err := rowOf(t, Public, true)
	if err != nil {
		return nil, fmt.Errorf("state: %w", err)
	}
	if err := row.checkSample(); err != nil {
		return nil, err
	}
	l, err := newLayout(&row)
	if err != nil {
		return nil, fmt.Errorf("state: %s: %w", t.Name(), err)
	}
	l.place(t)
	return &Codec[T]{row, l}, nil
}

// checkSample checks the schema of a sample, whose longest form must fit into proto.MaxSampleBytes.
func (r *RowSchema) checkSample() error {
	if len(r.Fields) > maskBits {
		return fmt.Errorf("state: input has %d fields, at most %d are allowed: %w", len(r.Fields), maskBits, proto.ErrRange)
	}
	size := (len(r.Fields) + 6) / 7
	for i := range r.Fields {
		f := &r.Fields[i]
		if err := checkName(f.Name); err != nil {
			return fmt.Errorf("state: input: field name %w", err)
		}
		c, err := newSpec(f)
		if err != nil {
			return fmt.Errorf("state: input: field %s: %w", f.Name, err)
		}
		if f.Linear || f.Rewind || f.Part != Public || f.Count > 0 {
			return fmt.Errorf("state: input: field %s: a sample is not predicted, kept or parted, and has no arrays: %w", f.Name, proto.ErrRange)
		}
		size += c.longest()
		for _, g := range r.Fields[:i] {
			if g.Name == f.Name {
				return fmt.Errorf("state: input: two fields are named %q on the wire; rename one: %w", f.Name, proto.ErrRange)
			}
		}
	}
	if size > proto.MaxSampleBytes {
		return fmt.Errorf("state: an input may take %d bytes, at most %d are allowed; use smaller fields: %w", size, proto.MaxSampleBytes, proto.ErrRange)
	}
	return nil
}

// longest is how many bytes a change of the field takes at most.
func (c *spec) longest() int {
	switch c.form {
	case formToggle:
		return 0
	case formString:
		return 1 + int(c.Size)
	case formAngle:
		return 1 + c.width
	case formVarint:
		return min(10, (bits.Len64(c.span)+1+6)/7)
	}
	return c.width
}

// Schema describes T, for Open.
func (c *Codec[T]) Schema() *RowSchema { return &c.row }

// Quantise brings v to what the other end will see of it.
func (c *Codec[T]) Quantise(v *T) {
	p := unsafe.Pointer(v)
	for i := range c.fields {
		if f := &c.fields[i]; f.Type == TypeString {
			f.setString(p, cleanString(f.getString(p), int(f.Size)))
		} else {
			f.set(p, f.get(p))
		}
	}
}

// Append appends v as its difference to base: a mask, then what changed. Both need not be quantised.
func (c *Codec[T]) Append(b []byte, base, v *T) []byte {
	p, q := unsafe.Pointer(base), unsafe.Pointer(v)
	mask := uint64(0)
	for i := range c.fields {
		f := &c.fields[i]
		differ := false
		if f.Type == TypeString {
			differ = cleanString(f.getString(p), int(f.Size)) != cleanString(f.getString(q), int(f.Size))
		} else {
			differ = f.get(p) != f.get(q)
		}
		if differ {
			mask |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, mask)
	for ; mask != 0; mask &= mask - 1 {
		f := &c.fields[bits.TrailingZeros64(mask)]
		if f.Type == TypeString {
			s := cleanString(f.getString(q), int(f.Size))
			b = append(append(b, byte(len(s))), s...)
		} else {
			was, now := f.get(p), f.get(q)
			b = f.appendChange(b, now-was, now)
		}
	}
	return b
}

// Parse reads the sample behind base into v and gives the bytes behind it. After an error v is not to be used.
// base must be quantised, as it is when it was parsed or is the zero sample after Quantise.
func (c *Codec[T]) Parse(b []byte, base, v *T) (rest []byte, err error) {
	in := reader{b: b}
	*v = *base
	p := unsafe.Pointer(v)
	mask := in.uvarint()
	if in.err == nil && bits.Len64(mask) > len(c.fields) {
		in.fail(proto.ErrRange)
	}
	if in.err != nil {
		return nil, fmt.Errorf("state: sample: %w", in.err)
	}
	for ; mask != 0; mask &= mask - 1 {
		f := &c.fields[bits.TrailingZeros64(mask)]
		if f.Type == TypeString {
			if s := in.text(f); in.err == nil && f.getString(p) != string(s) {
				f.setString(p, string(s))
			}
		} else if now := in.change(f, f.get(p)); in.err == nil {
			f.set(p, now)
		}
		if in.err != nil {
			return nil, fmt.Errorf("state: sample: field %s: %w", f.Name, in.err)
		}
	}
	return in.b, nil
}
