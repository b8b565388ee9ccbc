package state

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"math/bits"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// Samples encodes samples whose fields are known by their schema only, as Codec does those of a struct.
type Samples struct {
	*layout
	base, now values
}

// values are a sample's, by field.
type values struct {
	vals []int64
	strs []string
}

// NewSamples is for the samples of a room's schema; it is the caller's that row has come from ParseSchema.
func NewSamples(row *RowSchema) (*Samples, error) {
	l, err := newLayout(row)
	if err != nil {
		return nil, err
	}
	n := len(l.fields)
	return &Samples{l, values{make([]int64, n), make([]string, n)}, values{make([]int64, n), make([]string, n)}}, nil
}

// Begin begins a message: the next sample is coded against the zero sample.
func (s *Samples) Begin() {
	for i := range s.fields {
		s.base.vals[i], s.base.strs[i] = s.fields[i].zero(), ""
	}
}

// Append appends the sample with these values, which are quantised; a field without one is that of the zero sample. A value is a bool, a string, or a
// json.Number; an integer may be in a string, as Text writes those of 64 bits. The error names the field and says what to write.
func (s *Samples) Append(b []byte, fields map[string]any) ([]byte, error) {
	for i := range s.fields {
		s.now.vals[i], s.now.strs[i] = s.fields[i].zero(), ""
	}
	for name, v := range fields {
		i := s.find(name)
		if i < 0 {
			return nil, fmt.Errorf("the input has no field %.32q; its fields are %s", name, s.names())
		}
		if err := s.set(i, v); err != nil {
			return nil, fmt.Errorf("field %s of the input %w", name, err)
		}
	}
	mask := uint64(0)
	for i := range s.fields {
		if s.now.vals[i] != s.base.vals[i] || s.now.strs[i] != s.base.strs[i] {
			mask |= 1 << i
		}
	}
	b = binary.AppendUvarint(b, mask)
	for ; mask != 0; mask &= mask - 1 {
		i := bits.TrailingZeros64(mask)
		if f := &s.fields[i]; f.Type == TypeString {
			b = append(append(b, byte(len(s.now.strs[i]))), s.now.strs[i]...)
		} else {
			b = f.appendChange(b, s.now.vals[i]-s.base.vals[i], s.now.vals[i])
		}
	}
	s.base, s.now = s.now, s.base
	return b, nil
}

func (s *Samples) names() string {
	var names []string
	for i := range s.fields {
		names = append(names, s.fields[i].Name)
	}
	return strings.Join(names, ", ")
}

// set quantises v as field i's.
func (s *Samples) set(i int, v any) error {
	f := &s.fields[i]
	text, quoted := v.(string)
	number, isNumber := v.(json.Number)
	switch {
	case f.Type == TypeBool:
		is, ok := v.(bool)
		if !ok {
			return fmt.Errorf("is not true or false")
		}
		if is {
			s.now.vals[i] = 1
		}
		return nil
	case f.Type == TypeString:
		if !quoted {
			return fmt.Errorf("is not a string")
		}
		s.now.strs[i] = cleanString(text, int(f.Size))
		return nil
	case f.whole() && quoted:
		number, isNumber = json.Number(text), true
	}
	if !isNumber {
		return fmt.Errorf("is not a number")
	}
	if !f.whole() {
		x, err := strconv.ParseFloat(string(number), 64)
		if err != nil {
			return fmt.Errorf("is %.32s, which is beyond all numbers", number)
		}
		s.now.vals[i] = f.quantise(x)
		return nil
	}
	q, err := f.integer(string(number))
	s.now.vals[i] = q
	return err
}

// integer reads a whole number within the field's range.
func (c *spec) integer(number string) (int64, error) {
	var q int64
	var err error
	if c.Type == TypeUint64 {
		var u uint64
		u, err = strconv.ParseUint(number, 10, 64)
		q = int64(u)
	} else {
		q, err = strconv.ParseInt(number, 10, 64)
	}
	if err != nil { // as some languages write whole floats: 1.0, 1e2
		x, failed := strconv.ParseFloat(number, 64)
		if failed != nil || x != math.Trunc(x) || math.Abs(x) > 1<<53 {
			return 0, fmt.Errorf("is %.32s; write a whole number within its range", number)
		}
		if q, err = int64(x), nil; x < 0 && c.Type == TypeUint64 {
			return 0, fmt.Errorf("is %.32s; it cannot be negative: %w", number, proto.ErrRange)
		}
	}
	if !c.has(q) {
		if c.Type == TypeUint64 {
			return 0, fmt.Errorf("is %.32s; %d to %d are allowed: %w", number, uint64(c.lo), uint64(c.lo)+c.span, proto.ErrRange)
		}
		return 0, fmt.Errorf("is %.32s; %d to %d are allowed: %w", number, c.lo, c.lo+int64(c.span), proto.ErrRange)
	}
	return q, nil
}
