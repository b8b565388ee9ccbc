package membership

import (
	"net/netip"

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
	m.CutOff = !d.g.View().Quorum && d.g.trial.IsZero() // newcomers know it from the others, or they would wait for each other
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
	if err != nil {
		d.g.logger.Warn("member is not seen; is it of another version?", "node", n.Name, "address", n.Address(), "error", err)
		d.g.drop(n.Name)
		signal(d.g.seen)
		return
	}
	ip, _ := netip.AddrFromSlice(n.Addr)
	d.g.put(n.Name, m, netip.AddrPortFrom(ip.Unmap(), n.Port))
	d.g.joined.Store(true)
	signal(d.g.seen)
}

// NotifyLeave implements memberlist.EventDelegate: n has left, which it has said already, or it is taken for dead.
func (d delegate) NotifyLeave(n *memberlist.Node) {
	if d.g.doubt(n.Name) {
		signal(d.g.doubts)
	}
}

// NotifyMsg, GetBroadcasts, LocalState and MergeRemoteState implement memberlist.Delegate; nothing but metadata is gossiped.
func (delegate) NotifyMsg([]byte)                {}
func (delegate) GetBroadcasts(int, int) [][]byte { return nil }
func (delegate) LocalState(bool) []byte          { return nil }
func (delegate) MergeRemoteState([]byte, bool)   {}
