// Package where reads and applies the conditions by which rooms are found: GET /v1/rooms?where=map=ruins&where=level>=5. Game servers and
// routers read them alike.
package where

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// MaxConditions bounds the conditions of one query.
const MaxConditions = 8

// maxCondition bounds the text of one, in bytes.
const maxCondition = 128

// Conditions must all hold. No conditions hold always.
type Conditions []condition

type condition struct{ name, op, value string }

// operators: of two that begin alike the longer one comes first.
var operators = []string{"!=", "<=", ">=", "=", "<", ">"}

// Parse reads conditions, each a property's name, one of = != < <= > >=, and a value.
func Parse(texts []string) (Conditions, error) {
	if len(texts) > MaxConditions {
		return nil, fmt.Errorf("%d conditions, at most %d are allowed", len(texts), MaxConditions)
	}
	var all Conditions
	for _, text := range texts {
		at := strings.IndexAny(text, "!<>=")
		if len(text) > maxCondition || at < 1 {
			return nil, fmt.Errorf("condition %.40q: write a property's name, one of %s, and a value, as in level>=5", text, strings.Join(operators, " "))
		}
		i := slices.IndexFunc(operators, func(op string) bool { return strings.HasPrefix(text[at:], op) })
		if i < 0 {
			return nil, fmt.Errorf("condition %.40q: %q is no operator; use one of %s", text, text[at:at+1], strings.Join(operators, " "))
		}
		all = append(all, condition{text[:at], operators[i], text[at+len(operators[i]):]})
	}
	return all, nil
}

// Hold reports whether properties, of strings, bools and float64s by name, fulfil all conditions. A property that is not there fulfils none.
func (c Conditions) Hold(properties map[string]any) bool {
	for _, one := range c {
		have, ok := properties[one.name]
		if !ok || !one.holds(have) {
			return false
		}
	}
	return true
}

func (c condition) holds(have any) bool {
	var order int
	switch v := have.(type) {
	case float64:
		want, err := strconv.ParseFloat(c.value, 64)
		if err != nil {
			return false
		}
		order = cmp.Compare(v, want)
	case bool:
		order = strings.Compare(strconv.FormatBool(v), c.value)
	case string:
		order = strings.Compare(v, c.value)
	default:
		return false
	}
	switch c.op {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}
