package ownership

import (
	"slices"
	"time"
)

// delay is one way.
func (m *model) delay() time.Duration {
	if m.chance(2) {
		return m.between(0, 4*m.config.delay)
	}
	return m.between(m.config.delay/4, m.config.delay)
}

// hop takes run from a to b, if nothing is lost on the way. What a link carries when the way is cut comes late, if at all.
func (m *model) hop(a, b *node, run func()) {
	if m.cut[a.i][b.i] {
		if m.chance(50) {
			m.late(a, b, b.bootID, m.now+idleTime, run)
		}
		return
	}
	if m.chance(m.config.drop) {
		return
	}
	m.after(m.delay(), func() {
		if !m.cut[a.i][b.i] {
			run()
		}
	})
}

// late runs what was sent to a process of b once the way is open, before the link is given up.
func (m *model) late(a, b *node, boot uint64, until time.Duration, run func()) {
	m.after(30*time.Millisecond, func() {
		switch {
		case b.bootID != boot || m.now > until:
		case m.cut[a.i][b.i]:
			m.late(a, b, boot, until, run)
		default:
			run()
		}
	})
}

// attempt asks target for asker, from via. result is called at via, at most once.
func (m *model) attempt(asker, via, target *node, q Query, result func(Reply)) {
	reply := func(r Reply) {
		r.Server = target.name
		m.hop(target, via, func() { via.do(func() { result(r) }) })
	}
	m.hop(via, target, func() {
		switch {
		case m.firewall[via.i][target.i]:
			reply(Reply{Evidence: RefusedFar})
		case !target.up && m.now-target.diedAt < 5*time.Millisecond: // its socket takes a connection for a moment more
		case !target.up && m.config.loopback:
			reply(Reply{Evidence: GoneHere})
		case !target.up && !target.hostDown:
			reply(Reply{Evidence: RefusedFar})
		case !target.up:
		default:
			answer := func() {
				target.do(func() { reply(Reply{Evidence: Answered, Answer: target.query(asker.name, q)}) })
			}
			answer()
			if m.chance(2) { // twice
				m.after(m.between(0, 2*time.Second), answer)
			}
		}
	})
}

// round is the questions of one Ask.
type askRound struct {
	node    *node
	ask     Ask
	replies map[string]Reply
	open    map[string]int // attempts that have not come back
	done    bool
}

func (n *node) ask(a Ask) {
	n.model.check.asked(n)
	r := &askRound{node: n, ask: a, replies: map[string]Reply{}, open: map[string]int{}}
	mach := n.mach
	finish := func() { r.finish(mach) }
	r.ask.Servers, r.ask.Needed = slices.Clone(a.Servers), slices.Clone(a.Needed)
	n.after(roundTime, finish)
	if len(a.Servers) == 0 {
		n.after(0, finish)
	}
	for _, s := range r.ask.Servers {
		target := n.model.node(s)
		if n.model.chance(1) && n.model.chance(30) {
			r.replies[s] = Reply{Server: s, Evidence: NoAnswer}
			continue
		}
		relayed := false
		relay := func() {
			if relayed || r.done {
				return
			}
			relayed = true
			for _, via := range n.view.present() {
				if via == target {
					continue
				}
				r.open[s]++
				n.model.hop(n, via, func() {
					via.do(func() {
						n.model.attempt(n, via, target, a.Query, func(rep Reply) {
							n.model.hop(via, n, func() { n.do(func() { r.got(rep, mach) }) })
						})
					})
				})
			}
		}
		r.open[s]++
		n.model.attempt(n, n, target, a.Query, func(rep Reply) {
			if rep.Evidence == RefusedFar {
				relay()
			}
			r.got(rep, mach)
		})
		n.after(60*time.Millisecond, func() {
			if _, ok := r.replies[s]; !ok {
				relay()
			}
		})
	}
}

func (r *askRound) got(rep Reply, mach *Machine) {
	if r.done {
		return
	}
	r.open[rep.Server]--
	if old, ok := r.replies[rep.Server]; !ok || old.Evidence != Answered && old.Evidence != GoneHere {
		r.replies[rep.Server] = rep
	}
	a := rep.Answer
	if rep.Evidence == Answered {
		r.node.answers[rep.Server] = r.node.model.now
	}
	floor := r.ask.Floor
	if rep.Evidence == Answered && a.Holding == Leading && !a.Epoch.Less(floor) && (floor.Instance == 0 || floor.Instance == a.Epoch.Instance) {
		r.finish(mach)
		return
	}
	all, needed := true, true
	for _, s := range r.ask.Servers {
		rep, ok := r.replies[s]
		final := ok && (rep.Evidence != RefusedFar || r.open[s] <= 0)
		all = all && final
		if r.ask.Needed != nil && slices.Contains(r.ask.Needed, s) {
			needed = needed && final
		}
	}
	switch {
	case all:
		r.finish(mach)
	case r.ask.Needed != nil && needed:
		r.node.after(20*time.Millisecond, func() { r.finish(mach) })
	}
}

func (r *askRound) finish(mach *Machine) {
	if r.done || r.node.mach != mach {
		return
	}
	r.done = true
	ev := Replies{Round: r.ask.Round}
	for _, s := range r.ask.Servers {
		rep, ok := r.replies[s]
		if !ok {
			rep = Reply{Server: s, Evidence: Silent}
		}
		ev.Replies = append(ev.Replies, rep)
	}
	r.node.step(ev)
}
