package ownership

import (
	"fmt"
	"time"
)

// fault breaks something, and mends it after a while. b chooses what.
func (m *model) fault(b byte) {
	if m.healed {
		return
	}
	n, o := m.nodes[m.rng.IntN(len(m.nodes))], m.nodes[m.rng.IntN(len(m.nodes))]
	if m.chance(50) { // more often what matters
		if l := m.leader(); l != nil {
			n = l
		}
	}
	m.changed = m.now
	long := m.between(100*time.Millisecond, 5*time.Second)
	if m.chance(25) {
		long = m.between(5*time.Second, 30*time.Second)
	}
	switch b % 16 {
	case 0, 1:
		m.kill(n, long)
	case 2:
		m.pause(n, long)
	case 3:
		for i, p := range m.rng.Perm(len(m.nodes)) {
			m.pause(m.nodes[p], long+time.Duration(i)*m.between(0, 1500*time.Millisecond))
		}
	case 4:
		m.cutOff(n, o, true, true, long)
	case 5:
		m.cutOff(n, o, true, false, long)
	case 6: // partition
		side := m.rng.IntN(1 << len(m.nodes))
		for i := range m.nodes {
			for j := range m.nodes {
				if side>>i&1 != side>>j&1 {
					m.cutOff(m.nodes[i], m.nodes[j], true, false, long)
				}
			}
		}
	case 7, 8: // isolate
		for _, p := range m.nodes {
			m.cutOff(n, p, true, true, long)
		}
	case 9:
		m.refuse(n, o, long)
		if m.chance(50) {
			for _, p := range m.nodes {
				m.refuse(p, n, long)
			}
		}
	case 10, 11, 12:
		m.move()
	case 13: // drain
		if n.running() && !n.draining {
			m.log(n.name + " drains")
			n.draining = true
			n.view.publish()
			n.after(m.between(time.Second, 8*time.Second), func() {
				if !m.healed {
					n.left = true
					m.kill(n, long)
				}
			})
		}
	case 14: // at the next event
		m.arm(long)
		m.move()
	case 15:
		m.newClientAgain()
	}
}

func (m *model) leader() *node {
	for _, n := range m.nodes {
		if n.running() && n.room != nil && n.room.suspended == 0 {
			return n
		}
	}
	return nil
}

// arm kills or cuts off a server at the next event of a kind.
func (m *model) arm(long time.Duration) {
	hit := func(n *node) {
		delay := m.between(0, 60*time.Millisecond)
		if m.chance(50) {
			delay = 0
		}
		kill := m.chance(60)
		m.after(delay, func() {
			if m.healed {
				return
			}
			m.changed = m.now
			if kill {
				m.kill(n, long)
				return
			}
			for _, p := range m.nodes {
				m.cutOff(n, p, true, true, long)
			}
		})
	}
	switch m.rng.IntN(3) {
	case 0:
		m.check.onLead = func(n *node) { m.check.onLead = nil; hit(n) }
	case 1:
		m.check.onOutcome = func(n *node) { m.check.onOutcome = nil; hit(n) }
	case 2:
		m.check.onHandOver = func(n *node, to string) {
			m.check.onHandOver = nil
			if m.chance(70) {
				n = m.node(to)
			}
			hit(n)
		}
	}
}

func (m *model) kill(n *node, long time.Duration) {
	if !n.up {
		return
	}
	n.crash(m.chance(40) && !m.config.loopback)
	boot := n.bootID
	m.after(long, func() {
		if n.bootID == boot {
			m.restart(n)
		}
	})
}

func (m *model) restart(n *node) {
	if !n.up {
		m.log(n.name + " starts")
		m.changed = m.now
		n.boot(false)
	}
}

func (m *model) pause(n *node, long time.Duration) {
	n.pause()
	boot := n.bootID
	m.after(long, func() {
		if n.bootID == boot {
			m.changed = m.now
			n.wake()
		}
	})
}

func (m *model) cutOff(a, b *node, there, back bool, long time.Duration) {
	if a == b {
		return
	}
	set := func(v bool) {
		m.changed = m.now
		if there {
			m.cut[a.i][b.i] = v
		}
		if back {
			m.cut[b.i][a.i] = v
		}
	}
	m.log(fmt.Sprintf("cut %s %s %v %v for %v", a.name, b.name, there, back, long))
	set(true)
	m.after(long, func() { set(false) })
}

func (m *model) refuse(a, b *node, long time.Duration) {
	if a == b || m.config.loopback {
		return
	}
	m.log(fmt.Sprintf("%s refuses %s for %v", b.name, a.name, long))
	m.firewall[a.i][b.i] = true
	m.after(long, func() { m.firewall[a.i][b.i], m.changed = false, m.now })
}

// move wants the room elsewhere.
func (m *model) move() {
	l := m.leader()
	if l == nil || len(l.view.order) == 0 {
		return
	}
	if _, may := l.mach.Moving(l.mach.now); may {
		l.step(MoveTo{Target: l.view.order[m.rng.IntN(len(l.view.order))]})
	}
}

func (m *model) newClientAgain() {
	if len(m.clients) < 6 {
		m.newClient()
	}
}

// drains moves rooms off draining servers.
func (m *model) drains() {
	m.after(200*time.Millisecond, m.drains)
	if l := m.leader(); l != nil && l.draining && len(l.view.order) > 0 {
		if _, may := l.mach.Moving(l.mach.now); may {
			l.step(MoveTo{Target: l.view.order[0]})
		}
	}
}

// heal ends all faults.
func (m *model) heal() {
	m.log("all faults end")
	m.healed, m.changed, m.config.slow = true, m.now, 0
	m.check.onLead, m.check.onOutcome, m.check.onHandOver = nil, nil, nil
	for i := range m.nodes {
		for j := range m.nodes {
			m.cut[i][j], m.firewall[i][j] = false, false
		}
	}
	for _, n := range m.nodes {
		n.draining = false
		n.wake()
		m.restart(n)
		n.view.publish()
	}
}
