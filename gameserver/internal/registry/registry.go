// Package registry carries out what package ownership decides: which rooms live on this server, and in what role. It lets
// clients into their rooms, joins the machines of the rooms with the links to other servers and the tick workers, and
// chooses which rooms move. It has no rule of its own about who leads a room. DESIGN.md beside it says how.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// MaxStandbys is the most standbys that a room can have. A third would cost the leader more than it could ever save.
const MaxStandbys = 2

// Links are the links to other servers; the server makes one of *replication.Links. None of the methods but the queries
// blocks.
type Links interface {
	Query(ctx context.Context, server, addr string, q ownership.Query) (ownership.Answer, error)
	QueryThrough(ctx context.Context, via, viaAddr, target string, q ownership.Query) (ownership.Answer, error)
	Open(server, addr string, o replication.Open, ev replication.StreamEvents) Stream
	Process() uint64
}

// Stream is a leader's stream to one standby; *replication.Stream is one.
type Stream interface {
	room.Standby
	QueueUpdate(epoch proto.Epoch, counted bool, others []string)
	QueueProbation()
	Process() uint64
	Stop(reason string)
	Dismiss(reason string)
}

// Pool starts rooms; *room.Pool does.
type Pool interface {
	Start(s room.Spec) (*room.Room, error)
}

// Config of a Registry. All fields but Hung and Takeover are needed.
type Config struct {
	Games    []game.Definition
	Members  membership.Source // its Self is this server
	Links    Links
	Pool     Pool
	Standbys int // replicas of each room on other servers, 0 to MaxStandbys
	// MaxReplicas bounds the rooms of other servers that this one stands by for; those that it leads do not count. Beyond, a
	// leader is refused and asks the next server. Metrics: replicas, replicas_refused_total.
	MaxReplicas int
	// Hung is called when a game did not return from a call that the registry made: its goroutine is lost. It must not block.
	// nil: nobody is told.
	Hung func()
	// Pass is called, without a lock, before the registry does something by itself. A simulation lets it wait while the process is
	// paused. nil: nothing.
	Pass func()
	// Takeover records in the results store that this server leads epoch.Instance in epoch, from match on. ok: that is the highest epoch of the
	// instance; otherwise highest is. It waits for the answer. nil: there is no store.
	Takeover func(ctx context.Context, epoch proto.Epoch, match uint32) (highest proto.Epoch, ok bool, err error)
	Logger   *slog.Logger
	Metrics  *obs.ServerMetrics
}

// Validate reports the first thing that is wrong with c.
func (c Config) Validate() error {
	if c.Members == nil || c.Links == nil || c.Pool == nil || c.Logger == nil || c.Metrics == nil {
		return errors.New("registry: Members, Links, Pool, Logger and Metrics must all be given")
	}
	if c.Standbys < 0 || c.Standbys > MaxStandbys {
		return fmt.Errorf("registry: %d standbys; a room can have 0 to %d", c.Standbys, MaxStandbys)
	}
	if c.MaxReplicas < 1 {
		return fmt.Errorf("registry: MaxReplicas is %d; a server stands by for at least 1 room", c.MaxReplicas)
	}
	if len(c.Games) == 0 {
		return errors.New("registry: no games; a server needs at least one game.Definition")
	}
	seen := map[proto.GameName]bool{}
	for _, g := range c.Games {
		if err := g.Validate(); err != nil {
			return fmt.Errorf("registry: %w", err)
		}
		if seen[g.Name] {
			return fmt.Errorf("registry: two games are named %s", g.Name)
		}
		seen[g.Name] = true
	}
	return nil
}

// Registry is the rooms of this server. Its methods may be called from any goroutine; only Enter, Move and Run block.
type Registry struct {
	config  Config
	machine ownership.Config
	games   map[proto.GameName]*hosted
	self    string
	log     *slog.Logger
	metrics *obs.ServerMetrics
	clock   clock
	history history
	posts   posts
	mover   mover
	turns   probation
	founded bool          // this server has had the quorum; Run's own
	changed chan struct{} // holds one: Run looks at the view, and whether this server drains

	replicas, running atomic.Int64 // rooms stood by for; rooms in the pool
	guards            atomic.Int64 // rooms that were handed over, and that no other server has yet

	viewLoop, postLoop loop
	calls              atomic.Uint64 // into games

	tasks sync.WaitGroup // goroutines beside Run; grows under mu only, and not once stopped is set
	ctx   context.Context
	stop  context.CancelFunc

	mu       sync.Mutex // never held while an entry's is taken
	stopped  bool
	draining bool
	woke     time.Duration // when this process last woke from a pause; 0: never
	drainEnd time.Time     // when the server that drains stops; zero: it does not
	fleet    *fleet
	rooms    map[proto.RoomID]*entry
	misfits  misfits
	hung     map[gameCall]struct{} // calls that never returned; at most maxHung
}

