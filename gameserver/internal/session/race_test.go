//go:build race

package session

// raceEnabled says that sync.Pool drops some of what it is given, so that allocations cannot be counted.
const raceEnabled = true
