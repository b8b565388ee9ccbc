//go:build race

package sim

// schedules is how many the gate plays; the race detector makes each ten times as slow.
const schedules = 6
