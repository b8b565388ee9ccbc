package state

import (
	"reflect"
	"unsafe"
)

// The only file that touches a game's structs through pointers. A row pointer comes from a slice made by reflect of the
// very struct type whose field offsets and kinds are in the columns, so every access is to a field of that kind.

// mem is how a struct holds a field.
type mem uint8

const (
	memNone mem = iota // there is no struct
	memBool
	memInt8
	memInt16
	memInt32
	memInt64
	memUint8
	memUint16
	memUint32
	memUint64
	memFloat32
	memFloat64
	memString
)

func memOf(k reflect.Kind) mem {
	switch k {
	case reflect.Bool:
		return memBool
	case reflect.Int8:
		return memInt8
	case reflect.Int16:
		return memInt16
	case reflect.Int32:
		return memInt32
	case reflect.Int64:
		return memInt64
	case reflect.Uint8:
		return memUint8
	case reflect.Uint16:
		return memUint16
	case reflect.Uint32:
		return memUint32
	case reflect.Uint64:
		return memUint64
	case reflect.Float32:
		return memFloat32
	case reflect.Float64:
		return memFloat64
	case reflect.String:
		return memString
	}
	return memNone
}

// elementOf is the type of an array's elements and how many there are; of any other type itself, and 0.
func elementOf(t reflect.Type) (elem reflect.Type, count int) {
	if t.Kind() == reflect.Array {
		return t.Elem(), t.Len()
	}
	return t, 0
}

// place tells where a struct holds the value, and as what.
func (c *spec) place(t reflect.Type, off uintptr) { c.mem, c.off = memOf(t.Kind()), off }

// rowChunk is how many rows are made at once. Rows never move, since the game holds pointers to them.
const rowChunk = 16

func newRows(t reflect.Type, n int) []unsafe.Pointer {
	first := reflect.MakeSlice(reflect.SliceOf(t), n, n).UnsafePointer()
	rows := make([]unsafe.Pointer, n)
	for i := range rows {
		rows[i] = unsafe.Add(first, uintptr(i)*t.Size())
	}
	return rows
}

// get reads a field, not a string, of the row at p and quantises it.
func (c *spec) get(p unsafe.Pointer) int64 {
	p = unsafe.Add(p, c.off)
	var v int64
	switch c.mem {
	case memBool:
		if *(*bool)(p) {
			return 1
		}
		return 0
	case memInt8:
		v = int64(*(*int8)(p))
	case memInt16:
		v = int64(*(*int16)(p))
	case memInt32:
		v = int64(*(*int32)(p))
	case memInt64:
		v = *(*int64)(p)
	case memUint8:
		v = int64(*(*uint8)(p))
	case memUint16:
		v = int64(*(*uint16)(p))
	case memUint32:
		v = int64(*(*uint32)(p))
	case memUint64:
		v = int64(*(*uint64)(p))
	case memFloat32:
		return c.quantise(float64(*(*float32)(p)))
	case memFloat64:
		return c.quantise(*(*float64)(p))
	}
	return c.clamp(v)
}

// set writes a held value, not a string, to the row at p.
func (c *spec) set(p unsafe.Pointer, v int64) {
	p = unsafe.Add(p, c.off)
	switch c.mem {
	case memBool:
		*(*bool)(p) = v != 0
	case memInt8:
		*(*int8)(p) = int8(v)
	case memInt16:
		*(*int16)(p) = int16(v)
	case memInt32:
		*(*int32)(p) = int32(v)
	case memInt64:
		*(*int64)(p) = v
	case memUint8:
		*(*uint8)(p) = uint8(v)
	case memUint16:
		*(*uint16)(p) = uint16(v)
	case memUint32:
		*(*uint32)(p) = uint32(v)
	case memUint64:
		*(*uint64)(p) = uint64(v)
	case memFloat32:
		*(*float32)(p) = c.float(v)
	case memFloat64:
		*(*float64)(p) = float64(c.float(v))
	}
}

func (c *spec) getString(p unsafe.Pointer) string { return *(*string)(unsafe.Add(p, c.off)) }

func (c *spec) setString(p unsafe.Pointer, s string) { *(*string)(unsafe.Add(p, c.off)) = s }
