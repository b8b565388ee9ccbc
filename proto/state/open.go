package state

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"sync"
	"unsafe"
)

// opener is a Table, Value or Events field.
type opener interface {
	open(name, tag string) (*table, *TableSchema, error)
}

// Open makes a store of all Table, Value and Events fields of the structs that the pointers point to, in order; struct
// fields are looked into. A table's name on the wire is the field's name in lower case with underscores. input
// describes the samples of a client (Codec.Schema) and may be nil. An error names the field and says what to write.
func Open(input *RowSchema, structs ...any) (*Store, error) {
	s := &Store{}
	if input != nil {
		s.schema.Input = *input
		if err := input.checkSample(); err != nil {
			return nil, err
		}
	}
	for _, p := range structs {
		v := reflect.ValueOf(p)
		if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
			return nil, fmt.Errorf("state: Open wants pointers to structs, not %T", p)
		}
		if err := s.bind(v.Elem()); err != nil {
			return nil, err
		}
	}
	if err := s.schema.checkTogether(); err != nil { // openTable has checked each by itself
		return nil, err
	}
	s.index()
	s.SetHistory(DefaultHistory)
	return s, nil
}

// bind opens the tables among v's fields. Unexported fields count too, so they are reached by address.
func (s *Store) bind(v reflect.Value) error {
	for i := range v.NumField() {
		sf := v.Type().Field(i)
		if why := unreachable(v.Field(i)); why != "" {
			return fmt.Errorf("state: %s.%s is %s", v.Type().Name(), sf.Name, why)
		}
		if sf.Type.Kind() != reflect.Struct {
			continue
		}
		p := reflect.NewAt(sf.Type, unsafe.Pointer(v.Field(i).UnsafeAddr()))
		o, ok := p.Interface().(opener)
		if !ok {
			if err := s.bind(p.Elem()); err != nil {
				return err
			}
			continue
		}
		t, schema, err := o.open(snake(sf.Name), sf.Tag.Get("state"))
		if err != nil {
			return fmt.Errorf("state: %s.%s: %w", v.Type().Name(), sf.Name, err)
		}
		s.tables = append(s.tables, t)
		s.schema.Tables = append(s.schema.Tables, *schema)
	}
	return nil
}

// unreachable says what is wrong with a field whose tables bind would not find; "" if there are none.
func unreachable(field reflect.Value) string {
	t := field.Type()
	if t.Kind() == reflect.Interface && !field.IsNil() {
		t = field.Elem().Type()
	}
	kind := t.Kind()
	if kind == reflect.Struct || !hasTables(t, nil) {
		return ""
	}
	if kind == reflect.Pointer {
		return "a pointer to tables, which would not be found behind it; give the field the struct itself"
	}
	return fmt.Sprintf("%s of tables, which would not be found in it; give each table a field of its own, "+
		"or one table a field that says which rows belong together", map[reflect.Kind]string{reflect.Array: "an array", reflect.Slice: "a slice", reflect.Map: "a map"}[kind])
}

// hasTables reports whether a t, or what a t holds, has tables. Pointers inside structs are left out: they lead anywhere. within
// are the structs that t is a part of.
func hasTables(t reflect.Type, within []reflect.Type) bool {
	for slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Array, reflect.Slice, reflect.Map}, t.Kind()) {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || slices.Contains(within, t) {
		return false
	}
	if reflect.PointerTo(t).Implements(reflect.TypeFor[opener]()) {
		return true
	}
	for i := range t.NumField() {
		if f := t.Field(i).Type; f.Kind() != reflect.Pointer && hasTables(f, append(within, t)) {
			return true
		}
	}
	return false
}

// opened holds what openTable found out, for the rooms of a game are all alike and many: fieldKey → *openedField. There
// are as many as fields in the program's games.
var opened sync.Map

type fieldKey struct {
	name, tag string
	kind      TableKind
	row       reflect.Type
}

type openedField struct {
	schema TableSchema
	layout *layout
}

func openTable(name, tag string, kind TableKind, row reflect.Type) (*table, *TableSchema, error) {
	key := fieldKey{name, tag, kind, row}
	known, ok := opened.Load(key)
	if !ok {
		f, err := openField(key)
		if err != nil {
			return nil, nil, err
		}
		known, _ = opened.LoadOrStore(key, f)
	}
	f := known.(*openedField)
	return newTable(&f.schema, f.layout, row), &f.schema, nil
}

// openField reads the tags of a field and of its rows.
func openField(k fieldKey) (*openedField, error) {
	s, err := schemaOf(k.name, k.tag, k.kind, k.row)
	if err != nil {
		return nil, err
	}
	l, err := newLayout(&s.Row)
	if err != nil {
		return nil, fmt.Errorf("table %s: %w", s.Name, err)
	}
	l.place(k.row)
	return &openedField{*s, l}, nil
}

func schemaOf(name, tag string, kind TableKind, row reflect.Type) (*TableSchema, error) {
	s := &TableSchema{Name: name, Kind: kind, Max: DefaultRows}
	o, err := parseOptions(tag)
	if err != nil {
		return nil, err
	}
	if _, ok := o.take("owner"); ok {
		s.Part = Owner
	}
	if _, ok := o.take("hidden"); ok {
		s.Part = Hidden
	}
	if kind == KindValue {
		s.Max = 1
	} else if m, ok := o.take("max"); ok {
		if s.Max, err = strconv.Atoi(m); err != nil {
			return nil, fmt.Errorf("max=%s: write 1 to %d", m, MaxRows)
		}
	}
	if word := o.rest(); word != "" {
		return nil, fmt.Errorf("has %q in its tag, which is not for it; write `state:\"max=16\"` (not on a Value), owner or hidden", word)
	}
	if s.Row, err = rowOf(row, s.Part, false); err != nil {
		return nil, err
	}
	if kind == KindEvents {
		for i := range s.Row.Fields {
			s.Row.Fields[i].Linear = false
		}
	}
	return s, s.check()
}
