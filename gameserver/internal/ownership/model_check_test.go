package ownership

import (
	"fmt"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// checks are the invariants. Each is checked at the moment at which it could break.
type checks struct {
	announcedOutcomes map[proto.Instance][]outcome
	announcedIn       map[proto.Instance]proto.Epoch // the highest
	over              map[proto.Instance]*conclusion
	two               time.Duration // since when two servers tick one instance
	rounds            map[*node][]time.Duration
	ticks, decided    int
	lost, failovers   int
	moves             int
	onLead            func(n *node) // the faults' triggers
	onHandOver        func(n *node, to string)
	onOutcome         func(n *node)
}

func (c *checks) begin() {
	c.announcedOutcomes = map[proto.Instance][]outcome{}
	c.announcedIn = map[proto.Instance]proto.Epoch{}
	c.over = map[proto.Instance]*conclusion{}
	c.rounds = map[*node][]time.Duration{}
}

// twoLeaders bounds how long two servers may tick the room after the last fault began or ended, where they reach each other through one other server: a view misses the other part within suspect, and then either suspends
// the room or has a round of questions answered.
const twoLeaders = suspect + time.Second

// ticked: a room that is not suspended has run a tick.
func (c *checks) ticked(r *roomRun) {
	m := r.node.model
	c.ticks++
	i := r.state.instance
	if o, ok := c.over[i]; ok && m.now-m.changed > suspect && o.known(r.node) {
		m.fail("%s ticks instance %v in %v, which is over: %s", r.node.name, i, r.epoch, o.why)
	}
	c.contains(r, "ticks")
	two := false
	for _, n := range m.nodes {
		if o := n.room; m.near(r.node, n) && n.running() && o != nil && o != r && o.suspended == 0 && !o.ended && m.now-n.wokeAt > 500*time.Millisecond && m.now-r.node.wokeAt > 500*time.Millisecond {
			two = true
			if c.two == 0 {
				c.two = m.now
			}
			if m.now-max(c.two, m.changed) > twoLeaders {
				m.fail("%s and %s tick in %v and %v for %v", r.node.name, n.name, r.epoch, o.epoch, m.now-c.two)
			}
		}
	}
	if !two {
		c.two = 0
	}
	if k := len(r.state.outcomes); k > 0 && r.state.outcomes[k-1].tick == r.state.tick && c.onOutcome != nil {
		c.onOutcome(r.node)
	}
}

// near reports whether a question gets from a to b and back, through one other server at most.
func (m *model) near(a, b *node) bool {
	open := func(x, y *node) bool { return x == y || !m.cut[x.i][y.i] && !m.cut[y.i][x.i] && !m.firewall[x.i][y.i] }
	for _, via := range m.nodes {
		if via.running() && open(a, via) && open(via, b) {
			return true
		}
	}
	return false
}

// contains: what was announced is never taken back by a later leader. An earlier one may not have heard of it yet.
func (c *checks) contains(r *roomRun, what string) {
	told := c.announcedOutcomes[r.state.instance]
	if r.epoch.Less(c.announcedIn[r.state.instance]) {
		return
	}
	if k := len(told) - 1; k >= 0 && (len(r.state.outcomes) <= k || r.state.outcomes[k] != told[k]) {
		r.node.model.fail("%s %s in %v without outcome %d, which was announced", r.node.name, what, r.epoch, k)
	}
}

func (c *checks) announced(r *roomRun, k int) {
	told, o := c.announcedOutcomes[r.state.instance], r.state.outcomes[k]
	switch {
	case k < len(told) && told[k] != o:
		r.node.model.fail("%s announces another outcome of match %d", r.node.name, k)
	case k == len(told):
		c.announcedOutcomes[r.state.instance] = append(told, o)
		if in := c.announcedIn[r.state.instance]; in.Less(r.epoch) {
			c.announcedIn[r.state.instance] = r.epoch
		}
		c.decided++
	}
}

// led: a server starts to lead from s.
func (c *checks) led(n *node, a Lead, s *state) {
	if a.Resumed && !a.Handoff {
		c.failovers++
	}
	if a.Suspended&^OnProbation == 0 {
		c.contains(&roomRun{node: n, epoch: a.Epoch, state: s}, "leads")
	}
	if c.onLead != nil {
		c.onLead(n)
	}
}

func (c *checks) handedOver(n *node, to string) {
	c.moves++
	if c.onHandOver != nil {
		c.onHandOver(n, to)
	}
}

func (c *checks) told(n *node, i proto.Instance, code proto.CloseCode) {
	c.concluded(n, i, code)
}

// conclusion is that an instance is over. by are the processes that know.
type conclusion struct {
	why string
	by  map[*node]uint64
}

// known reports whether one of them can be asked by n. Where all have ended, or are cut off, nobody can know.
func (o *conclusion) known(n *node) bool {
	part := n.model.parts()
	for p, boot := range o.by {
		if p.running() && p.bootID == boot && part[p.i] == part[n.i] {
			return true
		}
	}
	return false
}

// concluded: somebody was told that an instance is over.
func (c *checks) concluded(n *node, i proto.Instance, code proto.CloseCode) {
	m := n.model
	if _, ok := c.over[i]; ok {
		return
	}
	o := &conclusion{why: fmt.Sprintf("%v by %s at %v", code, n.name, m.now), by: map[*node]uint64{n: n.bootID}}
	for _, p := range m.nodes {
		if t := p.mach.tomb; t.epoch.Instance == i && (t.holding == Gone || t.holding == Over) {
			o.by[p] = p.bootID
		}
	}
	c.over[i] = o
	c.lost++
	m.log(fmt.Sprintf("instance %v is over: %v", i, code))
}

// reported: a part that declares a room lost must not have a server that can continue it.
func (c *checks) reported(n *node, a Report) {
	m := n.model
	if a.Kind != ReportLost || a.Why != "no server can continue it" {
		return
	}
	part := m.parts()
	for _, o := range m.nodes {
		if o == n || !o.running() || part[o.i] != part[n.i] || m.now-o.wokeAt < 3*time.Second || m.now-m.changed < 3*time.Second {
			continue
		}
		mach, i := o.mach, a.Epoch.Instance
		leads := mach.role == Leads && mach.lead.epoch.Instance == i && o.view.quorum
		able := mach.role == Following && mach.replica.epoch.Instance == i && mach.replica.stocked && !mach.replica.expired(mach) && o.view.quorum
		if leads || able {
			m.fail("%s declares %v lost, which %s can continue as %v", n.name, i, o.name, mach.role)
		}
	}
}

// redirect: nobody is sent to a server that is known to be gone. What that server has said a moment ago is newer than the view.
func (c *checks) redirect(n *node, to string, heard bool) {
	if to == n.name {
		n.model.fail("%s sends clients to itself", n.name)
	}
	s, _ := n.view.fleet.find(to)
	if answered := n.offset + n.answers[to]; s.Presence != Present && !heard && (s.Presence == Exited && answered < s.Gone || n.clock()-answered > time.Second) {
		n.model.fail("%s sends clients to %s, whose presence is %d", n.name, to, s.Presence)
	}
}

// asked: rounds of questions are bounded.
func (c *checks) asked(n *node) {
	m := n.model
	const window, most = 10 * time.Second, 400
	r := append(c.rounds[n], m.now)
	for m.now-r[0] > window {
		r = r[1:]
	}
	if c.rounds[n] = r; len(r) > most {
		m.fail("%s asks %d times in %v", n.name, len(r), window)
	}
}

// settled: a machine has done all that an event asks for. It must come back by itself to a standby whose stream is lost: nothing else may
// happen, and outcomes wait.
func (c *checks) settled(n *node) {
	l := n.mach.lead
	if l == nil || l.starting || l.away() {
		return
	}
	if _, due := n.mach.Next(); !due && slices.ContainsFunc(l.standbys, func(s *standby) bool { return s.lost }) {
		n.model.fail("%s leads, has lost a standby, and nothing is due", n.name)
	}
}

// goesOn: the room ticks on one server, with all its clients, of which those that were in another instance were told.
// standbys: and it has all its standbys.
func (m *model) goesOn(standbys bool) bool {
	leaders := 0
	for _, n := range m.nodes {
		if r := n.room; r != nil && !r.ended {
			if r.suspended != 0 || standbys && len(n.mach.Caught()) < min(m.config.standbys, len(m.nodes)-1) {
				return false
			}
			leaders++
		}
	}
	for _, c := range m.clients {
		if !c.in || c.at.room == nil {
			return false
		}
	}
	return leaders == 1
}

func (m *model) describe() (s string) {
	for _, n := range m.nodes {
		s += fmt.Sprintf("%s: up %v paused %v role %v epoch %v leader %s", n.name, n.up, n.paused, n.mach.Role(), n.mach.Epoch(), n.mach.Leader())
		if r := n.room; r != nil {
			s += fmt.Sprintf(" suspended %d tick %d standbys %v caught %v confirm %v", r.suspended, r.state.tick, n.mach.Standbys(), n.mach.Caught(), n.mach.lead.confirm)
		}
		if p := n.mach.replica; p != nil {
			s += fmt.Sprintf(" stream %d stocked %v tick %d lost %v expired %v doubts %v others %v", p.stream, p.stocked, p.tick, n.clock()-p.lost, p.expired(n.mach), p.doubts, p.others)
		}
		s += fmt.Sprintf(" quorum %v waiting %d\n", n.view.quorum, len(n.waiting))
	}
	for i, c := range m.clients {
		at := "-"
		if c.at != nil {
			at = c.at.name
		}
		s += fmt.Sprintf("client %d: at %s in %v seen %v\n", i, at, c.in, c.seen)
	}
	return s
}
