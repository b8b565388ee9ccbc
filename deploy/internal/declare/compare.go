package declare

import (
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/proto/state"
)

// Change is one difference between two versions of a schema.
type Change struct {
	Text string
	// Breaks: a room of the old version would come to the new one with something that it had been filled with gone, so it does
	// not go along unless the game's Migrates says so.
	Breaks bool
}

// Compare gives what changed from one schema to the next, in the order of the tables, and what that means for rooms that are
// carried over: tables and fields are matched by name, as state.Store.Adopt does.
func Compare(from, to *state.Schema) (changes []Change) {
	add := func(breaks bool, format string, args ...any) {
		changes = append(changes, Change{fmt.Sprintf(format, args...), breaks})
	}
	for _, t := range to.Tables {
		old := table(from, t.Name)
		switch {
		case old == nil:
			add(false, "%v %s is new: empty in rooms that go along", t.Kind, t.Name)
			continue
		case old.Kind != t.Kind:
			add(true, "%s was of kind %v and is of kind %v", t.Name, old.Kind, t.Kind)
			continue
		case t.Max < old.Max:
			add(false, "table %s has max=%d, it was %d: a room with rows beyond stays", t.Name, t.Max, old.Max)
		case t.Max > old.Max:
			add(false, "table %s has max=%d, it was %d", t.Name, t.Max, old.Max)
		}
		for _, f := range t.Row.Fields {
			was := field(&old.Row, f.Name)
			switch {
			case was == nil:
				add(false, "field %s.%s is new: zero in rooms that go along", t.Name, f.Name)
			case (was.Type == state.TypeString) != (f.Type == state.TypeString):
				add(true, "field %s.%s was %v and is %v", t.Name, f.Name, was.Type, f.Type)
			case was.Count != f.Count:
				add(false, "field %s.%s was %s and is %s: as many elements go along as there is room for", t.Name, f.Name, was.TypeText(), f.TypeText())
			case was.Type != f.Type:
				add(false, "field %s.%s was %v and is %v: its value is converted", t.Name, f.Name, was.Type, f.Type)
			case *was != f:
				add(false, "field %s.%s has another tag: its value is brought into range", t.Name, f.Name)
			}
		}
		for _, f := range old.Row.Fields {
			if field(&t.Row, f.Name) == nil {
				add(false, "field %s.%s is gone", t.Name, f.Name)
			}
		}
	}
	for _, t := range from.Tables {
		if table(to, t.Name) == nil {
			add(false, "%v %s is gone", t.Kind, t.Name)
		}
	}
	if !slices.Equal(from.Input.Fields, to.Input.Fields) {
		add(false, "the input has other fields: pages that are open must be loaded again")
	}
	return changes
}

func table(s *state.Schema, name string) *state.TableSchema {
	i := slices.IndexFunc(s.Tables, func(t state.TableSchema) bool { return t.Name == name })
	if i < 0 {
		return nil
	}
	return &s.Tables[i]
}

func field(r *state.RowSchema, name string) *state.Field {
	i := slices.IndexFunc(r.Fields, func(f state.Field) bool { return f.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Fields[i]
}
