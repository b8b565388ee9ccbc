package membership

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"

	"github.com/hashicorp/memberlist"

	"github.com/ringside-go/ringside/internal/network"
)

// Config is what a Gossip needs to know.
type Config struct {
	Self      Member
	Bind      string          // IP:port for gossip, UDP and TCP; port 0 picks one
	Advertise string          // IP:port others reach it at; empty: Bind's, or of this machine where Bind is all interfaces
	Seeds     []string        // host:port; names are looked up again at each round
	Key       []byte          // 16, 24 or 32 bytes; empty: loopback only
	Cluster   string          // label that keeps fleets apart
	Logger    *slog.Logger    // nil: no logs
	Network   network.Network // nil: the operating system's
	Lost      func(Gone)      // hears of each member that leaves the view, on Run's goroutines; nil: nobody wants to know
}

// addresses checks the configuration and returns where to bind and what to advertise; the port of either may be 0.
func (c *Config) addresses() (bind, advertise netip.AddrPort, err error) {
	none := netip.AddrPort{}
	if bind, err = parseAddress(c.Bind); err != nil {
		return none, none, fmt.Errorf("gossip address: %w", err)
	}
	switch len(c.Key) {
	case 16, 24, 32:
	case 0:
		if !bind.Addr().IsLoopback() {
			return none, none, fmt.Errorf("gossip at %s can be read and forged by others: set -cluster-key "+
				"(openssl rand -base64 32 makes one), or bind it to 127.0.0.1", c.Bind)
		}
	default:
		return none, none, fmt.Errorf("the cluster key has %d bytes; 16, 24 or 32 are needed", len(c.Key))
	}
	if len(c.Cluster) > memberlist.LabelMaxSize {
		return none, none, fmt.Errorf("cluster name has %d bytes; at most %d are allowed", len(c.Cluster), memberlist.LabelMaxSize)
	}
	for _, seed := range c.Seeds {
		if _, _, err := splitSeed(seed); err != nil {
			return none, none, err
		}
	}
	if c.Advertise != "" {
		if advertise, err = parseAddress(c.Advertise); err != nil {
			return none, none, fmt.Errorf("advertised gossip address: %w", err)
		}
		if advertise.Addr().IsUnspecified() {
			return none, none, fmt.Errorf("advertised gossip address %q is not one that others can reach", c.Advertise)
		}
		return bind, advertise, nil
	}
	if !bind.Addr().IsUnspecified() {
		return bind, bind, nil
	}
	own, err := ownAddress()
	return bind, netip.AddrPortFrom(own, bind.Port()), err
}

func parseAddress(s string) (netip.AddrPort, error) {
	host, port, err := net.SplitHostPort(s)
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not of the form IP:port", s)
	}
	switch host {
	case "":
		host = "0.0.0.0"
	case "localhost":
		host = "127.0.0.1"
	}
	address, err := netip.ParseAddrPort(net.JoinHostPort(host, port))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("%q is not of the form IP:port", s)
	}
	return netip.AddrPortFrom(address.Addr().Unmap(), address.Port()), nil
}

// ownAddress returns a private address of this machine.
func ownAddress() (netip.Addr, error) {
	all, err := net.InterfaceAddrs()
	if err != nil {
		return netip.Addr{}, fmt.Errorf("own address: %w", err)
	}
	for _, a := range all {
		if p, err := netip.ParsePrefix(a.String()); err == nil && p.Addr().IsPrivate() {
			return p.Addr(), nil
		}
	}
	return netip.Addr{}, errors.New("this machine has no private address; say at which one others reach its gossip")
}
