package registry

import (
	"time"

	"golang.org/x/sys/unix"
)

// sleptTime is how long the machine has been suspended since it was started.
func sleptTime() time.Duration {
	var all, awake unix.Timespec
	if unix.ClockGettime(unix.CLOCK_BOOTTIME, &all) != nil || unix.ClockGettime(unix.CLOCK_MONOTONIC, &awake) != nil {
		return 0
	}
	return time.Duration(all.Nano() - awake.Nano())
}
