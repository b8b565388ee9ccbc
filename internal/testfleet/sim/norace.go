//go:build !race

package sim

import "testing"

// schedules is how many random schedules the gate plays.
const schedules = 60

// fewer does nothing: all fleets of a test run.
func fewer(*testing.T) {}
