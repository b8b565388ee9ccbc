package arena

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/proto/state"
)

// readme is README.md's tables: the cells of each row, by the heading, or the first word of the paragraph, before them.
func readme(t *testing.T) map[string][][]string {
	t.Helper()
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	name := regexp.MustCompile("^(?:## (\\w+)$|`(\\w+)` (?:is|has|stops) )")
	tables, at := map[string][][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		switch m := name.FindStringSubmatch(line); {
		case m != nil:
			at = m[1] + m[2]
		case strings.HasPrefix(line, "| `"):
			var cells []string
			for cell := range strings.SplitSeq(strings.Trim(line, "|"), "|") {
				cells = append(cells, strings.TrimSpace(cell))
			}
			cells[0] = strings.Trim(cells[0], "`")
			tables[at] = append(tables[at], cells)
		}
	}
	return tables
}

// TestReadmeOptions: README.md lists the options that a room takes, in any order of the code, with their values and defaults.
func TestReadmeOptions(t *testing.T) {
	_, unknown := ParseOptions(json.RawMessage(`{"?": 0}`))
	_, known, _ := strings.Cut(unknown.Error(), "there are ")
	defaults := map[string]string{}
	for field, value := range reflect.ValueOf(DefaultOptions()).Fields() {
		defaults[snake(field.Name)] = fmt.Sprint(value)
	}
	accepts := func(name string, value any) bool {
		text, err := json.Marshal(map[string]any{name: value})
		if err != nil {
			t.Fatal(err)
		}
		_, err = ParseOptions(text)
		return err == nil
	}
	var names []string
	for _, row := range readme(t)["Options"] {
		name, values := row[0], strings.ReplaceAll(row[1], "`", "")
		names = append(names, name)
		if got := strings.Trim(row[2], "`"); got != defaults[name] {
			t.Errorf("%s: README.md gives the default %s; it is %s", name, got, defaults[name])
		}
		var least, most int
		if n, _ := fmt.Sscanf(values, "%d to %d", &least, &most); n == 2 {
			if !accepts(name, least) || !accepts(name, most) || accepts(name, least-1) || accepts(name, most+1) {
				t.Errorf("%s: README.md says %s; these are not the least and most that are accepted", name, values)
			}
		} else if want := strings.Join(slices.Sorted(maps.Keys(levels)), ", "); name != "map" || values != want {
			t.Errorf("%s: README.md says %q; maps are %s", name, values, want)
		}
	}
	slices.Sort(names)
	if got := strings.Join(names, ", "); got != known {
		t.Errorf("README.md lists the options %s; there are %s", got, known)
	}
}

// TestReadmeSchema: README.md lists the fields of a sample and of every table that a client sees, in their order and with their types.
func TestReadmeSchema(t *testing.T) {
	s, err := state.ParseSchema(newHall(t, "{}", 1).sim.Store().Schema().Append(nil))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string][]string{"Input": describeFields(s.Input.Fields)}
	for _, table := range s.Tables {
		want[table.Name] = describeFields(table.Row.Fields)
	}
	got := map[string][]string{}
	for name, rows := range readme(t) {
		if name == "Options" {
			continue
		}
		for _, row := range rows {
			got[name] = append(got[name], row[0]+": "+row[1])
		}
	}
	for name := range want {
		if !slices.Equal(got[name], want[name]) {
			t.Errorf("%s: README.md has\n%s\nthe schema has\n%s", name, strings.Join(got[name], "\n"), strings.Join(want[name], "\n"))
		}
	}
	if len(got) != len(want) {
		t.Errorf("README.md describes %v, the schema has %v", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
}

func describeFields(fields []state.Field) (list []string) {
	for _, f := range fields {
		text := f.Name + ": " + f.Type.String()
		switch {
		case f.Type == state.TypeAngle:
			text += fmt.Sprintf(", %d bits", f.Bits)
		case f.Min != f.Max:
			text += fmt.Sprintf(", %v to %v", f.Min, f.Max)
		}
		if f.Type == state.TypeFixed {
			text += fmt.Sprintf(", step 1/%v", 1/f.Step)
		}
		if f.Part == state.Owner {
			text += ", own"
		}
		list = append(list, text)
	}
	return list
}

// snake is a Go name as options and fields are named: TickRate is tick_rate.
func snake(name string) string {
	return strings.ToLower(regexp.MustCompile(`([a-z])([A-Z])`).ReplaceAllString(name, "${1}_$2"))
}
