package state

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
)

// DefaultStringSize is how many bytes a string field holds when its tag has no max.
const DefaultStringSize = 32

// rowOf describes the struct type t by its tags. part is the whole table's: its fields are at least as private. A
// sample has no prediction, rewind or parts.
func rowOf(t reflect.Type, part Part, sample bool) (RowSchema, error) {
	if t.Kind() != reflect.Struct {
		return RowSchema{}, fmt.Errorf("%v is not a struct", t)
	}
	var row RowSchema
	for i := range t.NumField() {
		sf := t.Field(i)
		f, err := fieldOf(sf, part, sample)
		if err != nil {
			return row, fmt.Errorf("%s.%s %w", t.Name(), sf.Name, err)
		}
		row.Fields = append(row.Fields, f)
	}
	return row, nil
}

func fieldOf(sf reflect.StructField, part Part, sample bool) (Field, error) {
	tag, ok := sf.Tag.Lookup("state")
	switch {
	case !sf.IsExported():
		return Field{}, fmt.Errorf("is not exported, so it would be lost when the room moves; export it and tag it `state:\"hidden\"`")
	case !ok || tag == "-":
		return Field{}, fmt.Errorf("has no state tag, so it would be lost when the room moves; write `state:\"\"`, `state:\"owner\"` or `state:\"hidden\"`")
	}
	f := Field{Name: snake(sf.Name), Part: part}
	o, err := parseOptions(tag)
	if err != nil {
		return f, err
	}
	switch m := memOf(sf.Type.Kind()); {
	case m == memBool:
		f.Type = TypeBool
	case m >= memInt8 && m <= memUint64:
		f.Type = TypeInt8 + Type(m-memInt8)
		if r, ok := o.take("range"); ok {
			if f.Min, f.Max, err = parseRange(r); err != nil {
				return f, err
			}
			if f.Min == f.Max {
				return f, fmt.Errorf("has range=%s; write two numbers, the least first", r)
			}
		}
	case m == memFloat32 || m == memFloat64:
		if err := floatOptions(&f, o, m); err != nil {
			return f, err
		}
	case m == memString:
		f.Type, f.Size = TypeString, DefaultStringSize
		if s, ok := o.take("max"); ok {
			n, err := strconv.ParseUint(s, 10, 8)
			if err != nil || n == 0 {
				return f, fmt.Errorf("has max=%s; write 1 to 255 bytes", s)
			}
			f.Size = uint8(n)
		}
	case sf.Type.Kind() == reflect.Int || sf.Type.Kind() == reflect.Uint:
		return f, fmt.Errorf("is of type %v, whose size is not said; write %v32 or %[1]v64", sf.Type, sf.Type.Kind())
	default:
		return f, fmt.Errorf("is of type %v; write a bool, a number of stated size, a string or a type named after one of them", sf.Type)
	}
	f.Linear = f.Type == TypeFixed && !sample
	if !sample {
		if err := placeOptions(&f, o); err != nil {
			return f, err
		}
	}
	if name := o.rest(); name != "" {
		return f, fmt.Errorf("has %q in its tag, which a field of type %v does not take here", name, sf.Type)
	}
	if _, err := newSpec(&f); err != nil {
		return f, fmt.Errorf("has a tag that does not hold: %w", err)
	}
	return f, nil
}

