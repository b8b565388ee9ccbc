package ownership

import (
	"slices"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// client is a player: it wants to be in the room, goes where it is sent, and asks again when it is told to come back.
type client struct {
	model  *model
	at     *node // where it is or waits
	boot   uint64
	in     bool
	seen   proto.Epoch // zero: it is new
	waited time.Duration
	turn   int // counts what it does, so that a late answer means nothing
	asked  time.Duration
	able   bool // it has heard something since the faults ended
}

func (m *model) newClient() {
	c := &client{model: m}
	m.clients = append(m.clients, c)
	c.idle(m.between(0, time.Second))
	c.watch()
}

// idle has the client look for the room after a while.
func (c *client) idle(d time.Duration) {
	c.at, c.in = nil, false
	c.turn++
	turn := c.turn
	c.model.after(d, func() {
		if c.turn == turn {
			c.goTo(c.model.route())
		}
	})
}

// route is the home of the room in some server's view; sometimes it is just any server.
func (m *model) route() *node {
	for range 8 {
		n := m.nodes[m.rng.IntN(len(m.nodes))]
		if !n.up || n.view.fleet == nil {
			continue
		}
		if m.chance(20) {
			return n
		}
		if home, ok := n.view.fleet.Placement.Home(string(room)); ok {
			return m.node(home)
		}
	}
	return m.nodes[0]
}

func (c *client) goTo(n *node) {
	m := c.model
	c.turn++
	turn := c.turn
	c.at, c.in, c.boot, c.waited = n, false, n.bootID, m.now
	if !n.up {
		c.idle(m.between(200*time.Millisecond, time.Second))
		return
	}
	m.after(m.delay()+20*time.Millisecond, func() {
		n.do(func() {
			if c.turn == turn && n.up && n.bootID == c.boot {
				c.hello(n)
			}
		})
	})
}

func (c *client) hello(n *node) {
	if r := n.room; r != nil && r.started {
		c.enter(n)
		return
	}
	if c.seen.Instance != 0 && c.asked == 0 {
		c.asked = c.model.now
	}
	n.waiting = append(n.waiting, c)
	n.step(Wanted{Seen: c.seen, Create: c.seen == proto.Epoch{}})
}

// enter is at a server that leads the room.
func (c *client) enter(n *node) {
	r := n.room
	if c.seen.Instance != 0 && c.seen.Instance != r.state.instance && r.suspended&^OnProbation != 0 {
		c.idle(time.Second) // this instance may be the one that is over
		return
	}
	if c.seen.Instance != 0 && c.seen.Instance != r.state.instance {
		c.told(n, c.seen.Instance, proto.CloseOver)
		return
	}
	c.turn++
	c.at, c.in, c.boot, c.asked = n, true, n.bootID, 0
	if r.epoch.Supersedes(c.seen) || c.seen.Instance == 0 {
		c.seen = r.epoch
	} else if c.seen.Supersedes(r.epoch) {
		n.step(ClientSaw{c.seen})
	}
}

// told: the client's room is over, lost or ended. It enters again as a new player.
func (c *client) told(n *node, i proto.Instance, code proto.CloseCode) {
	c.model.check.told(n, i, code)
	c.seen, c.asked, c.able = proto.Epoch{}, 0, true
	c.idle(c.model.between(time.Second, 4*time.Second))
}

// watch is the client's own eye on its server.
func (c *client) watch() {
	m := c.model
	m.after(m.between(200*time.Millisecond, 400*time.Millisecond), c.watch)
	n := c.at
	switch {
	case n == nil:
	case !n.up || n.bootID != c.boot:
		c.idle(m.between(100*time.Millisecond, time.Second))
	case !c.in && m.now-c.waited > enterTime, n.paused && m.now-n.pausedAt > 3*time.Second:
		n.waiting = slices.DeleteFunc(n.waiting, func(o *client) bool { return o == c })
		c.idle(m.between(0, time.Second))
	case c.in && !n.paused:
		switch r := n.room; {
		case r == nil || r.ended:
			c.idle(m.between(0, time.Second))
		case r.suspended&^OnProbation != 0 && m.now-r.since > 3*time.Second:
			c.idle(m.between(0, 500*time.Millisecond))
		case r.suspended == 0:
			if r.epoch.Supersedes(c.seen) {
				c.seen = r.epoch
			}
			c.able = true
		}
	}
}

// sendClients sends the waiting ones to another server.
func (n *node) sendClients(a Send) {
	n.model.check.redirect(n, a.Server, false)
	waiting := n.waiting
	n.waiting = nil
	for _, c := range waiting {
		if a.Epoch.Supersedes(c.seen) {
			c.seen = a.Epoch
		}
		c.goTo(n.model.node(a.Server))
	}
}

func (n *node) turnClients(a Turn) {
	m := n.model
	waiting := n.waiting
	n.waiting = nil
	final := a.Code == proto.CloseLost || a.Code == proto.CloseEnded || a.Code == proto.CloseCrashed
	if final {
		m.check.concluded(n, a.Instance, a.Code)
	}
	for _, c := range waiting {
		switch {
		case a.Instance != 0 && c.seen.Instance != a.Instance, a.Newcomers && c.seen.Instance != 0:
			n.waiting = append(n.waiting, c)
		case final:
			c.told(n, a.Instance, a.Code)
		default:
			c.idle(m.between(500*time.Millisecond, 1500*time.Millisecond))
		}
	}
}

// ended ends the room of a leader.
func (n *node) ended(a End) {
	m, r := n.model, n.room
	r.ended = true
	n.room = nil
	switch a.Code {
	case proto.CloseMoved:
		m.check.redirect(n, a.Server, true)
	case proto.CloseOverloaded:
	default:
		m.check.concluded(n, r.state.instance, a.Code)
	}
	for _, c := range m.clients {
		if c.at != n || !c.in {
			continue
		}
		switch a.Code {
		case proto.CloseMoved:
			c.goTo(m.node(a.Server))
		case proto.CloseOverloaded:
			c.idle(m.between(0, 500*time.Millisecond))
		default:
			c.told(n, r.state.instance, a.Code)
		}
	}
}
