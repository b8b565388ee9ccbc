package state

import (
	"fmt"
	"slices"
)

// The texts of kinds, parts and types stand in a schema's JSON, which is for programs that write declarations and for people.

func (k TableKind) String() string {
	return [...]string{"table", "value", "events", "?"}[min(k, 3)]
}

// MarshalText implements encoding.TextMarshaler.
func (k TableKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (k *TableKind) UnmarshalText(b []byte) error { return fromText(k, KindEvents, string(b)) }

// MarshalText implements encoding.TextMarshaler.
func (p Part) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (p *Part) UnmarshalText(b []byte) error { return fromText(p, Hidden, string(b)) }

// MarshalText implements encoding.TextMarshaler.
func (t Type) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (t *Type) UnmarshalText(b []byte) error { return fromText(t, TypeString, string(b)) }

// TypeText is the field's type, as [9]uint8 that of an array.
func (f *Field) TypeText() string {
	if f.Count > 0 {
		return fmt.Sprintf("[%d]%v", f.Count, f.Type)
	}
	return f.Type.String()
}

// fromText sets v to the value up to last whose String is text.
func fromText[T interface {
	~uint8
	String() string
}](v *T, last T, text string) error {
	var known []string
	for n := T(0); n <= last; n++ {
		known = append(known, n.String())
	}
	i := slices.Index(known, text)
	if i < 0 || text == "?" {
		return fmt.Errorf("state: %q is not one of %v", text, known)
	}
	*v = T(i)
	return nil
}
