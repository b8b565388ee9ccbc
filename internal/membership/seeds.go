package membership

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strconv"
	"time"

	"github.com/hashicorp/memberlist"
)

const (
	// rejoinInterval is how often each seed is looked at. Memberlist does not heal a partition by itself; with this
	// interval it was measured to heal within 1.05 s.
	rejoinInterval = time.Second
	// lookupTimeout bounds one look-up of a seed's name.
	lookupTimeout = 2 * time.Second
)

// keepJoining joins, for as long as ctx lasts, whatever address of the seed is not known as a member: at the start, after
// a partition, and when a seed comes up late.
func (g *Gossip) keepJoining(ctx context.Context, list *memberlist.Memberlist, seed string) {
	ticker := time.NewTicker(rejoinInterval)
	defer ticker.Stop()
	failing := false
	for {
		err := g.join(ctx, list, seed)
		if ctx.Err() != nil {
			return
		}
		g.settle()
		if err != nil && !failing {
			g.logger.Info("cannot join a seed, trying again every second", "seed", seed, "error", err)
		} else if err == nil && failing {
			g.logger.Info("seed joined", "seed", seed)
		}
		failing = err != nil
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// own reports whether address is this process's, under the name it has here.
func (g *Gossip) own(address netip.AddrPort) bool {
	bound := g.transport.udp.LocalAddr().(*net.UDPAddr).AddrPort()
	here := bound.Addr().Unmap() == address.Addr() || bound.Addr().IsUnspecified() && address.Addr().IsLoopback()
	return address == g.transport.advertise || here && address.Port() == bound.Port()
}

// lookup returns the addresses of seed, in order, and whether it has a name that may resolve to others later. Memberlist would look names up itself, but sequentially and without a limit.
func lookup(ctx context.Context, seed string) (addresses []netip.AddrPort, named bool, err error) {
	host, port, err := splitSeed(seed)
	if err != nil {
		return nil, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookupTimeout)
	defer cancel()
	ips, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return nil, false, err
	}
	addresses = make([]netip.AddrPort, len(ips))
	for i, ip := range ips {
		addresses[i] = netip.AddrPortFrom(ip.Unmap(), port)
	}
	slices.SortFunc(addresses, netip.AddrPort.Compare)
	_, notLiteral := netip.ParseAddr(host)
	return addresses, notLiteral != nil && host != "localhost", nil
}

func splitSeed(seed string) (host string, port uint16, err error) {
	host, text, err := net.SplitHostPort(seed)
	n, portErr := strconv.ParseUint(text, 10, 16)
	if err != nil || portErr != nil || host == "" || n == 0 {
		return "", 0, fmt.Errorf("seed %q is not of the form host:port", seed)
	}
	return host, uint16(n), nil
}
