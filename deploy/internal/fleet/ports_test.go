package fleet

import (
	"net"
	"strings"
	"testing"
)

func TestPickAddresses(t *testing.T) {
	addresses, err := PickAddresses(5, true)
	if err != nil || len(addresses) != 6 {
		t.Fatalf("%v, %v", addresses, err)
	}
	seen := map[string]bool{}
	for _, a := range addresses {
		if seen[a.HTTP] || seen[a.Gossip] || a.HTTP == a.Gossip {
			t.Errorf("a port is picked twice: %v", addresses)
		}
		seen[a.HTTP], seen[a.Gossip] = true, true
	}
}

func TestPickAddressesNamesThePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", Loopback(RouterPort))
	if err == nil { // otherwise something else holds it, which serves as well
		defer l.Close()
	}
	_, err = PickAddresses(1, false)
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:8080") || !strings.Contains(err.Error(), "-free-ports") {
		t.Errorf("error is %v", err)
	}
}
