package flags

import "net/netip"

// Loopback reports whether addr, a host:port to listen on, is reached from this machine only. Names other than
// localhost, and an empty host (all interfaces), are not.
func Loopback(addr string) bool {
	if a, err := netip.ParseAddrPort(addr); err == nil {
		return a.Addr().IsLoopback()
	}
	const name = "localhost:"
	return len(addr) > len(name) && addr[:len(name)] == name
}
