// Package room runs rooms. A room ticks its simulation on one of a few workers, takes what its clients sent, and gives them
// and its standbys what the tick changed. It knows no sockets and no rules of any game. See DESIGN.md.
package room

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Spec is a room to run. The room owns Sim from here on. The room's loop calls the functions, which must not block and may
// be nil.
type Spec struct {
	ID        proto.RoomID
	Game      proto.GameName
	Sim       *game.Simulation
	Epoch     proto.Epoch     // Epoch.Server is the leader's name, sent in the welcome
	Fallbacks func() []string // URLs for the welcome; those above proto.MaxFallbacks are left out
	Ended     func(r *Room)   // called once, when the room has ended, after the Result of a handoff
	// Outranked is told of a later epoch of this instance that a client with a seat here has seen. The client was refused.
	// It is called at most once in outrankedInterval. nil: the epochs of clients are ignored.
	Outranked func(seen proto.Epoch)
	// Superseded is told, once, that the results store has the word of another leader, whose epoch is later. An epoch without a
	// server: it is not known who. The room tells no outcome any more; whoever hears this ends it. nil: nobody.
	Superseded func(by proto.Epoch)

	// Standbys are ids that QueueStandby will attach or QueueRemoveStandby give up. Outcomes wait for them from the first
	// tick on.
	Standbys []int
	// Fenced are those of Standbys that stand for a lost leader. Once QueueTakeover has said that the results store fences it off,
	// outcomes for the store do not wait for them, until they acknowledge a tick of this leader.
	Fenced []int

	Suspended Reason // reasons for which the room starts suspended; 0: none

	// Of a room that another server has led.
	Resumed bool                    // tell its recent outcomes again, wait for the clients of its seats, ignore the load
	Due     time.Duration           // from Start until the first tick; the grid of the others begins there. 0: within a period
	Pending []replication.SeatInput // inputs for the first tick
	Enter   func(r *Room)           // called in Start, before the first tick can begin: to queue the joins that wait
}

// Room is one running room, as others see it. Its methods may be called from any goroutine and do not block.
type Room struct {
	spec     Spec
	pool     *Pool
	metrics  *obs.ServerMetrics
	log      *slog.Logger
	settings game.Settings
	schema   []byte // as the welcome carries it
	instance proto.Instance
	inbox    inbox

	infoMu sync.Mutex
	info   Info

	// The schedule of its worker.
	cadence cadence
	place   place // in its worker's slots
	weight  int64 // what it counts as there
	due     time.Duration
	call    *call // of its worker
	cost    cost

	// The loop's own.
	sim        *game.Simulation
	epoch      proto.Epoch
	from       uint32         // the match that was being played when this server began to lead in epoch
	poller     network.Poller // of quiet clients
	taken      *batch         // being handled; nil: nothing is
	seats      []*Occupant    // by seat; nil where no client is connected
	spectators []*Occupant
	players    int // seats taken, connected or kept for a lost client
	connected  int // occupants in seats
	late       uint64
	idleSince  time.Duration
	played     bool // a seat has sent an input or a custom message, here or, as far as is known, at an earlier leader
	frames     frames
	begun      bool          // the first tick was made
	returnBy   time.Duration // when absent clients of a resumed room count as not connected; 0: done
	bansSeen   uint64        // revision of the bans that were enforced
	size       size
	noisy      bool             // it was logged that custom messages were refused
	pending    []pendingOutcome // by match: not told yet, or told within game.OutcomeKeep
	kept       []game.Kept      // of pending, for the simulation
	queueAt    time.Duration    // no outcome is queued before
	superseded bool             // the results store has the word of another leader
	takeover   bool             // it has the takeover by this leader
	receipts   []receipt        // of messages of the backend
	standbys   []*standby
	suspension suspension
	asked      bool // Spec.Outranked was called, last at askedAt
	askedAt    time.Duration
	move       *move              // nil: no handoff is under way
	moved      []byte             // record that says where the room is, when it is not here any more
	jobs       context.Context    // of the game's jobs; nil: none was started here
	endJobs    context.CancelFunc // of jobs
	closingAt  time.Duration      // when the game closed the room; 0: it did not
	ending     *stopRequest       // the room ends when what was taken is handled
	ended      bool
	failure    string // why it ended as crashed; empty: it did not
}

// maxFailure bounds what an event tells of a crash, in bytes. The log has all of it.
const maxFailure = 200

func clip(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxFailure)], "") }

