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
	Key       []byte          // cluster key, minKey bytes or more; empty: loopback only
	Keys      func() [][]byte // cluster keys, asked again every keyInterval: the first encrypts, all decrypt; nil: Key, for ever
	Cluster   string          // label that keeps fleets apart
	Logger    *slog.Logger    // nil: no logs
	Network   network.Network // nil: the operating system's
	Lost      func(Gone)      // hears of each member that leaves the view, on Run's goroutines; nil: nobody wants to know

	Streams           int                 // most inbound streams at once, in all; 0: DefaultStreams
	StreamsPerAddress int                 // of them, those of one address; 0: DefaultStreamsPerAddress
	Refused           func(reason string) // hears of each inbound stream that was closed at a limit; must not block; nil: nobody does
}

// keys are the cluster keys at this moment.
func (c *Config) keys() [][]byte {
	switch {
	case c.Keys != nil:
		return c.Keys()
	case len(c.Key) > 0:
		return [][]byte{c.Key}
	}
	return nil
}

// addresses checks the configuration and returns where to bind and what to advertise; the port of either may be 0.
func (c *Config) addresses() (bind, advertise netip.AddrPort, err error) {
	none := netip.AddrPort{}
	if bind, err = parseAddress(c.Bind); err != nil {
		return none, none, fmt.Errorf("gossip address: %w", err)
	}
	if len(c.keys()) == 0 && !bind.Addr().IsLoopback() {
		return none, none, fmt.Errorf("gossip at %s can be read and forged by others: set -cluster-key-file "+
			"(openssl rand -base64 32 makes a key), or bind it to 127.0.0.1", c.Bind)
	}
	if c.Streams < 0 || c.StreamsPerAddress < 0 {
		return none, none, fmt.Errorf("%d gossip streams, %d of one address; give positive numbers", c.Streams, c.StreamsPerAddress)
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
