package results

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/pressly/goose/v3"
)

// dialect is where the two databases differ. A time is a number of milliseconds everywhere but in PostgreSQL's columns.
type dialect struct {
	name  string
	goose goose.Dialect
	lock  string // begins a transaction's turn: last
	skip  string // lets two claims of deliveries not wait for each other
}

var (
	sqlite   = &dialect{"sqlite", goose.DialectSQLite3, "SELECT last FROM results_sequence", ""}
	postgres = &dialect{"postgres", goose.DialectPostgres, "SELECT last FROM results_sequence FOR UPDATE", " FOR UPDATE OF d SKIP LOCKED"}
)

// sqlTypes translates the types of rows.
var sqlTypes = map[string]string{"int": "bigint", "text": "text", "real": "double precision", "time": "bigint"}

// rows is a table r of the JSON array in parameter n. Its columns are "name type".
func (d *dialect) rows(n int, columns ...string) string {
	var list []string
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		if d == postgres {
			list = append(list, name+" "+sqlTypes[kind])
		} else {
			list = append(list, fmt.Sprintf("json_extract(value, '$.%s') AS %s", name, name))
		}
	}
	if d == postgres {
		return fmt.Sprintf("jsonb_to_recordset($%d::text::jsonb) AS r(%s)", n, strings.Join(list, ", "))
	}
	return fmt.Sprintf("(SELECT %s FROM json_each($%d)) AS r", strings.Join(list, ", "), n)
}

// insert puts the JSON array in parameter 1 into table.
func (d *dialect) insert(table, conflict string, columns ...string) string {
	var names, values []string
	for _, c := range columns {
		name, kind, _ := strings.Cut(c, " ")
		names = append(names, name)
		value := "r." + name
		if kind == "time" {
			value = d.time(value)
		}
		values = append(values, value)
	}
	return fmt.Sprintf("INSERT INTO %s (%s) SELECT %s FROM %s WHERE true %s", table, strings.Join(names, ", "),
		strings.Join(values, ", "), d.rows(1, columns...), conflict)
}

// time turns milliseconds into what a column holds.
func (d *dialect) time(ms string) string {
	if d == postgres {
		return "to_timestamp(" + ms + "::bigint / 1000.0)"
	}
	return ms
}

// millis turns what a column holds into milliseconds.
func (d *dialect) millis(column string) string {
	if d == postgres {
		return "(extract(epoch FROM " + column + ") * 1000)::bigint"
	}
	return column
}

// array is a parameter for rows.
func array[T any](rows []T) string {
	if rows == nil {
		rows = []T{} // null is no array
	}
	b, err := json.Marshal(rows)
	if err != nil {
		panic("results: " + err.Error()) // rows have numbers and strings only
	}
	return string(b)
}
