//go:build !linux

package obs

import "time"

// runQueue is not known here.
type runQueue struct{}

func (q *runQueue) waited() time.Duration { return 0 }

func (q *runQueue) forget() {}
