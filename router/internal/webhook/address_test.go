package webhook

import (
	"net/netip"
	"strings"
	"testing"
)

func TestPublicAddresses(t *testing.T) {
	for _, s := range strings.Fields("8.8.8.8 93.184.216.34 172.15.0.1 172.32.0.1 2606:4700::1111 ::ffff:8.8.8.8") {
		if !public(netip.MustParseAddr(s)) {
			t.Errorf("%s is refused", s)
		}
	}
	for _, s := range strings.Fields(`127.0.0.1 127.255.255.254 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 0.1.2.3
		224.0.0.1 255.255.255.255 240.0.0.1 192.0.0.8 198.18.0.1 192.0.2.1 :: ::1 fe80::1 fe80::1%eth0 fc00::1 fd12::1 fec0::1 ff02::1 ::ffff:127.0.0.1
		::ffff:10.0.0.1 ::ffff:169.254.169.254 64:ff9b::7f00:1 2002:7f00:1:: 2001:db8::1 2001::1 ::7f00:1`) {
		if public(netip.MustParseAddr(s)) {
			t.Errorf("%s is allowed", s)
		}
	}
}
