package game

import (
	"fmt"
	"reflect"
	"unsafe"

	"github.com/ringside-go/ringside/proto"
)

// Diff names the first table, row and field in which two simulations of one definition differ, and both values; "" when
// no row differs. It is for tests: it uses reflection.
func Diff(a, b *Simulation) string {
	if d := diffTables(reflect.ValueOf(a.core).Elem(), reflect.ValueOf(b.core).Elem()); d != "" {
		return d
	}
	if a.timed != nil {
		if d := diffTables(reflect.ValueOf(&a.timers).Elem(), reflect.ValueOf(&b.timers).Elem()); d != "" {
			return d
		}
	}
	if a.worker != nil {
		if d := diffTables(reflect.ValueOf(&a.jobs).Elem(), reflect.ValueOf(&b.jobs).Elem()); d != "" {
			return d
		}
	}
	return diffTables(reflect.ValueOf(a.game).Elem(), reflect.ValueOf(b.game).Elem())
}

// diffTables compares all tables among the fields of two structs of one type.
func diffTables(a, b reflect.Value) string {
	for i := range a.NumField() {
		field := a.Type().Field(i)
		if field.Type.Kind() != reflect.Struct {
			continue
		}
		x, y := addressed(a.Field(i)), addressed(b.Field(i))
		var d string
		switch {
		case x.MethodByName("SetOwner").IsValid():
			d = diffRows(x, y)
		case x.MethodByName("Emit").IsValid():
			d = diffEvents(x, y)
		case x.MethodByName("Get").IsValid():
			d = diffStruct(x.MethodByName("Get").Call(nil)[0].Elem(), y.MethodByName("Get").Call(nil)[0].Elem())
		default:
			if d := diffTables(x.Elem(), y.Elem()); d != "" {
				return d
			}
		}
		if d != "" {
			return fmt.Sprintf("table %s: %s", field.Name, d)
		}
	}
	return ""
}

// addressed gives a pointer to a field, of which an unexported one may be read too.
func addressed(v reflect.Value) reflect.Value {
	return reflect.NewAt(v.Type(), unsafe.Pointer(v.UnsafeAddr()))
}

func diffRows(x, y reflect.Value) string {
	for id := range RowID(x.MethodByName("Cap").Call(nil)[0].Int()) {
		arg := []reflect.Value{reflect.ValueOf(id)}
		p, q := x.MethodByName("Get").Call(arg)[0], y.MethodByName("Get").Call(arg)[0]
		if p.IsNil() != q.IsNil() {
			return fmt.Sprintf("row %d: there is one: %v against %v", id, !p.IsNil(), !q.IsNil())
		}
		if p.IsNil() {
			continue
		}
		if d := diffStruct(p.Elem(), q.Elem()); d != "" {
			return fmt.Sprintf("row %d: %s", id, d)
		}
		s := x.MethodByName("Owner").Call(arg)[0].Interface().(proto.Seat)
		o := y.MethodByName("Owner").Call(arg)[0].Interface().(proto.Seat)
		if s != o {
			return fmt.Sprintf("row %d: owner: seat %d against %d", id, s, o)
		}
	}
	return ""
}

func diffEvents(x, y reflect.Value) string {
	p, q := eventRows(x), eventRows(y)
	for i := range min(len(p), len(q)) {
		if d := diffStruct(p[i], q[i]); d != "" {
			return fmt.Sprintf("event %d: %s", i, d)
		}
	}
	if len(p) != len(q) {
		return fmt.Sprintf("%d events against %d", len(p), len(q))
	}
	return ""
}

func eventRows(v reflect.Value) []reflect.Value {
	var rows []reflect.Value
	for _, row := range v.MethodByName("All").Call(nil)[0].Seq2() {
		rows = append(rows, row.Elem())
	}
	return rows
}

func diffStruct(a, b reflect.Value) string {
	for i := range a.NumField() {
		if !a.Field(i).Equal(b.Field(i)) {
			return fmt.Sprintf("field %s: %v against %v", a.Type().Field(i).Name, a.Field(i), b.Field(i))
		}
	}
	return ""
}
