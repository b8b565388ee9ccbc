package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"time"
)

// special are networks that are not public and that netip does not know as such. Those that embed an IPv4 address are
// there because it may be a private one. https://www.iana.org/assignments/iana-ipv4-special-registry and -ipv6-
var special = func() (list []netip.Prefix) {
	for _, s := range []string{"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
		"203.0.113.0/24", "240.0.0.0/4", "64:ff9b::/96", "64:ff9b:1::/48", "100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20",
		"5f00::/16", "fec0::/10", "::/96"} {
		list = append(list, netip.MustParsePrefix(s))
	}
	return list
}()

// public reports whether an address is one of the public internet.
func public(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if !a.IsGlobalUnicast() || a.IsPrivate() {
		return false
	}
	for _, p := range special {
		if p.Contains(a) {
			return false
		}
	}
	return true
}

// dialer dials public addresses, or, with private, any. The check is made of the address that is connected to, so no name
// can resolve to something else between the check and the connection.
func dialer(private bool) *net.Dialer {
	d := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		d.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
			a, err := netip.ParseAddrPort(address)
			if err != nil || !public(a.Addr()) {
				return fmt.Errorf("%s is no public address; set private for this endpoint if it is meant", address)
			}
			return nil
		}
	}
	return d
}
