//go:build !linux

package registry

import "time"

// sleptTime is not known here: on Linux alone the machine's suspensions count for leases.
func sleptTime() time.Duration { return 0 }
