//go:build race

package sim

import (
	"strings"
	"testing"
)

// schedules is how many random schedules the gate plays, and how many fleets of any other test: the race detector makes each
// ten times as slow.
const schedules = 2

// fleetsOf counts the fleets of each test. Tests of this package do not run in parallel.
var fleetsOf = map[string]int{}

// fewer skips a test that is not among the first few of its kind.
func fewer(t *testing.T) {
	kind, _, _ := strings.Cut(t.Name(), "/")
	if fleetsOf[kind]++; fleetsOf[kind] > schedules {
		t.Skip("the race detector sees the first fleets of a kind only")
	}
}
