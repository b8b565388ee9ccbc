//go:build !linux

package network

// Poller watches nothing: sockets are polled on Linux only.
type Poller struct{}

// Watch is never asleep.
type Watch struct{}

// Asleep is false.
func (*Watch) Asleep() bool { return false }

// Stop does nothing.
func (*Watch) Stop() {}

// Sleep is false.
func (*Poller) Sleep(*Watch, int) bool { return false }

// Wait does nothing.
func (*Poller) Wait() {}

// Close does nothing.
func (*Poller) Close() {}
