package state

import (
	"fmt"
	"strconv"
	"strings"
)

// options are a tag's words; a word without = has the value "".
type options map[string]string

func parseOptions(tag string) (options, error) {
	o := options{}
	if tag == "" {
		return o, nil
	}
	for word := range strings.SplitSeq(tag, ",") {
		name, value, eq := strings.Cut(strings.TrimSpace(word), "=")
		_, twice := o[name]
		flag := name == "owner" || name == "hidden" || name == "rewind" || name == "angle"
		switch {
		case name == "" || twice || eq == flag || eq && value == "":
			return nil, fmt.Errorf("has a tag that cannot be read at %q in `state:\"%s\"`", word, tag)
		}
		o[name] = value
	}
	return o, nil
}

func (o options) take(name string) (string, bool) {
	v, ok := o[name]
	delete(o, name)
	return v, ok
}

// rest is a word that nobody took, the first in the alphabet, or "".
func (o options) rest() string {
	least := ""
	for name := range o {
		if least == "" || name < least {
			least = name
		}
	}
	return least
}

func parseRange(s string) (lo, hi float64, err error) {
	a, b, ok := strings.Cut(s, "..")
	if ok {
		if lo, err = parseNumber(a); err == nil {
			hi, err = parseNumber(b)
		}
	}
	if !ok || err != nil {
		return 0, 0, fmt.Errorf("has range=%s; write the least and the greatest value, as in range=0..1024", s)
	}
	return lo, hi, nil
}

// parseNumber reads a decimal number or a fraction of two.
func parseNumber(s string) (float64, error) {
	a, b, frac := strings.Cut(s, "/")
	v, err := strconv.ParseFloat(a, 64)
	if err == nil && frac {
		var d float64
		d, err = strconv.ParseFloat(b, 64)
		v /= d
	}
	if err != nil {
		return 0, fmt.Errorf("has %q in its tag, which is not a number", s)
	}
	return v, nil
}

// WireName is the name of a Go field on the wire, as in the schema.
func WireName(field string) string { return snake(field) }

// snake turns a Go name into its name on the wire: MoveX is move_x, HP is hp, PlayerID is player_id.
func snake(s string) string {
	upper := func(i int) bool { return i < len(s) && s[i] >= 'A' && s[i] <= 'Z' }
	lower := func(i int) bool { return i < len(s) && s[i] >= 'a' && s[i] <= 'z' }
	var b []byte
	for i := range len(s) {
		c := s[i]
		if upper(i) {
			if i > 0 && (!upper(i-1) || lower(i+1)) && s[i-1] != '_' {
				b = append(b, '_')
			}
			c += 'a' - 'A'
		}
		b = append(b, c)
	}
	return string(b)
}