func newRoom(p *Pool, s Spec) *Room {
	settings := s.Sim.Settings()
	r := &Room{
		spec:      s,
		pool:      p,
		metrics:   p.config.Metrics,
		log:       p.config.Logger.With("room", s.ID, "game", s.Game),
		settings:  settings,
		schema:    s.Sim.Store().Schema().Append(nil),
		sim:       s.Sim,
		instance:  s.Sim.Instance(),
		inbox:     inbox{batches: p.batches},
		epoch:     s.Epoch,
		from:      s.Sim.Match(),
		place:     nowhere,
		due:       p.now() + s.Due,
		call:      new(call),
		cost:      newCost(settings.TickRate, p.now(), p.config.Metrics.TickSeconds.WithLabelValues(string(s.Game))),
		idleSince: p.now(),
		played:    s.Resumed,
		seats:     make([]*Occupant, settings.Seats),
	}
	for _, id := range s.Standbys {
		r.standbys = append(r.standbys, &standby{id: id, fenced: slices.Contains(s.Fenced, id)})
	}
	r.size.may = s.Sim.Store().MaxSize() > warnSize
	r.suspension = suspension{reasons: s.Suspended, since: p.now(), text: suspendedText}
	r.info = Info{ID: s.ID, Game: s.Game, TickRate: settings.TickRate, Seats: settings.Seats, Watchers: settings.Watchers(), Listed: settings.Listed, Created: time.Now()}
	r.publish()
	return r
}

// QueueStop ends the room at its next tick: its clients are closed with code and text. The first request counts.
// ErrStopped: it has ended already.
func (r *Room) QueueStop(code proto.CloseCode, text string) error {
	return r.inbox.queueStop(stopRequest{code, text})
}

func (r *Room) now() time.Duration { return r.pool.now() }

// eachClient calls f for the clients inside: by seat, then the spectators in the order they came.
func (r *Room) eachClient(f func(o *Occupant)) {
	for _, o := range r.seats {
		if o != nil {
			f(o)
		}
	}
	for _, o := range r.spectators {
		f(o)
	}
}

// remove takes o from its place, without a word to its client.
func (r *Room) remove(o *Occupant) {
	o.state = outside
	if o.spectator {
		r.spectators = slices.DeleteFunc(r.spectators, func(s *Occupant) bool { return s == o })
		r.metrics.Spectators.Dec()
		return
	}
	r.seats[o.seat] = nil
	r.connected--
	r.metrics.Players.Dec()
}

// crash ends the room after a panic in its tick. If the final tick is queued, the target leads the room and the panic is
// no matter of the game's.
func (r *Room) crash(cause any, stack []byte) {
	r.metrics.RoomsCrashed.Inc()
	r.failure = clip(fmt.Sprint(cause))
	r.log.Error("a tick failed and the room ends", "tick", r.info.Tick+1, "panic", cause, "stack", string(stack))
	if r.handed() {
		r.end(proto.CloseMoved, "")
	} else {
		r.end(proto.CloseCrashed, "")
	}
}

// hang ends the room because its game hangs in a tick. The watchdog calls it and owns the room; the simulation belongs to
// the goroutine that hangs.
func (r *Room) hang(stack string) {
	r.sim = nil
	r.metrics.RoomsHung.Inc()
	r.metrics.RoomsCrashed.Inc()
	r.failure = "its game did not return from a tick"
	r.end(proto.CloseCrashed, "")
	r.log.Error("a game does not return from a tick: its room ends, and a core is lost until this process ends", "tick", r.info.Tick+1, "stack", stack)
}

// shutDown ends the room because its pool stops.
func (r *Room) shutDown() { r.end(proto.CloseStopping, "") }

// end gives a room away that was handed over, closes the inbox and then, each exactly once, every client: those inside and those
// whose join was not yet handled.
func (r *Room) end(code proto.CloseCode, text string) {
	if r.ended {
		return
	}
	r.ended = true
	r.pool.instances.remove(r)
	if r.spec.Ended != nil {
		defer r.spec.Ended(r)
	}
	defer r.finish(code, text)
	if r.handed() {
		r.giveAway() // first: the target's own stream may come at any moment
	}
}

// finish closes all clients, whatever became of the handoff.
func (r *Room) finish(code proto.CloseCode, text string) {
	if r.endJobs != nil {
		r.endJobs()
	}
	r.closeAll(code, text)
	r.poller.Close()
	r.publish()
	r.metrics.Rooms.Dec()
	if r.suspended() {
		r.metrics.RoomsSuspended.Dec()
	}
	r.log.Info("room ended", "code", code, "tick", r.info.Tick)
}

// closeAll closes the inbox and every client.
func (r *Room) closeAll(code proto.CloseCode, text string) {
	rest, _ := r.inbox.close(false)
	for _, o := range append(slices.Clone(r.seats), r.spectators...) {
		if o != nil {
			r.remove(o)
			r.closeClient(o, code, text)
		}
	}
	for _, b := range []*batch{r.taken, rest} {
		if b == nil {
			continue
		}
		for i := range b.items {
			if o := b.items[i].occ; o != nil && o.state == joining {
				o.state = outside
				r.closeClient(o, code, text)
			}
		}
	}
	r.players = 0
}

// closeClient closes the client of an ending room; one that panics keeps nobody else from being closed.
func (r *Room) closeClient(o *Occupant, code proto.CloseCode, text string) {
	defer func() {
		if v := recover(); v != nil {
			r.log.Error("a client could not be closed", "panic", v, "stack", string(debug.Stack()))
		}
	}()
	if code == proto.CloseMoved {
		o.client.QueueEvent(r.moved)
		r.metrics.Moved.Inc()
	}
	o.client.Close(code, text)
}
