package state

import "fmt"

// Bounds of a schema. They bound what a decoder can be made to allocate.
const (
	MaxTables  = 64      // a set of tables is one 64-bit word
	MaxRows    = 4096    // rows of one table
	MaxFields  = 126     // fields of one row: two for each bit of a mask, pairs being the densest
	MaxCells   = 1 << 20 // rows times values, which an array has several of, over all tables: 8 MiB of columns
	MaxArray   = 64      // elements of an array: those that change are a set in one 64-bit word
	MaxNameLen = 32      // bytes of a table's or field's name
)

// DefaultRows is the size of a table whose tag has no max.
const DefaultRows = 64

// Schema describes all tables of a store and the input struct; it is what a welcome carries.
type Schema struct {
	Tables []TableSchema `json:"tables"`
	Input  RowSchema     `json:"input"`
}

// TableSchema describes a table.
type TableSchema struct {
	Name string    `json:"name"` // lower case with underscores
	Kind TableKind `json:"kind"`
	Part Part      `json:"part"` // who may know of a row's existence
	Max  int       `json:"max"`  // rows, 1 to MaxRows; of Events: rows in one tick
	Row  RowSchema `json:"row"`
}

// TableKind tells tables from single values and events.
type TableKind uint8

// The kinds of tables, with their numbers on the wire.
const (
	KindTable  TableKind = iota // rows by id
	KindValue                   // the single row 0, which always lives
	KindEvents                  // rows that live one tick
)

// RowSchema describes a table's row or a sample.
type RowSchema struct {
	Fields []Field `json:"fields"`
}

// Part says who gets a field or a table.
type Part uint8

// The parts, with their numbers on the wire.
const (
	Public Part = iota // everybody
	Owner              // the seat that owns the row, and servers
	Hidden             // servers only
)

func (p Part) String() string {
	return [...]string{"public", "owner", "hidden", "?"}[min(p, 3)]
}

// Field describes a field.
type Field struct {
	Name string `json:"name"` // lower case with underscores
	Type Type   `json:"type"`
	Part Part   `json:"part"`
	// Min and Max bound a TypeFixed field's value, and an integer's when they differ.
	Min    float64 `json:"min,omitempty"`
	Max    float64 `json:"max,omitempty"`
	Step   float64 `json:"step,omitempty"`   // of TypeFixed: a value is float32(Min + n*Step)
	Bits   uint8   `json:"bits,omitempty"`   // of TypeAngle, 1 to 16: a value is float32(n * 2π/2^Bits)
	Size   uint8   `json:"size,omitempty"`   // of TypeString: most bytes
	Linear bool    `json:"linear,omitempty"` // predicted by its last displacement
	Rewind bool    `json:"rewind,omitempty"` // kept for Table.Past; servers only
	Count  uint8   `json:"count,omitempty"`  // elements of an array of Type, 1 to MaxArray; 0: no array
}

// columns is how many values a row has of the field.
func (f *Field) columns() int { return max(1, int(f.Count)) }

// columns is how many values a row has.
func (r *RowSchema) columns() (n int) {
	for i := range r.Fields {
		n += r.Fields[i].columns()
	}
	return n
}

// Type is what a field holds.
type Type uint8

// The types, with their numbers on the wire.
const (
	TypeBool Type = iota + 1
	TypeInt8
	TypeInt16
	TypeInt32
	TypeInt64
	TypeUint8
	TypeUint16
	TypeUint32
	TypeUint64
	TypeFixed   // float quantised to steps in a range
	TypeAngle   // float quantised to parts of a turn
	TypeFloat32 // float as it is
	TypeString
)

func (t Type) String() string {
	names := [...]string{"?", "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64",
		"fixed", "angle", "float32", "string"}
	if int(t) >= len(names) {
		return fmt.Sprintf("type %d", uint8(t))
	}
	return names[t]
}

func (t Type) integer() bool { return t >= TypeInt8 && t <= TypeUint64 }

// visible is the schema as clients know it: without hidden tables and fields.
func (s *Schema) visible() *Schema {
	v := &Schema{Input: s.Input}
	for _, t := range s.Tables {
		if t.Part == Hidden {
			continue
		}
		row := RowSchema{}
		for _, f := range t.Row.Fields {
			if f.Part != Hidden {
				f.Rewind = false
				row.Fields = append(row.Fields, f)
			}
		}
		t.Row = row
		v.Tables = append(v.Tables, t)
	}
	return v
}
