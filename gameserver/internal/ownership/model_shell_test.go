package ownership

import (
	"errors"
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const room = proto.RoomID("room")

var errModel = errors.New("the model says so")

// node is one server: its present process, and the shell of that one's machine.
type node struct {
	model  *model
	i      int
	name   string
	offset time.Duration // of its clock

	up, paused, hostDown, left, draining bool
	bootID                               uint64
	bootedAt, diedAt, pausedAt, wokeAt   time.Duration
	inbox                                []func() // what waits while it is paused

	mach    *Machine
	view    *view
	room    *roomRun
	replica *state
	out     map[int]*stream // by standby
	in      map[uint64]*stream
	newest  map[string]uint64 // stream of each leader that has arrived
	dueAt   time.Duration

	events  []Event
	busy    bool
	waiting []*client
	answers map[string]time.Duration // when servers last answered
}

func (m *model) node(name string) *node { return m.nodes[name[0]-'a'] }

func (n *node) running() bool        { return n.up && !n.paused }
func (n *node) clock() time.Duration { return n.offset + n.model.now }
func (n *node) process() Process     { return Process{n.name, n.bootID} }
func (n *node) others(s string) (names []string) {
	for _, o := range n.mach.Standbys() {
		if o != s {
			names = append(names, o)
		}
	}
	return names
}

// streams are those to standbys, in the order of their ids: a run depends on its seed only.
func (n *node) streams() (all []*stream) {
	for _, st := range n.out {
		all = append(all, st)
	}
	slices.SortFunc(all, func(a, b *stream) int { return a.sid - b.sid })
	return all
}

// stream is the one that feeds the replica.
func (n *node) stream() uint64 {
	if n.mach.replica == nil {
		return 0
	}
	return n.mach.replica.stream
}

func (n *node) boot(joined bool) {
	m := n.model
	n.up, n.paused, n.hostDown, n.left, n.draining = true, false, false, false, false
	n.bootID = m.rng.Uint64() | 1
	n.bootedAt, n.wokeAt = m.now, m.now
	n.inbox, n.events, n.waiting, n.busy = nil, nil, nil, false
	n.room, n.replica, n.dueAt = nil, nil, 0
	n.out, n.in, n.newest, n.answers = map[int]*stream{}, map[uint64]*stream{}, map[string]uint64{}, map[string]time.Duration{}
	n.view = &view{node: n, seen: make([]seen, len(m.cut[0])), joined: joined}
	n.mach = nil
	if joined {
		for i := range n.view.seen {
			if i != n.i {
				n.view.seen[i] = seen{presence: Present, next: Present}
			}
		}
		n.view.quorum = true
	}
	n.newMachine()
}

func (n *node) newMachine() {
	if n.view.fleet == nil {
		n.view.publish()
	}
	c := &Config{Self: n.process(), Standbys: n.model.config.standbys}
	n.mach = New(c, room, n.view.fleet, n.view.order)
}

// do runs f in the process; if that is paused, when it wakes up.
func (n *node) do(f func()) {
	switch {
	case !n.up:
	case n.paused:
		n.inbox = append(n.inbox, f)
	default:
		f()
	}
}

// after runs f later in this process.
func (n *node) after(d time.Duration, f func()) {
	boot := n.bootID
	n.model.after(d, func() {
		if n.bootID == boot {
			n.do(f)
		}
	})
}

func (n *node) crash(hostDown bool) {
	if !n.up {
		return
	}
	n.model.log(n.name + " crashes")
	n.up, n.hostDown, n.diedAt = false, hostDown, n.model.now
}

func (n *node) pause() {
	if n.running() {
		n.model.log(n.name + " is paused")
		n.paused, n.pausedAt = true, n.model.now
	}
}

func (n *node) wake() {
	if !n.up || !n.paused {
		return
	}
	n.model.log(n.name + " wakes up")
	n.paused, n.wokeAt = false, n.model.now
	if n.model.now-n.pausedAt > 300*time.Millisecond {
		n.view.woke = n.clock()
		n.view.publish()
		n.step(Paused{n.offset + n.pausedAt - n.model.between(0, 100*time.Millisecond)})
	}
	inbox := n.inbox
	n.inbox = nil
	for _, f := range inbox {
		n.do(f)
	}
}

// step gives an event to the machine and carries out what it says.
func (n *node) step(ev Event) {
	n.events = append(n.events, ev)
	if !n.busy {
		n.drain()
	}
}

func (n *node) drain() {
	n.busy = true
	for len(n.events) > 0 && n.up {
		ev := n.events[0]
		n.events = n.events[1:]
		n.model.steps++
		n.observe()
		acts := slices.Clone(n.mach.Step(ev, n.clock()))
		n.model.trace(n, ev, acts)
		n.carry(acts)
	}
	n.busy = false
	n.settle()
}

func (n *node) observe() {
	if n.replica != nil {
		n.mach.Observe(n.replica.tick)
	}
}

func (n *node) query(asker string, q Query) Answer {
	n.model.steps++
	n.observe()
	a, acts := n.mach.Query(asker, q, n.clock())
	acts = slices.Clone(acts)
	n.model.trace(n, q, acts)
	n.busy = true
	n.carry(acts)
	n.drain()
	return a
}

// settle sets the timer, and frees a machine that remembers nothing.
func (n *node) settle() {
	n.model.check.settled(n)
	if n.mach.Role() == Absent {
		for _, c := range n.waiting { // something came between: it tries again
			c.idle(50 * time.Millisecond)
		}
		n.waiting = nil
	}
	if n.mach.Idle() {
		n.newMachine()
	}
	at, ok := n.mach.Next()
	if !ok || at == n.dueAt {
		return
	}
	n.dueAt = at
	mach := n.mach
	n.after(max(0, at-n.clock()), func() {
		if n.mach == mach && n.dueAt == at {
			n.dueAt = 0
			n.step(Due{})
		}
	})
}

func (n *node) carry(acts []Action) {
	for _, a := range acts {
		if n.up {
			n.act(a)
		}
	}
}

func (n *node) act(a Action) {
	m, r := n.model, n.room
	switch a := a.(type) {
	case Ask:
		n.ask(a)
	case Prepare:
		d := m.between(0, 20*time.Millisecond)
		if m.chance(m.config.slow) {
			d = m.between(0, 10*time.Second)
		}
		mach, failed := n.mach, m.chance(2)
		n.after(d, func() {
			if n.mach != mach {
				return
			}
			var err error
			if failed {
				err = errModel
			}
			n.step(Prepared{Err: err})
		})
	case Lead:
		n.lead(a)
	case Open:
		if !slices.Contains(r.waits, a.ID) {
			r.waits = append(r.waits, a.ID)
		}
		n.dial(a, r)
	case Wait:
		r.waits = append(r.waits, a.ID)
	case Dismiss:
		if st := n.out[a.ID]; st != nil {
			st.send(0, func() { st.ends[1].node.step(StreamStopped{st.id}) })
		}
	case Remove:
		if r != nil {
			r.waits = slices.DeleteFunc(r.waits, func(id int) bool { return id == a.ID })
		}
		if st := n.out[a.ID]; st != nil {
			st.close(0, nil)
			delete(n.out, a.ID)
		}
	case Update:
		for _, st := range n.streams() {
			others, epoch := n.others(st.ends[1].node.name), n.mach.Epoch()
			s := n.mach.lead.find(st.sid)
			counted := s != nil && s.caught
			st.send(0, func() { st.ends[1].node.step(Updated{st.id, epoch, counted, others}) })
		}
	case SetEpoch:
		r.epoch, r.raised = a.Epoch, r.state.tick+1
	case Suspend:
		if r.suspended == 0 {
			r.since = m.now
		}
		r.suspended |= a.Reason
	case Resume:
		r.suspended &^= a.Reason
	case Announce:
		if st := n.out[a.ID]; st != nil {
			st.send(0, func() {
				st.ends[1].node.step(Announced{st.id})
				st.send(1, func() { st.ends[0].node.step(StandbyAnnounced{st.sid}) })
			})
		}
	case Step1:
		r.tick()
		n.step(Stepped{})
	case End:
		n.ended(a)
	case Accept:
		n.in[a.Stream].accept(a.Keep)
	case Reject:
		n.reject(a)
	case Took:
		if st := n.in[a.Stream]; st != nil {
			st.close(1, func() {
				st.ends[0].open = false
				st.ends[0].node.step(StandbyTook{st.sid, a.Epoch})
			})
		}
	case Drop:
		n.replica = nil
	case Send:
		n.sendClients(a)
	case Turn:
		n.turnClients(a)
	case HandOff:
		r.handoff = &a
	case CallOff:
		if r != nil && r.handoff != nil {
			r.handoff = nil
			n.step(HandoffFailed{errModel})
		}
	case Report:
		m.check.reported(n, a)
	}
}

func (n *node) reject(a Reject) {
	st := n.in[a.Stream]
	if st == nil {
		return
	}
	delete(n.in, a.Stream)
	st.close(1, func() {
		st.ends[0].open = false
		leader := st.ends[0].node
		if leader.out[st.sid] == st {
			leader.step(StandbyRejected{st.sid, a.Rejection})
		}
	})
}
