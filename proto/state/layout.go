package state

import (
	"fmt"
	"math/bits"
	"reflect"

	"github.com/ringside-go/ringside/proto"
)

// maskBits is how many bits of changes a row's mask has beside the life bit.
const maskBits = 63

// layout is a row prepared for coding. It never changes.
type layout struct {
	fields []spec   // by column
	groups [3]group // by Part
	pasts  int      // bytes that are kept of a row for rewind
}

// group is the fields of one part. Each part is coded by itself, so that what one part does never shows in another.
type group struct {
	cols   []int32 // columns, in the order of the struct
	preds  []int32 // those that are predicted
	units  []unit
	bits   int             // of all units
	unitAt [maskBits]uint8 // by bit of a mask
}

// unit is what shares bits in a mask: two predicted fields that follow each other in their part, one predicted field
// alone, an array, or one other field.
type unit struct {
	kind  unitKind
	shift uint8
	a, b  int32 // columns; of an array its first column and how many it has; otherwise b is only of a pair
}

type unitKind uint8

const (
	unitField  unitKind = iota // 1 bit: changed
	unitSingle                 // 2 bits: exact, int8, int16, absolute
	unitPair                   // 2 bits: exact, nibbles, two int8, absolute
	unitArray                  // 1 bit: some elements changed
)

// Codes of predicted units in a mask.
const (
	codeExact    = 0
	codeNear     = 1
	codeFar      = 2
	codeAbsolute = 3
)

func (u *unit) ones() uint64 {
	if u.kind == unitField || u.kind == unitArray {
		return 1
	}
	return 3
}

// newLayout prepares a row, without places in memory.
func newLayout(row *RowSchema) (*layout, error) {
	l := &layout{fields: make([]spec, 0, row.columns())}
	for i := range row.Fields {
		f := &row.Fields[i]
		c, err := newSpec(f)
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", f.Name, err)
		}
		if f.Part > Hidden {
			return nil, fmt.Errorf("field %s: part %d: %w", f.Name, f.Part, proto.ErrRange)
		}
		g := &l.groups[f.Part]
		for c.elem = range f.columns() {
			if f.Rewind {
				c.past = l.pasts
				l.pasts += c.width
			}
			g.cols = append(g.cols, int32(len(l.fields)))
			l.fields = append(l.fields, c)
		}
	}
	for p := range l.groups {
		l.groups[p].makeUnits(l.fields)
	}
	if n := l.groups[Public].bits; n > maskBits {
		return nil, fmt.Errorf("public fields need %d mask bits, %d are allowed; split the table: %w", n, maskBits, proto.ErrRange)
	}
	if n := l.groups[Owner].bits + l.groups[Hidden].bits; n > maskBits {
		return nil, fmt.Errorf("owner and hidden fields need %d mask bits, %d are allowed; split the table: %w", n, maskBits, proto.ErrRange)
	}
	return l, nil
}

// place tells where the fields are in a struct of type row.
func (l *layout) place(row reflect.Type) {
	col := 0
	for i := range row.NumField() {
		f := row.Field(i)
		elem, _ := elementOf(f.Type)
		for e := range l.fields[col].columns() {
			l.fields[col].place(elem, f.Offset+uintptr(e)*elem.Size())
			col++
		}
	}
}

func (g *group) makeUnits(fields []spec) {
	for i := 0; i < len(g.cols); i++ {
		u := unit{a: g.cols[i], shift: uint8(g.bits)}
		n := 1
		switch f := &fields[u.a]; {
		case f.Count > 0:
			u.kind, u.b = unitArray, int32(f.Count)
			i += int(f.Count) - 1
		case f.Linear:
			g.preds = append(g.preds, u.a)
			u.kind, n = unitSingle, 2
			if i+1 < len(g.cols) && fields[g.cols[i+1]].Linear {
				i++
				u.kind, u.b = unitPair, g.cols[i]
				g.preds = append(g.preds, u.b)
			}
		}
		for k := g.bits; k < min(g.bits+n, maskBits); k++ {
			g.unitAt[k] = uint8(len(g.units))
		}
		g.bits += n
		g.units = append(g.units, u)
	}
}

// lowest is the unit of a mask's lowest bit.
func (g *group) lowest(mask uint64) *unit { return &g.units[g.unitAt[bits.TrailingZeros64(mask)]] }

func (l *layout) find(name string) int {
	for i := range l.fields {
		if l.fields[i].Name == name {
			return i
		}
	}
	return -1
}