// New builds a Registry. Run must be running for rooms to move, to be replicated and to be taken over.
func New(c Config) (*Registry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Pass == nil {
		c.Pass = func() {}
	}
	self := string(c.Members.View().Self.Name)
	r := &Registry{
		config:  c,
		machine: ownership.Config{Self: ownership.Process{Server: self, Boot: c.Links.Process()}, Standbys: c.Standbys},
		games:   make(map[proto.GameName]*hosted),
		self:    self,
		log:     c.Logger,
		metrics: c.Metrics,
		clock:   newClock(sleptTime),
		rooms:   make(map[proto.RoomID]*entry),
		misfits: misfits{by: make(map[misfit]rejectedBy)},
		hung:    make(map[gameCall]struct{}),
	}
	r.turns.exposed = make(map[*entry]time.Time)
	r.changed = make(chan struct{}, 1)
	r.posts.kick = make(chan struct{}, 1)
	r.mover.kick = make(chan struct{}, 1)
	r.ctx, r.stop = context.WithCancel(context.Background())
	for _, g := range slices.Clone(c.Games) {
		var err error
		if r.games[g.Name], err = r.host(g); err != nil {
			return nil, err
		}
		c.Logger.Info("game is served", "game", g.Name, "version", fmt.Sprintf("%016x", r.games[g.Name].fingerprint))
	}
	r.fleet = r.look(c.Members.View())
	r.founded = r.fleet.Quorum
	return r, nil
}

// checkInterval is how often Run notices by itself that this process was paused.
const (
	checkInterval = 100 * time.Millisecond
	pauseTime     = time.Second
)

// Run keeps rooms replicated and where they belong until ctx ends, and returns when the registry's goroutines are gone. From
// then on no room is taken over. It is called once.
func (r *Registry) Run(ctx context.Context) error {
	r.start(r.deliver)
	r.start(r.moveRooms)
	timer := time.NewTicker(checkInterval)
	defer timer.Stop()
	last := r.clock.now()
	for {
		r.config.Pass()
		changed := r.config.Members.Changed()
		now := r.clock.now()
		if gap := now - last; gap >= pauseTime {
			r.Stalled(gap)
		}
		last = now
		r.viewLoop.turn()
		r.refresh()
		select {
		case <-ctx.Done():
			r.Close()
			r.tasks.Wait()
			return nil
		case <-changed:
		case <-r.changed:
		case <-timer.C:
		}
	}
}

// Close ends what the registry does by itself: no room is replicated, moved or taken over from here on, and rooms that end do so
// with this server, so that their standbys take them over. Run does it when its context ends.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.stop()
}

// start runs f on a goroutine that Run waits for; f must end when r.ctx does. It does nothing once the registry is closed.
func (r *Registry) start(f func()) {
	if r.begin() {
		go func() {
			defer r.tasks.Done()
			f()
		}()
	}
}

// begin makes Run wait for a call of tasks.Done. false: the registry is closed.
func (r *Registry) begin() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.stopped {
		return false
	}
	r.tasks.Add(1)
	return true
}

// Stalled is told that this process did not run for gap; its rooms are suspended already. It does not block.
func (r *Registry) Stalled(gap time.Duration) {
	from := r.clock.now() - gap
	r.mu.Lock()
	r.woke = r.clock.now()
	r.fleet = r.lookLocked(r.fleet.view) // rooms that are entered from now on know of it
	r.mu.Unlock()
	r.posts.add(func() {
		r.log.Warn("this process was paused; its rooms wait until the other servers have said who leads them", "for", gap)
		for _, e := range r.all() {
			e.do(ownership.Paused{From: from})
		}
	})
}

// all are the rooms of this moment.
func (r *Registry) all() []*entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Collect(maps.Values(r.rooms))
}

// entry gives the entry of a room, which is made if there is none. nil: the registry is closed.
func (r *Registry) entry(id proto.RoomID) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.rooms[id]; e != nil {
		return e
	}
	if r.stopped {
		return nil
	}
	e := &entry{r: r, id: id, order: r.fleet.order(id, "", r), streams: make(map[int]*stream)}
	e.machine = ownership.New(&r.machine, id, r.fleet.Fleet, e.order)
	r.rooms[id] = e
	return e
}

// find is entry, but makes none.
func (r *Registry) find(id proto.RoomID) *entry {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rooms[id]
}

// forget removes e. Called with e.mu held.
func (r *Registry) forget(e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.forgotten = true
	delete(r.rooms, e.id)
}

// posts is what tick workers and links have to tell: they must not wait for an entry's lock. Size: what the rooms of this
// server and their streams can say at once; nothing of it repeats by itself.
type posts struct {
	mu   sync.Mutex
	list []func()
	kick chan struct{}
}

func (p *posts) add(f func()) {
	p.mu.Lock()
	p.list = append(p.list, f)
	p.mu.Unlock()
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// deliver runs what was posted, in order.
func (r *Registry) deliver() {
	p := &r.posts
	for {
		p.mu.Lock()
		list := p.list
		p.list = nil
		p.mu.Unlock()
		r.postLoop.turn()
		for _, f := range list {
			f()
		}
		if len(list) > 0 {
			continue
		}
		r.postLoop.rest()
		select {
		case <-r.ctx.Done():
			return
		case <-p.kick:
		}
	}
}
