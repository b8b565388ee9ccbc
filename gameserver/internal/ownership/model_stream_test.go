package ownership

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// stream is a TCP connection from a leader (end 0) to a standby (end 1). What is sent arrives in order; where the way is cut it
// waits, until an end has heard nothing for its notice time.
type stream struct {
	model  *model
	id     uint64
	sid    int // of the standby, at the leader
	ends   [2]end
	queues [2]way // by sender

	base     *state // that it continues from; nil: a keyframe comes first
	accepted bool
	epoch    proto.Epoch
}

type end struct {
	node   *node
	boot   uint64
	open   bool
	heard  time.Duration
	notice time.Duration
}

type way struct {
	packets []packet
	last    time.Duration
	pumping bool
}

type packet struct {
	at  time.Duration
	run func()
}

// alive reports whether the end's process is the one that opened it.
func (e *end) alive() bool { return e.node.up && e.node.bootID == e.boot }

// dial opens a stream to a standby.
func (n *node) dial(a Open, r *roomRun) {
	m := n.model
	m.streams++
	st := &stream{model: m, id: m.streams, sid: a.ID, epoch: r.epoch}
	to := m.node(a.Server)
	for i, e := range []*node{n, to} {
		st.ends[i] = end{node: e, open: true, heard: m.now, notice: m.between(noticeMin, noticeMax)}
	}
	st.ends[0].boot = n.bootID
	if old := n.out[a.ID]; old != nil {
		old.close(0, nil)
	}
	n.out[a.ID] = st
	if a.Base {
		st.base = r.state
	}
	offer := Offered{Stream: st.id, From: n.process(), Epoch: r.epoch, Others: n.others(to.name), HasBase: a.Base, Base: r.state.tick, BaseEpoch: a.From}
	arrived := false
	fail := func(e Evidence) func() {
		return func() {
			n.do(func() {
				if st.ends[0].open && !arrived {
					st.close(0, nil)
					n.step(StandbyLost{st.sid, e, st.ends[1].boot})
				}
			})
		}
	}
	arrive := func() {
		if st.id < to.newest[n.name] { // the newer link has ended this one
			st.ends[1].open = false
			return
		}
		arrived, to.newest[n.name] = true, st.id
		st.ends[0].heard, st.ends[1].heard = m.now, m.now
		m.after(100*time.Millisecond, st.watch)
		to.in[st.id] = st
		if to.draining {
			offer.Unable = &Rejection{Code: RejectDraining, Text: "draining"}
		} else if m.chance(2) {
			offer.Unable = &Rejection{Code: RejectBusy, Text: "busy"}
		}
		to.step(offer)
	}
	m.after(m.between(900*time.Millisecond, 1100*time.Millisecond), fail(Silent))
	if to.up && m.chance(50) { // there is a link, on which nothing was said lately: what it carries may come late
		st.ends[1].boot = to.bootID
		m.after(idleTime, func() {
			if !arrived {
				st.ends[1].open = false
			}
		})
		st.send(0, arrive)
		if !a.Base {
			st.accepted = true
			st.feed(r.state, true)
		}
		return
	}
	if m.cut[n.i][to.i] || m.cut[to.i][n.i] {
		return
	}
	m.after(2*m.delay(), func() {
		switch {
		case m.cut[n.i][to.i] || m.cut[to.i][n.i]:
		case m.firewall[n.i][to.i]:
			fail(RefusedFar)()
		case !to.up && m.config.loopback:
			fail(GoneHere)()
		case !to.up && !to.hostDown:
			fail(RefusedFar)()
		case !to.up:
		default:
			st.ends[1].boot = to.bootID
			to.do(func() {
				if m.now-st.ends[0].heard > time.Second || !st.ends[0].open {
					return
				}
				arrive()
			})
		}
	})
}

