package declare

import (
	"fmt"
	"math"
	"strings"

	"github.com/ringside-go/ringside/proto/state"
)

// TypeScript declares g for the SDK: an interface by which join, send, predict and the tables are typed, and an interface for
// each row. Fields that only a row's owner sees are optional. Every room's own tables are left out: the SDK knows them.
func TypeScript(g Game) string {
	name := Camel(string(g.Name))
	var rows strings.Builder
	members := map[state.TableKind][]string{}
	for _, t := range g.Schema.Tables {
		if t.Part == state.Hidden || framework(t.Name) {
			continue
		}
		row := Camel(t.Name) + "Row"
		fmt.Fprintf(&rows, "/** %s %s. */\nexport interface %s {\n", [...]string{"A row of the table", "The value", "An event of"}[t.Kind], t.Name, row)
		fields(&rows, t.Row.Fields, t.Part)
		rows.WriteString("}\n\n")
		members[t.Kind] = append(members[t.Kind], t.Name+": "+row)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "// Written by ringside types from game %s. Do not edit.\n\n", g.Name)
	b.WriteString(rows.String())
	fmt.Fprintf(&b, "/** What a player sends. */\nexport interface %sInput {\n", name)
	fields(&b, g.Schema.Input.Fields, state.Public)
	b.WriteString("}\n\n")
	fmt.Fprintf(&b, "/** The game's shape, for join<%s>(...) and useRoom<%s>(...) of @ringside-go/client. */\nexport interface %s {\n", name, name, name)
	for kind, section := range []string{"tables", "values", "events"} {
		if all := members[state.TableKind(kind)]; len(all) > 0 {
			fmt.Fprintf(&b, "\t%s: { %s };\n", section, strings.Join(all, "; "))
		} else {
			fmt.Fprintf(&b, "\t%s: {};\n", section)
		}
	}
	fmt.Fprintf(&b, "\tinput: %sInput;\n}\n", name)
	return b.String()
}

// TypeScriptModule is TypeScript with the game's name and fingerprint as values, for a .ts file; a .d.ts file has none.
func TypeScriptModule(g Game) string {
	return TypeScript(g) + fmt.Sprintf("\n/** The game's name, for join's option game. */\nexport const game = %q;\n"+
		"/** Of the schema, for join's option fingerprint: with it the page takes no server of another version. */\nexport const fingerprint = 0x%sn;\n",
		g.Name, g.Fingerprint)
}

// framework reports whether a table is one that every room has, of which the SDK knows those that clients use.
func framework(table string) bool { return table == "seats" || table == "room" || table == "outcomes" }

func fields(b *strings.Builder, all []state.Field, part state.Part) {
	for _, f := range all {
		if f.Part == state.Hidden {
			continue
		}
		optional := ""
		if f.Part == state.Owner && part == state.Public {
			optional = "?"
		}
		if note := note(f); note != "" {
			fmt.Fprintf(b, "\t/** %s */\n", note)
		}
		fmt.Fprintf(b, "\t%s%s: %s;\n", f.Name, optional, typeScriptType(f))
	}
}

// typeScriptType is that of the SDK's values, see field.ts. Elements of an array are not changed in place.
func typeScriptType(f state.Field) string {
	if f.Count > 0 {
		f.Count = 0
		return "readonly " + typeScriptType(f) + "[]"
	}
	switch f.Type {
	case state.TypeBool:
		return "boolean"
	case state.TypeString:
		return "string"
	case state.TypeInt64, state.TypeUint64:
		if f.Min == f.Max || f.Max-f.Min > 1<<53-1 {
			return "bigint"
		}
	}
	return "number"
}

// note says what a value may be.
func note(f state.Field) string {
	var text string
	switch {
	case f.Type == state.TypeFixed:
		text = fmt.Sprintf("%v to %v in steps of %v.", f.Min, f.Max, f.Step)
	case f.Type == state.TypeAngle:
		text = fmt.Sprintf("An angle in radians, 0 to 2π, in %v parts.", math.Exp2(float64(f.Bits)))
	case f.Type == state.TypeString:
		text = fmt.Sprintf("At most %d bytes.", f.Size)
	case f.Min != f.Max:
		text = fmt.Sprintf("%v to %v.", f.Min, f.Max)
	}
	if f.Count > 0 {
		text = strings.TrimSpace(fmt.Sprintf("%d elements. %s", f.Count, text))
	}
	if f.Part == state.Owner {
		text = strings.TrimSpace(text + " Only the row's owner sees it.")
	}
	return text
}

// Camel turns a name on the wire into one of Go and TypeScript: round_state is RoundState. An underscore stays where package state
// would not find its way back: x_1 is X_1, and x_y is X_Y.
func Camel(snake string) string {
	var b strings.Builder
	last := ""
	for _, word := range strings.FieldsFunc(snake, func(c rune) bool { return c == '_' || c == '-' || c == '.' }) {
		if last != "" && (word[0] >= '0' && word[0] <= '9' || len(last) == 1 && len(word) == 1) {
			b.WriteByte('_')
		}
		b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		last = word
	}
	return b.String()
}
