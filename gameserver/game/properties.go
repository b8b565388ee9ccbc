package game

import (
	"fmt"
	"reflect"
	"slices"

	"github.com/ringside-go/ringside/proto/state"
)

// Bounds of a room's properties.
const (
	maxProperties    = 16
	maxPropertyTexts = 512 // bytes of all strings together
)

// Properties is a field of a game: a Value by which rooms are found. It is part of the state like any Value, so the game reads and writes it by
// Get at any tick, and it moves with the room. T has up to 16 bools, numbers and strings. Lists of rooms (Settings.Listed) show all of it
// to strangers, and quick match compares it; its fields are named there as clients see them, MaxLevel as max_level. Numbers are
// exact to 2^53. Tag the field hidden where the players in the room need not have it.
type Properties[T comparable] struct {
	Value[T]
	fields []state.Field
	shown  T
	said   bool // that T was shown
}

// properties is Properties[T] for a Simulation, which does not know T.
type properties interface {
	prepare(fields []state.Field) error
	changed() bool
	show() map[string]any
}

func (p *Properties[T]) prepare(fields []state.Field) error {
	p.fields = fields
	bytes := 0
	for _, f := range p.fields {
		if f.Count > 0 {
			return fmt.Errorf("property %s is an array; write one property for each element", f.Name)
		}
		if f.Type == state.TypeString {
			bytes += int(f.Size)
		}
	}
	if len(p.fields) > maxProperties || bytes > maxPropertyTexts {
		return fmt.Errorf("%d properties with strings of %d bytes; at most %d and %d are allowed: use fewer, or max= for the strings",
			len(p.fields), bytes, maxProperties, maxPropertyTexts)
	}
	return nil
}

// changed reports whether the values are others than when they were shown.
func (p *Properties[T]) changed() bool { return !p.said || *p.Get() != p.shown }

// show gives the values by name.
func (p *Properties[T]) show() map[string]any {
	p.shown, p.said = *p.Get(), true
	all := make(map[string]any, len(p.fields))
	for i, v := range fieldsOf(reflect.ValueOf(p.shown)) {
		switch {
		case v.CanInt():
			all[p.fields[i].Name] = float64(v.Int())
		case v.CanUint():
			all[p.fields[i].Name] = float64(v.Uint())
		case v.CanFloat():
			all[p.fields[i].Name] = v.Float()
		case v.Kind() == reflect.Bool:
			all[p.fields[i].Name] = v.Bool()
		default:
			all[p.fields[i].Name] = v.String()
		}
	}
	return all
}

func fieldsOf(v reflect.Value) (all []reflect.Value) {
	for i := range v.NumField() {
		all = append(all, v.Field(i))
	}
	return all
}

func isProperties(t reflect.Type) bool {
	return reflect.PointerTo(t).Implements(reflect.TypeFor[properties]())
}

// findProperties looks for the Properties field in a game's struct, also inside structs in it, whose tables are those of schema. nil: it has none.
func findProperties(v reflect.Value, schema *state.Schema) (found properties, err error) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		if field.Type.Kind() != reflect.Struct || isInputs(field.Type) {
			continue
		}
		var p properties
		switch {
		case !isProperties(field.Type):
			p, err = findProperties(v.Field(i), schema)
		case !field.IsExported():
			err = fmt.Errorf("field %s is not exported; begin its name with a capital letter", field.Name)
		default:
			p = v.Field(i).Addr().Interface().(properties)
			table := slices.IndexFunc(schema.Tables, func(t state.TableSchema) bool { return t.Name == state.WireName(field.Name) })
			if err = p.prepare(schema.Tables[table].Row.Fields); err != nil {
				err = fmt.Errorf("field %s: %w", field.Name, err)
			}
		}
		switch {
		case err != nil:
			return nil, err
		case p != nil && found != nil:
			return nil, fmt.Errorf("field %s is a second Properties; put all of them into one struct", field.Name)
		case p != nil:
			found = p
		}
	}
	return found, nil
}

// Properties gives the room's properties by name, strings, bools and float64s, if they have changed since the last call. The map is the caller's.
func (s *Simulation) Properties() (all map[string]any, changed bool) {
	if s.properties == nil || !s.properties.changed() {
		return nil, false
	}
	return s.properties.show(), true
}
