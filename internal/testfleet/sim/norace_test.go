//go:build !race

package sim

// schedules is how many the gate plays.
const schedules = 60
