package ownership

import (
	"time"

	"github.com/ringside-go/ringside/internal/placement"
)

// view is what one process sees of the fleet: late, and for a while wrong. The oracle keeps to these bounds: a silent server is missed
// within suspect, one that refuses everybody within 0.5 s, one that is there is seen within a second; and of the parts of the
// fleet at most one has the quorum, but for these delays.
type view struct {
	node    *node
	seen    []seen
	joined  bool
	quorum  bool
	since   time.Duration
	settled time.Duration
	woke    time.Duration
	fleet   *Fleet
	order   []string
}

type seen struct {
	presence Presence
	boot     uint64
	gone     time.Duration
	came     time.Duration
	draining bool
	next     Presence // what it is about to become
	at       time.Duration
}

func (v *view) present() (nodes []*node) {
	for i, s := range v.seen {
		if s.presence == Present {
			nodes = append(nodes, v.node.model.nodes[i])
		}
	}
	return nodes
}

// parts are the connected components of the processes that run.
func (m *model) parts() []int {
	part := make([]int, len(m.nodes))
	for i := range part {
		part[i] = -1
	}
	var mark func(i, p int)
	mark = func(i, p int) {
		part[i] = p
		for j, o := range m.nodes {
			if part[j] < 0 && o.running() && !m.cut[i][j] && !m.cut[j][i] && !m.firewall[i][j] {
				mark(j, p)
			}
		}
	}
	for i, n := range m.nodes {
		if part[i] < 0 && n.running() {
			mark(i, i)
		}
	}
	return part
}

// oracle brings all views up to date, again and again.
func (m *model) oracle() {
	m.after(100*time.Millisecond, m.oracle)
	part := m.parts()
	for _, n := range m.nodes { // members whose end is proven to the part with the quorum are none any more
		if proven := !n.up && (m.config.loopback || n.left); proven && m.official[n.i] {
			for p := range m.nodes {
				if m.majority(part, p) {
					delete(m.official, n.i)
					break
				}
			}
		}
	}
	for _, n := range m.nodes {
		if n.running() && n.view.joined && !m.official[n.i] && m.majority(part, part[n.i]) {
			m.official[n.i] = true
		}
	}
	m.found(part)
	for _, n := range m.nodes {
		if n.running() {
			n.view.look(part)
		}
	}
}

// found lets a majority of all addresses found the fleet anew, where nobody that runs knows one.
func (m *model) found(part []int) {
	count := map[int]int{}
	for i, n := range m.nodes {
		if n.up && n.view.joined {
			return
		}
		if n.running() {
			count[part[i]]++
		}
	}
	for i, n := range m.nodes {
		if n.running() && 2*count[part[i]] > len(m.nodes) {
			m.official = map[int]bool{i: true}
			n.view.joined = true
			return
		}
	}
}

// majority reports whether part p has the quorum.
func (m *model) majority(part []int, p int) bool {
	count, first := 0, -1
	for i := range m.nodes {
		if !m.official[i] {
			continue
		}
		if first < 0 {
			first = i
		}
		if part[i] == p && m.nodes[i].view.joined {
			count++
		}
	}
	return 2*count > len(m.official) || 2*count == len(m.official) && count > 0 && part[first] == p
}

// look takes what has become true for long enough.
func (v *view) look(part []int) {
	n, m := v.node, v.node.model
	changed := false
	if !v.joined {
		for i, o := range m.nodes {
			if o != n && part[i] == part[n.i] && o.view != nil && o.view.joined && m.now-n.bootedAt > 300*time.Millisecond {
				v.joined, changed = true, true
				for j := range v.seen {
					if j != n.i && m.official[j] {
						v.seen[j] = seen{presence: Present, boot: m.nodes[j].bootID, came: n.clock()}
					}
				}
			}
		}
		if !v.joined {
			return
		}
	}
	for i, o := range m.nodes {
		if o == n {
			continue
		}
		s := &v.seen[i]
		to, delay := v.truth(part, i)
		if to == Present && s.presence == Present && (s.boot != o.bootID || s.draining != o.draining) {
			if s.boot != o.bootID {
				s.came = n.clock()
			}
			s.boot, s.draining, v.settled, changed = o.bootID, o.draining, n.clock(), true
		}
		if to == s.presence || to == Unknown {
			s.next = s.presence
			continue
		}
		if s.presence == Refused && to == Unreachable || s.presence == Exited && to != Present {
			continue
		}
		if s.next != to {
			s.next, s.at = to, m.now+delay
		}
		if m.now >= s.at {
			if s.presence == Present || s.gone == 0 {
				s.gone = n.clock()
			}
			s.presence, s.boot, s.draining, s.came = to, o.bootID, o.draining, n.clock()
			v.settled, changed = n.clock(), true
		}
	}
	total, there, first := 1, 1, n.i
	if !m.official[n.i] {
		total, there = 0, 0
	}
	for i, s := range v.seen {
		if i == n.i || !m.official[i] {
			continue
		}
		total++
		first = min(first, i)
		if s.presence == Present {
			there++
		}
	}
	quorum := 2*there > total || 2*there == total && there > 0 && (first == n.i || v.seen[first].presence == Present)
	if quorum && !v.quorum && !m.majority(part, part[n.i]) { // it does not begin by mistake
		quorum = false
	}
	if quorum && !v.quorum {
		v.since = n.clock()
	}
	if changed || quorum != v.quorum {
		v.quorum = quorum
		v.publish()
	}
}

// truth is what v will see of server i, and after how long.
func (v *view) truth(part []int, i int) (Presence, time.Duration) {
	n, m := v.node, v.node.model
	o := m.nodes[i]
	switch {
	case o.running() && part[i] == part[n.i]:
		if !o.view.joined {
			return Unknown, 0
		}
		return Present, m.between(100*time.Millisecond, time.Second)
	case !o.up && (o.left || m.config.loopback):
		return Exited, m.between(50*time.Millisecond, 500*time.Millisecond)
	case !m.official[i] && v.seen[i].presence == Unknown:
		return Unknown, 0
	case !o.up && !o.hostDown && m.anyPath(part, n.i, i):
		return Refused, m.between(100*time.Millisecond, 500*time.Millisecond)
	}
	return Unreachable, m.between(suspect/2, suspect-200*time.Millisecond)
}

// anyPath reports whether a packet gets to i and back from somebody in n's part.
func (m *model) anyPath(part []int, n, i int) bool {
	for j := range m.nodes {
		if part[j] == part[n] && !m.cut[j][i] && !m.cut[i][j] {
			return true
		}
	}
	return false
}

// publish gives the view to the machine.
func (v *view) publish() {
	n, m := v.node, v.node.model
	f := &Fleet{Quorum: v.quorum, Since: v.since, Settled: v.settled, Woke: v.woke, Draining: n.draining}
	var servers, takes []placement.Server
	for i, s := range v.seen {
		o := m.nodes[i]
		if o == n {
			servers = append(servers, placement.Server{Name: n.name})
			continue
		}
		if s.presence == Unknown {
			continue
		}
		f.Servers = append(f.Servers, Server{Name: o.name, Presence: s.presence, Gone: s.gone, Came: s.came})
		if s.presence == Present && !s.draining {
			servers, takes = append(servers, placement.Server{Name: o.name}), append(takes, placement.Server{Name: o.name})
		}
	}
	f.Placement = placement.New(servers)
	v.fleet, v.order = f, placement.New(takes).Order(nil, string(room), -1)
	if n.mach != nil {
		n.step(FleetChanged{f, v.order})
	}
}
