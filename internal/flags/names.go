package flags

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// service matches the variables that Kubernetes sets in a pod for each Service, RINGSIDE_ROUTER_PORT_80_TCP_ADDR for one.
var service = regexp.MustCompile(`_(SERVICE_HOST|SERVICE_PORT(_.*)?|PORT(_\d+_.*)?)$`)

// Variables returns the variables of env, as os.Environ gives it, that stand for flags, by name. known are the names that do; another name
// with Prefix is an error, which says what is nearest, so that a misspelt one does not leave a default in place in silence.
func Variables(env []string, known map[string]bool) (map[string]string, error) {
	all := map[string]string{}
	for _, pair := range env {
		name, value, _ := strings.Cut(pair, "=")
		switch {
		case !strings.HasPrefix(name, Prefix):
		case known[name]:
			all[name] = value
		case !service.MatchString(name):
			return nil, fmt.Errorf("environment variable %s is not known; the nearest name is %s; correct or unset it", name, nearest(name, known))
		}
	}
	return all, nil
}

// Without returns env without the variables that stand for flags: those of this program are not those of its children.
func Without(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(pair string) bool { return strings.HasPrefix(pair, Prefix) })
}

// nearest is the known name that is the fewest edits away, the first in the alphabet of several.
func nearest(name string, known map[string]bool) (best string) {
	least := len(name) + 100
	for k := range known {
		if d := edits(name, k); d < least || d == least && k < best {
			best, least = k, d
		}
	}
	return best
}

// edits is the Levenshtein distance of two names.
func edits(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