// send takes run from end to the other one.
func (st *stream) send(from int, run func()) {
	m, w := st.model, &st.queues[from]
	w.last = max(w.last, m.now+m.delay())
	w.packets = append(w.packets, packet{w.last, run})
	if !w.pumping {
		w.pumping = true
		m.after(w.last-m.now, func() { st.pump(from) })
	}
}

func (st *stream) pump(from int) {
	m, w := st.model, &st.queues[from]
	a, b := &st.ends[from], &st.ends[1-from]
	w.pumping = false
	for len(w.packets) > 0 {
		p := w.packets[0]
		again := p.at - m.now
		if again <= 0 && (m.cut[a.node.i][b.node.i] || b.alive() && b.node.paused) {
			again = 30 * time.Millisecond
		}
		if again > 0 {
			if b.open {
				w.pumping = true
				m.after(again, func() { st.pump(from) })
			}
			return
		}
		w.packets = w.packets[1:]
		if b.open && b.alive() {
			b.heard = m.now
			p.run()
		}
	}
}

// watch notices silence, and sends what keeps the stream alive.
func (st *stream) watch() {
	m, open := st.model, false
	for i := range st.ends {
		e, o := &st.ends[i], &st.ends[1-i]
		if !e.open || !e.alive() {
			continue
		}
		open = true
		if e.node.paused {
			continue
		}
		clear := !m.cut[o.node.i][e.node.i]
		switch {
		case clear && o.alive() && !o.node.paused && o.open:
			if len(st.queues[1-i].packets) == 0 {
				e.heard = m.now
			}
		case clear && !o.alive() && !o.node.hostDown && !m.cut[e.node.i][o.node.i] && m.now-o.node.diedAt > 20*time.Millisecond:
			st.lose(i) // its kernel answers with a reset
			continue
		}
		if m.now-max(e.heard, e.node.wokeAt) > e.notice {
			st.lose(i)
		}
	}
	if open {
		m.after(100*time.Millisecond, st.watch)
	}
}

// lose ends the stream at one end, which hears that it is lost.
func (st *stream) lose(i int) {
	e := &st.ends[i]
	if !e.open || !e.alive() {
		return
	}
	e.open = false
	n := e.node
	st.send(i, func() { st.lose(1 - i) })
	n.do(func() {
		if i == 1 {
			n.step(StreamLost{st.id})
			return
		}
		evidence, o := Silent, st.ends[1]
		if !o.alive() && n.model.config.loopback {
			evidence = GoneHere
		}
		if n.out[st.sid] == st {
			n.step(StandbyLost{st.sid, evidence, o.boot})
		}
	})
}

// close ends the stream at an end whose machine knows. last is taken to the other one before.
func (st *stream) close(i int, last func()) {
	if !st.ends[i].open {
		return
	}
	st.ends[i].open = false
	if last != nil {
		st.send(i, last)
	}
	st.send(i, func() { st.lose(1 - i) })
}

// accept is the standby's.
func (st *stream) accept(keep bool) {
	st.send(1, func() {
		leader := st.ends[0].node
		r := leader.room
		if leader.out[st.sid] != st || r == nil || r.ended {
			return
		}
		st.accepted = true
		if !keep {
			st.base = nil
			st.feed(r.state, true)
		}
	})
	if keep {
		st.ack(st.base)
	}
}

// feed sends a state.
func (st *stream) feed(s *state, keyframe bool) {
	st.send(0, func() {
		n := st.ends[1].node
		if n.stream() != st.id {
			return
		}
		n.replica = s
		if keyframe {
			n.step(Stocked{st.id})
		}
		st.ack(s)
	})
}

func (st *stream) ack(s *state) {
	st.send(1, func() {
		n := st.ends[0].node
		r := n.room
		if r == nil || n.out[st.sid] != st {
			return
		}
		r.acks[st.sid] = max(r.acks[st.sid], s.tick)
		n.step(StandbyCaught{st.sid, st.ends[1].boot})
	})
}
