package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// roomRun is a room that is led.
type roomRun struct {
	node      *node
	epoch     proto.Epoch
	state     *state
	suspended Reason
	since     time.Duration // of suspended
	waits     []int         // outcomes wait for them
	acks      map[int]proto.Tick
	announced int        // outcomes
	raised    proto.Tick // the first tick of the present epoch
	handoff   *HandOff
	started   bool
	ended     bool
}

// lead starts the room.
func (n *node) lead(a Lead) {
	m := n.model
	s := n.replica
	if !a.Resumed {
		i := proto.Instance(m.rng.Uint64() | 1)
		n.mach.SetInstance(i)
		a.Epoch.Instance = i
		s = &state{instance: i}
	}
	if m.chance(1) && a.Resumed {
		n.step(Started{errModel})
		return
	}
	r := &roomRun{node: n, epoch: a.Epoch, state: s, suspended: a.Suspended, waits: slices.Clone(a.Standbys), acks: map[int]proto.Tick{}, since: m.now}
	n.room, n.replica = r, nil
	for _, st := range n.streams() {
		st.close(0, nil)
	}
	n.out = map[int]*stream{}
	m.check.led(n, a, s)
	n.events = append([]Event{Started{}}, n.events...)
	n.after(m.config.tick, r.loop)
	if a.Suspended&OnProbation != 0 {
		n.after(time.Millisecond, func() {
			if n.room == r {
				n.step(ProbationTurn{})
			}
		})
	}
	r.started = true
	for _, c := range n.waiting {
		c.enter(n)
	}
	n.waiting = nil
}

func (r *roomRun) loop() {
	if r.node.room != r || r.ended {
		return
	}
	if r.suspended == 0 {
		r.tick()
		r.announce()
	}
	if r.handoff != nil {
		r.handOver()
	}
	r.node.after(r.node.model.config.tick, r.loop)
}

// tick runs one tick and feeds the standbys.
func (r *roomRun) tick() {
	m := r.node.model
	r.state = r.state.next(r.epoch, m.rng.Uint64())
	m.check.ticked(r)
	for _, st := range r.node.streams() {
		if st.accepted && st.ends[0].open {
			st.feed(r.state, false)
		}
	}
}

// announce tells the outcomes that all standbys have.
func (r *roomRun) announce() {
	for ; r.announced < len(r.state.outcomes); r.announced++ {
		for _, id := range r.waits {
			if r.acks[id] < max(r.raised, r.state.outcomes[r.announced].tick) {
				return
			}
		}
		r.node.model.check.announced(r, r.announced)
	}
}

// handOver ends the room with a final tick.
func (r *roomRun) handOver() {
	n, h := r.node, r.handoff
	r.handoff = nil
	st := n.out[h.ID]
	if r.suspended != 0 || st == nil || !st.ends[0].open || !st.accepted || n.model.chance(3) {
		n.step(HandoffFailed{errModel})
		return
	}
	r.tick()
	r.ended = true
	offered, final := r.epoch.Next(h.Server), r.state
	others := n.others(h.Server)
	st.send(0, func() {
		to := st.ends[1].node
		if to.stream() == st.id {
			to.replica = final
		}
		to.step(Offer{st.id, offered, others})
	})
	for _, o := range n.streams() {
		if o == st {
			continue
		}
		o.close(0, func() {
			o.ends[1].node.step(HandedTo{o.id, h.Server, offered})
		})
		delete(n.out, o.sid)
	}
	n.room, n.replica = nil, final
	n.model.log(n.name + " has handed over to " + h.Server)
	n.model.check.handedOver(n, h.Server)
	for _, c := range n.model.clients {
		if c.at == n && c.in {
			c.seen = offered
			c.goTo(n.model.node(h.Server))
		}
	}
	n.step(HandedOver{offered, final.tick})
}
