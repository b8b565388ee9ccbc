package membership

import (
	"fmt"
	"net/netip"
	"time"

	"github.com/hashicorp/memberlist"
)

// delegate is what memberlist calls. Its methods are called under memberlist's locks, so they never block and never
// call memberlist; the nodes they are given change under those locks only, so they are copied here.
type delegate struct{ g *Gossip }

// NodeMeta implements memberlist.Delegate.
func (d delegate) NodeMeta(int) []byte {
	d.g.mu.Lock()
	defer d.g.mu.Unlock()
	m := d.g.self
	m.Standing = d.g.standing()
	return appendMetadata(nil, &m)
}

// NotifyJoin implements memberlist.EventDelegate.
func (d delegate) NotifyJoin(n *memberlist.Node) { d.NotifyUpdate(n) }

// NotifyUpdate implements memberlist.EventDelegate.
func (d delegate) NotifyUpdate(n *memberlist.Node) {
	if n.Name == d.g.settings.Name {
		return
	}
	m, err := parseMetadata(n.Meta)
	if err == nil && n.Name != nodeName(&m) {
		err = fmt.Errorf("node calls itself %.80q", nodeName(&m))
	}
	if err != nil {
		d.g.warnUnseen(n, err)
		d.g.drop(n.Name)
		signal(d.g.seen)
		return
	}
	ip, _ := netip.AddrFromSlice(n.Addr)
	d.g.put(n.Name, m, netip.AddrPortFrom(ip.Unmap(), n.Port))
	d.g.joined.Store(true)
	signal(d.g.seen)
}

// unseenInterval is the minimum time between two log lines about members that are not seen.
const unseenInterval = 10 * time.Second

// warnUnseen logs that a member is not seen.
func (g *Gossip) warnUnseen(n *memberlist.Node, err error) {
	g.mu.Lock()
	due := time.Since(g.warned) >= unseenInterval
	if due {
		g.warned = time.Now()
	}
	g.mu.Unlock()
	if due {
		g.logger.Warn("member is not seen; is it of another version?", "node", fmt.Sprintf("%.80q", n.Name), "address", n.Address(), "error", err)
	}
}

// NotifyLeave implements memberlist.EventDelegate: n has left, which it has said already, or it is taken for dead.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	if d.g.lose(n.Name) {
		signal(d.g.losses)
	}
}

// NotifyMsg implements memberlist.Delegate. What does not fit into a queue is dropped.
func (d delegate) NotifyMsg(b []byte) {
	m, err := parseMessage(b)
	if err != nil {
		d.g.logger.Debug("gossip: message of a member", "error", err)
		return
	}
	queue := d.g.inbox
	if m.kind == kindReport {
		queue = d.g.reports
	}
	select {
	case queue <- m:
	default:
	}
}

// GetBroadcasts implements memberlist.Delegate; nothing but metadata is broadcast.
func (delegate) GetBroadcasts(int, int) [][]byte { return nil }

// LocalState implements memberlist.Delegate.
func (d delegate) LocalState(join bool) []byte { return d.g.state(join) }

// MergeRemoteState implements memberlist.Delegate.
func (d delegate) MergeRemoteState(b []byte, _ bool) {
	s, err := parseState(b)
	if err != nil {
		d.g.logger.Debug("gossip: state of a member", "error", err)
		return
	}
	d.g.merge(s)
	signal(d.g.seen)
	signal(d.g.losses)
}

// AckPayload implements memberlist.PingDelegate.
func (delegate) AckPayload() []byte { return nil }

// NotifyPingComplete implements memberlist.PingDelegate.
func (d delegate) NotifyPingComplete(n *memberlist.Node, _ time.Duration, _ []byte) {
	d.g.pinged(n.Name)
}
