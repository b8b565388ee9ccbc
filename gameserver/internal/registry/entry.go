package registry

import (
	"errors"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// entry is one room on this server: its machine, and what the machine's role needs. Tick workers and the links' ticks never
// take its lock.
type entry struct {
	r      *Registry
	id     proto.RoomID
	others atomic.Pointer[[]string] // servers that have, or may have, a replica: for the final tick
	result atomic.Pointer[handoffResult]

	mu        sync.Mutex
	forgotten bool // it is not in Registry.rooms any more
	machine   *ownership.Machine
	todo      []ownership.Event // that follow from actions
	later     []func()          // logs and the like, for when mu is free
	timer     *time.Timer
	timed     time.Duration // when timer fires; 0: it does not
	waiting   waiting

	game    proto.GameName // of the room; empty while Absent
	options []byte
	order   []string // the servers that may take the room, in its order

	stranded bool // its players were told that no other server can take it

	preparation uint64           // counts Prepare, and what makes one worthless; an older one has no result
	sim         *game.Simulation // prepared
	base        proto.Tick       // that the room had when it was started here
	creating    *waiter          // whose ticket is used
	asked       time.Time        // when the last round of questions began
	led         *room.Room
	pinned      bool           // the room was sent here on request, and stays
	pinnedAt    *placement.Set // while that is the placement
	onRequest   bool           // the move that is under way is an operator's
	target      string         // of the move that is under way
	onProbation bool           // it has its turn in Registry.turns
	exposed     bool           // it is one of Registry.turns.exposed
	streams     map[int]*stream
	handoff     *stream // to the server that this one has handed the room to
	moving      chan<- error

	replica *replica // the stream that is taken
	held    *held    // the state
	final   *final   // of a handoff to this server
	offer   *offer   // that is being decided
}

// offer is a stream that another server offers, and what came of it.
type offer struct {
	replica   *replica
	hasBase   bool // it continues from a tick that this server may have
	accepted  bool
	rejection *ownership.Rejection
}

// final is the last tick of a leader that has handed the room over.
type final struct {
	replication.FinalTick
	due time.Time
	err error
}

// do gives ev to the machine and carries out what that says.
func (e *entry) do(ev ownership.Event) {
	e.r.config.Pass()
	e.mu.Lock()
	e.step(ev)
	e.unlock()
}

// unlock frees e, and does what must not be done under its lock.
func (e *entry) unlock() {
	later := e.later
	e.later = nil
	e.mu.Unlock()
	for _, f := range later {
		f()
	}
}

// step is do with mu held.
func (e *entry) step(ev ownership.Event) {
	if !e.forgotten {
		e.act(func(now time.Duration) []ownership.Action { return e.machine.Step(ev, now) })
	}
}

// act carries out what the machine says in f, and gives it the events that follow. Called with mu held; e is not forgotten.
func (e *entry) act(f func(now time.Duration) []ownership.Action) {
	before, guarded := e.machine.Role(), e.machine.Guards()
	e.observe()
	e.carryOut(slices.Clone(f(e.r.clock.now())))
	for len(e.todo) > 0 {
		ev := e.todo[0]
		e.todo = e.todo[1:]
		e.observe()
		e.carryOut(slices.Clone(e.machine.Step(ev, e.r.clock.now())))
	}
	e.after(before, guarded)
}

// observe tells the machine the tick of the replica.
func (e *entry) observe() {
	if e.held != nil {
		e.machine.Observe(proto.Tick(e.held.tick.Load()))
	}
}

// after keeps counts, turns away clients that nobody cares for any more, and sets the timer.
func (e *entry) after(before ownership.Role, guarded bool) {
	r, role := e.r, e.machine.Role()
	count := func(role ownership.Role, n int64) {
		if role == ownership.Following || role == ownership.Promoting {
			r.replicas.Add(n)
		}
	}
	count(before, -1)
	count(role, 1)
	if guards := e.machine.Guards(); guards != guarded {
		if guards {
			r.guards.Add(1)
		} else {
			r.guards.Add(-1)
		}
	}
	if only := e.only(); only != e.exposed {
		e.exposed = only
		r.turns.expose(e, only)
	}
	e.probationEnded()
	if role != ownership.Finding && role != ownership.Promoting { // the simulation was used, or is of no use
		e.sim, e.final, e.creating = nil, nil, nil
	}
	switch role {
	case ownership.Absent:
		e.again()
		if e.led == nil {
			e.game, e.options = "", nil
		}
		if e.machine.Idle() && e.led == nil && len(e.waiting) == 0 {
			if e.timer != nil {
				e.timer.Stop()
			}
			r.forget(e)
			return
		}
	case ownership.Leads:
		if before != role {
			r.turns.add(e)
		}
	}
	e.setTimer()
}

// again lets clients try once more: what they waited for has not come about.
func (e *entry) again() {
	for _, w := range e.waiting {
		w.done <- entered{again: true}
	}
	e.waiting = nil
}

func (e *entry) setTimer() {
	at, ok := e.machine.Next()
	if !ok {
		at = 0
	}
	if at == e.timed {
		return
	}
	e.timed = at
	switch {
	case at == 0:
		e.timer.Stop()
	case e.timer == nil:
		e.timer = time.AfterFunc(at-e.r.clock.now(), e.due)
	default:
		e.timer.Reset(at - e.r.clock.now())
	}
}

func (e *entry) due() {
	if !e.r.begin() {
		return
	}
	defer e.r.tasks.Done()
	e.r.config.Pass()
	e.mu.Lock()
	defer e.unlock()
	e.timed = 0
	e.step(ownership.Due{})
}

// refresh gives the machine the newest view; reordered: the room's order may be another one.
func (e *entry) refresh(reordered bool) {
	e.mu.Lock()
	defer e.unlock()
	if !e.forgotten {
		e.look(reordered)
	}
}

// look is refresh with mu held.
func (e *entry) look(reordered bool) {
	e.r.mu.Lock()
	f := e.r.fleet
	if reordered {
		e.order = f.order(e.id, e.game, e.r)
	}
	e.r.mu.Unlock()
	if reordered {
		e.admitTarget(f)
	}
	e.step(ownership.FleetChanged{Fleet: f.Fleet, Order: e.order})
}

// admitTarget adds the server that the room is to move to, which may be far down the room's order. Called with mu held.
func (e *entry) admitTarget(f *fleet) {
	if m := f.member(e.target); e.target != "" && m.State == membership.Serving && !slices.Contains(e.order, e.target) {
		e.order = append(slices.Clone(e.order), e.target)
	}
}

// setGame notes what the room runs. The servers that take no rooms of that game leave its order. Called with mu held.
func (e *entry) setGame(game proto.GameName, options []byte) {
	changed := e.game != game
	e.game, e.options = game, options
	if changed {
		e.look(true)
	}
}

// post has ev given to the machine soon, by another goroutine.
func (e *entry) post(ev ownership.Event) { e.r.posts.add(func() { e.do(ev) }) }

// task runs f, which may take long, and gives the machine what it returns, unless the registry is closed by then.
func (e *entry) task(f func() ownership.Event) {
	e.r.start(func() {
		if ev := f(); e.r.ctx.Err() == nil {
			e.do(ev)
		}
	})
}

// making is task for the simulation of Prepare: keep, unless nil, is called first, with mu held. Both are left out where another
// Prepare, Accept or Drop has come meanwhile.
func (e *entry) making(f func() (keep func(), err error)) {
	n := e.preparation
	e.r.start(func() {
		keep, err := f()
		e.r.config.Pass()
		e.mu.Lock()
		defer e.unlock()
		if e.preparation != n || e.r.ctx.Err() != nil {
			return
		}
		if keep != nil {
			keep()
		}
		e.step(ownership.Prepared{Err: err, Final: errors.Is(err, errHung)})
	})
}

// Query answers another server; see replication.Rooms.
func (r *Registry) Query(asker string, q ownership.Query) ownership.Answer {
	nothing := ownership.Answer{Process: r.machine.Self, Age: r.clock.now()}
	for {
		e := r.find(q.Room)
		if e == nil && !q.Claim && q.Lost == 0 && q.Seeks == 0 && q.Leads == (proto.Epoch{}) {
			return nothing
		}
		if e == nil {
			if e = r.entry(q.Room); e == nil {
				return nothing
			}
		}
		e.mu.Lock()
		if e.forgotten {
			e.mu.Unlock()
			continue
		}
		e.handedOver()
		var a ownership.Answer
		e.act(func(now time.Duration) (actions []ownership.Action) {
			a, actions = e.machine.Query(asker, q, now)
			a.Age = now
			return actions
		})
		e.unlock()
		return a
	}
}

// lock gives the entry of a room with its lock held; nil: the registry is closed.
func (r *Registry) lock(id proto.RoomID) *entry {
	for {
		e := r.entry(id)
		if e == nil {
			return nil
		}
		e.mu.Lock()
		if e.handedOver(); !e.forgotten {
			return e
		}
		e.unlock()
	}
}
