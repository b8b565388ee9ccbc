// Package fleettest has what tests of the programs that start fleets share.
package fleettest

import (
	"bytes"
	"sync"
)

// Output is what a program printed. It may be read while the program writes, from any goroutine.
type Output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write appends p.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

// String is all that was written so far.
func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}