// floatOptions reads range and step, or angle and bits.
func floatOptions(f *Field, o options, m mem) error {
	rng, isRange := o.take("range")
	step, isStep := o.take("step")
	_, isAngle := o.take("angle")
	bits, isBits := o.take("bits")
	var err error
	switch {
	case isAngle != isBits || isAngle && (isRange || isStep):
		return fmt.Errorf("has an incomplete tag; an angle is written `state:\"angle,bits=10\"`")
	case isRange != isStep:
		return fmt.Errorf("has an incomplete tag; a quantised float is written `state:\"range=0..1024,step=1/16\"`")
	case isAngle:
		f.Type = TypeAngle
		n, err := strconv.ParseUint(bits, 10, 8)
		if err != nil {
			return fmt.Errorf("has bits=%s; write 1 to 16", bits)
		}
		f.Bits = uint8(n)
	case isRange:
		f.Type = TypeFixed
		if f.Min, f.Max, err = parseRange(rng); err != nil {
			return err
		}
		if f.Step, err = parseNumber(step); err != nil {
			return err
		}
		if err := f.checkSteps(); err != nil {
			return fmt.Errorf("has a tag that does not hold: %w", err)
		}
		f.Max = f.Min + float64(float64(f.steps())*f.Step)
	case m == memFloat64:
		return fmt.Errorf("is a float64 that is not quantised; write `state:\"range=0..1024,step=1/16\"`, or use a float32")
	default:
		f.Type = TypeFloat32
	}
	return nil
}

// placeOptions reads who gets the field and what is kept of it.
func placeOptions(f *Field, o options) error {
	if _, ok := o.take("owner"); ok {
		f.Part = max(f.Part, Owner)
	}
	if _, ok := o.take("hidden"); ok {
		f.Part = Hidden
	}
	_, f.Rewind = o.take("rewind")
	switch p, ok := o.take("predict"); {
	case !ok:
	case p == "none":
		f.Linear = false
	case p == "linear":
		f.Linear = true
	default:
		return fmt.Errorf("has predict=%s; write predict=linear or predict=none", p)
	}
	return nil
}

// options are a tag's words; a word without = has the value "".
type options map[string]string

func parseOptions(tag string) (options, error) {
	o := options{}
	if tag == "" {
		return o, nil
	}
	for word := range strings.SplitSeq(tag, ",") {
		name, value, eq := strings.Cut(strings.TrimSpace(word), "=")
		_, twice := o[name]
		flag := name == "owner" || name == "hidden" || name == "rewind" || name == "angle"
		switch {
		case name == "" || twice || eq == flag || eq && value == "":
			return nil, fmt.Errorf("has a tag that cannot be read at %q in `state:\"%s\"`", word, tag)
		}
		o[name] = value
	}
	return o, nil
}

func (o options) take(name string) (string, bool) {
	v, ok := o[name]
	delete(o, name)
	return v, ok
}

// rest is a word that nobody took, the first in the alphabet, or "".
func (o options) rest() string {
	least := ""
	for name := range o {
		if least == "" || name < least {
			least = name
		}
	}
	return least
}

func parseRange(s string) (lo, hi float64, err error) {
	a, b, ok := strings.Cut(s, "..")
	if ok {
		if lo, err = parseNumber(a); err == nil {
			hi, err = parseNumber(b)
		}
	}
	if !ok || err != nil {
		return 0, 0, fmt.Errorf("has range=%s; write the least and the greatest value, as in range=0..1024", s)
	}
	return lo, hi, nil
}

// parseNumber reads a decimal number or a fraction of two.
func parseNumber(s string) (float64, error) {
	a, b, frac := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(a, 64)
	if err == nil && frac {
		var d float64
		d, err = strconv.ParseFloat(b, 64)
		v /= d
	}
	if err != nil {
		return 0, fmt.Errorf("has %q in its tag, which is not a number", s)
	}
	return v, nil
}

// snake turns a Go name into its name on the wire: MoveX is move_x, HP is hp, PlayerID is player_id.
func snake(s string) string {
	upper := func(i int) bool { return i < len(s) && s[i] >= 'A' && s[i] <= 'Z' }
	lower := func(i int) bool { return i < len(s) && s[i] >= 'a' && s[i] <= 'z' }
	var b []byte
	for i := range len(s) {
		c := s[i]
		if upper(i) {
			if i > 0 && (!upper(i-1) || lower(i+1)) && s[i-1] != '_' {
				b = append(b, '_')
			}
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}
