package state

import (
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// check holds the bounds that concern more than one table.
func (s *Schema) check() error {
	if len(s.Tables) > MaxTables {
		return fmt.Errorf("state: schema has %d tables, at most %d are allowed", len(s.Tables), MaxTables)
	}
	cells := 0
	names := make(map[string]bool, len(s.Tables))
	for i := range s.Tables {
		t := &s.Tables[i]
		if err := t.check(); err != nil {
			return fmt.Errorf("state: %w", err)
		}
		if names[t.Name] {
			return fmt.Errorf("state: two tables are named %q; rename one", t.Name)
		}
		names[t.Name] = true
		cells += t.Max * max(1, t.Row.columns())
	}
	if cells > MaxCells {
		return fmt.Errorf("state: tables have %d rows times values together, at most %d are allowed: %w; lower max= of the largest",
			cells, MaxCells, proto.ErrRange)
	}
	return nil
}

func (t *TableSchema) check() error {
	if err := checkName(t.Name); err != nil {
		return fmt.Errorf("table name %w", err)
	}
	switch {
	case t.Kind > KindEvents || t.Part > Hidden:
		return fmt.Errorf("table %s: kind %d, part %d: %w", t.Name, t.Kind, t.Part, proto.ErrRange)
	case t.Max < 1 || t.Max > MaxRows:
		return fmt.Errorf("table %s: max=%d: write 1 to %d", t.Name, t.Max, MaxRows)
	case t.Kind == KindValue && t.Max != 1:
		return fmt.Errorf("table %s: a Value has one row; remove max=%d", t.Name, t.Max)
	case t.Kind == KindValue && t.Part == Owner:
		return fmt.Errorf("table %s: nobody owns a Value; write hidden", t.Name)
	case len(t.Row.Fields) > MaxFields:
		return fmt.Errorf("table %s: %d fields, at most %d are allowed", t.Name, len(t.Row.Fields), MaxFields)
	}
	names := make(map[string]bool, len(t.Row.Fields))
	for i := range t.Row.Fields {
		f := &t.Row.Fields[i]
		if err := checkName(f.Name); err != nil {
			return fmt.Errorf("table %s: field name %w", t.Name, err)
		}
		switch {
		case names[f.Name]:
			return fmt.Errorf("table %s: two fields are named %q on the wire; rename one", t.Name, f.Name)
		case f.Part < t.Part || f.Part > Hidden:
			return fmt.Errorf("table %s: field %s is %v in a table that is %v", t.Name, f.Name, f.Part, t.Part)
		case t.Kind == KindValue && f.Part == Owner:
			return fmt.Errorf("table %s: field %s: nobody owns a Value; write hidden", t.Name, f.Name)
		case t.Kind == KindEvents && f.Part != t.Part:
			return fmt.Errorf("table %s: field %s is %v: events are public, owner or hidden as a whole; tag the Events field",
				t.Name, f.Name, f.Part)
		case t.Kind == KindEvents && (f.Linear || f.Rewind):
			return fmt.Errorf("table %s: field %s: an event lives one tick; remove predict and rewind", t.Name, f.Name)
		}
		names[f.Name] = true
	}
	_, err := newLayout(&t.Row)
	if err != nil {
		return fmt.Errorf("table %s: %w", t.Name, err)
	}
	return nil
}

// checkName holds the rule for names on the wire: they stand in JSON and in other languages' code as they are.
func checkName(s string) error {
	if s == "" || len(s) > MaxNameLen {
		return fmt.Errorf("%q has %d bytes; use 1 to %d: %w", s, len(s), MaxNameLen, proto.ErrRange)
	}
	for i := range len(s) {
		if c := s[i]; !(c >= 'a' && c <= 'z' || i > 0 && (c >= '0' && c <= '9' || c == '_')) {
			return fmt.Errorf("%q is not one; use a to z and, not first, digits and _: %w", s, proto.ErrRange)
		}
	}
	return nil
}
