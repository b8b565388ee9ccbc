package edge

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
)

// A Prefixes is the flag -trusted-proxies: addresses and CIDRs, separated by commas.
type Prefixes []netip.Prefix

func (p *Prefixes) String() string {
	var all []string
	for _, x := range *p {
		all = append(all, x.String())
	}
	return strings.Join(all, ",")
}

// Set implements flag.Value.
func (p *Prefixes) Set(s string) error {
	*p = nil
	for part := range strings.SplitSeq(s, ",") {
		part = strings.TrimSpace(part)
		if part == "" {
			continue
		}
		if a, err := netip.ParseAddr(part); err == nil {
			*p = append(*p, netip.PrefixFrom(a, a.BitLen()))
			continue
		}
		x, err := netip.ParsePrefix(part)
		if err != nil {
			return fmt.Errorf("%q is neither an IP address nor a CIDR such as 10.0.0.0/8", part)
		}
		*p = append(*p, x.Masked())
	}
	return nil
}

// unknown is the address of a client behind a proxy that has not said it.
var unknown netip.Addr

// addressOf reads the address of host:port; the zero value if there is none.
func addressOf(hostPort string) netip.Addr {
	a, err := netip.ParseAddrPort(hostPort)
	if err != nil {
		return unknown
	}
	return a.Addr().Unmap().WithZone("")
}

// keyOf is what counts as one address: an IPv4 address or an IPv6 /64. The zero value, which is not limited: a loopback address,
// of this machine's own programs and of proxies that are not trusted, or none.
func keyOf(a netip.Addr) netip.Prefix {
	switch {
	case !a.IsValid() || a.IsLoopback():
		return netip.Prefix{}
	case a.Is4():
		return netip.PrefixFrom(a, 32)
	}
	p, _ := a.Prefix(64)
	return p
}

// Client gives what counts as one client of a request's RemoteAddr, for limits beside the gate's. ok is false for addresses that
// have no limit.
func Client(remoteAddr string) (key netip.Prefix, ok bool) {
	key = keyOf(addressOf(remoteAddr))
	return key, key.IsValid()
}

// trusts reports whether a is of a trusted proxy.
func (g *Gate) trusts(a netip.Addr) bool {
	for _, p := range g.config.Trusted {
		if p.Contains(a) {
			return true
		}
	}
	return false
}

// key is the address of r's client, who may be the proxy itself.
func (g *Gate) key(r *http.Request, p *Place) netip.Prefix {
	a := addressOf(r.RemoteAddr)
	if g.trusts(a) || p.internal && r.Header.Get(forwardedFor) == "" {
		a = unknown
	}
	return keyOf(a)
}

const forwardedFor = "X-Forwarded-For"

// readForwarded replaces r's RemoteAddr by the client's that a trusted proxy names: the last one in X-Forwarded-For that is not a
// trusted proxy's itself, for what is before it the client may have written. A request of a trusted proxy that names nobody is marked. Whoever reaches the internal listener is trusted:
// routers name their clients there.
func (g *Gate) readForwarded(r *http.Request) {
	p := placeOf(r)
	from := addressOf(r.RemoteAddr)
	if !g.trusts(from) && (p == nil || !p.internal) {
		return
	}
	if g.trusts(from) && (p == nil || !p.internal) && r.Header.Get(forwardedFor) == "" {
		r.Header.Set("Forwarded", "for=unknown") // RFC 7239: so that nobody takes the proxy for the client, see ticket.Operator
	}
	hops := strings.Split(strings.Join(r.Header.Values(forwardedFor), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop := strings.TrimSpace(hops[i])
		a, err := netip.ParseAddr(hop)
		if err != nil {
			if a = addressOf(hop); !a.IsValid() { // some proxies add the port
				return
			}
		}
		a = a.Unmap().WithZone("")
		r.RemoteAddr = netip.AddrPortFrom(a, 0).String()
		if !g.trusts(a) {
			return
		}
	}
}
