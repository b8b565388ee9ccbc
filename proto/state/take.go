package state

import (
	"math"
	"unsafe"
)

// takeAll reads a field, not a string, of all rows into now and writes back what the structs do not hold exactly. The
// kind of the field is looked at once and not for each row: this is where a commit spends its time.
func (c *spec) takeAll(rows []RowID, ptrs []unsafe.Pointer, now []int64) {
	now = now[:len(rows)]
	switch c.mem {
	case memBool:
		for i, r := range rows {
			now[i] = 0
			if *(*bool)(unsafe.Add(ptrs[r], c.off)) {
				now[i] = 1
			}
		}
	case memInt8:
		takeInts[int8](c, rows, ptrs, now)
	case memInt16:
		takeInts[int16](c, rows, ptrs, now)
	case memInt32:
		takeInts[int32](c, rows, ptrs, now)
	case memInt64:
		takeInts[int64](c, rows, ptrs, now)
	case memUint8:
		takeInts[uint8](c, rows, ptrs, now)
	case memUint16:
		takeInts[uint16](c, rows, ptrs, now)
	case memUint32:
		takeInts[uint32](c, rows, ptrs, now)
	case memUint64:
		takeInts[uint64](c, rows, ptrs, now)
	case memFloat32:
		takeFloats[float32](c, rows, ptrs, now)
	case memFloat64:
		takeFloats[float64](c, rows, ptrs, now)
	}
}

func takeInts[T int8 | int16 | int32 | int64 | uint8 | uint16 | uint32 | uint64](c *spec, rows []RowID, ptrs []unsafe.Pointer, now []int64) {
	lo, span, off := uint64(c.lo), c.span, c.off
	for i, r := range rows {
		p := (*T)(unsafe.Add(ptrs[r], off))
		v := int64(*p)
		if uint64(v)-lo > span {
			v = c.clamp(v)
			*p = T(v)
		}
		now[i] = v
	}
}

// takeFloats quantises without asking first whether a value has changed: the answer would cost more than the work.
func takeFloats[T float32 | float64](c *spec, rows []RowID, ptrs []unsafe.Pointer, now []int64) {
	s, off := c.scale, c.off
	switch c.Type {
	case TypeFixed:
		for i, r := range rows {
			p := (*T)(unsafe.Add(ptrs[r], off))
			v := s.fixed(float64(*p))
			*p = T(s.float(v))
			now[i] = v
		}
	case TypeAngle:
		for i, r := range rows {
			p := (*T)(unsafe.Add(ptrs[r], off))
			v := s.angle(float64(*p))
			*p = T(s.float(v))
			now[i] = v
		}
	default:
		for i, r := range rows {
			p := (*T)(unsafe.Add(ptrs[r], off))
			if *p != *p {
				*p = 0
			}
			now[i] = int64(math.Float32bits(float32(*p)))
		}
	}
}
