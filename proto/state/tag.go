package state

import (
	"fmt"
	"reflect"
	"strconv"
)

// DefaultStringSize is how many bytes a string field holds when its tag has no max.
const DefaultStringSize = 32

// rowOf describes the struct type t by its tags. part is the whole table's: its fields are at least as private. A
// sample has no arrays, prediction, rewind or parts.
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
	elem, count := elementOf(sf.Type)
	switch {
	case sf.Type.Kind() == reflect.Array && sample:
		return f, fmt.Errorf("is an array, which an input does not take; write a field for each element")
	case sf.Type.Kind() == reflect.Array && (count < 1 || count > MaxArray):
		return f, fmt.Errorf("has %d elements; write an array of 1 to %d, or a table with a row for each", count, MaxArray)
	}
	f.Count = uint8(count)
	switch m := memOf(elem.Kind()); {
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
	case elem.Kind() == reflect.Int || elem.Kind() == reflect.Uint:
		return f, fmt.Errorf("is of type %v, whose size is not said; write %v32 or %[2]v64", sf.Type, elem.Kind())
	default:
		return f, fmt.Errorf("is of type %v; write a bool, a number of stated size, a string, a type named after one of them, or an array of bools or numbers", sf.Type)
	}
	f.Linear = f.Type == TypeFixed && !sample && count == 0
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
