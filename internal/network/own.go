package network

import (
	"net"
	"net/netip"
)

// SameMachine reports whether addr is an address of this machine.
func SameMachine(addr net.Addr) bool {
	at, err := netip.ParseAddrPort(addr.String())
	own, ownErr := net.InterfaceAddrs()
	if err != nil || ownErr != nil {
		return false
	}
	for _, a := range own {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().Unmap() == at.Addr().Unmap() {
			return true
		}
	}
	return false
}
