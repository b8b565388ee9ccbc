// Package registry knows which rooms live on this server and in what role: making, leading, following. It lets clients'
// joins find their rooms, sees to it that a room is led once, keeps copies of led rooms on other servers, moves rooms to
// where they belong, and takes over rooms whose leader is lost. DESIGN.md beside it says how, and why that holds.
package registry

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/replication"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// MaxStandbys is the most standbys that a room can have. A third would cost the leader more than it could ever save.
const MaxStandbys = 2

// Links ask other servers about rooms and feed their copies; the node makes one of *replication.Links.
type Links interface {
	Claim(ctx context.Context, server, addr string, room proto.RoomID) (replication.Answer, error)
	Follow(server, addr string, o replication.Open, ev replication.FeedEvents) Feed
}

// Feed is a leader's stream to one standby; *replication.Feed is one.
type Feed interface {
	QueueKeyframe(tick proto.Tick, public, secret []byte) bool
	QueueTick(tick proto.Tick, public, secret []byte) bool
	QueueFinal(last replication.FinalTick) bool
	Stop(reason string)
	Dismiss(reason string)
}

// Pool starts rooms; *room.Pool does.
type Pool interface {
	Start(s room.Spec) (*room.Room, error)
}

// Config of a Registry. All fields are needed.
type Config struct {
	Games    []game.Definition
	Members  membership.Source // its Self is this server
	Links    Links
	Pool     Pool
	Standbys int // copies of each room on other servers, 0 to MaxStandbys
	// MaxReplicas bounds the rooms of other servers that this one stands by for; those that it leads do not count. Beyond, a
	// leader is refused and asks the next server. Metrics: replicas, replicas_refused_total.
	MaxReplicas int
	Logger      *slog.Logger
	Metrics     *obs.Metrics
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
		if _, err := proto.ParseGameName(string(g.Name)); err != nil {
			return fmt.Errorf("registry: %w", err)
		}
		if g.New == nil {
			return fmt.Errorf("registry: game %s has no New function", g.Name)
		}
		if seen[g.Name] {
			return fmt.Errorf("registry: two games are named %s", g.Name)
		}
		seen[g.Name] = true
	}
	return nil
}

// Registry is the rooms of this server. Its methods may be called from any goroutine; only Enter and Run block.
type Registry struct {
	games       map[proto.GameName]*hosted
	maxReplicas int
	members     membership.Source
	links       Links
	pool        Pool
	standbys    int
	log         *slog.Logger
	metrics     *obs.Metrics
	self        string
	boot        uint64        // of this process
	kick        chan struct{} // one token: Run should look around now
	history     history

	tasks sync.WaitGroup // goroutines beside Run; grows under mu only, and not once stopped is set
	ctx   context.Context
	stop  context.CancelFunc

	mu         sync.Mutex
	stopped    bool
	draining   bool
	drainBegin time.Time
	drainFlow  flow
	drainEnd   time.Time // when the server that drains stops; zero: it does not
	frozen     bool      // the majority of the fleet is not seen
	looked     time.Time // when Run last looked around
	woke       time.Time // when this process last went on after it had stood still
	running    int       // rooms in the pool, those included that were moved and whose clients are on their way
	rooms      map[proto.RoomID]*entry
	promises   map[proto.RoomID]promise
	traces     map[proto.RoomID]trace
	missed     map[proto.RoomID]time.Time // when a client first asked for a room that nobody has; kept for traceTime
	silences   map[string]silenceOf       // servers that did not answer lately
	misfits    map[misfit]refusedBy       // at most the servers of a fleet's history times the games
	swept      time.Time                  // when outdated promises and traces were last thrown away
	pace       pace
}

// entry is what this server has of a room: exactly one of making, leading and following is set. It is in Registry.rooms
// from the begin of a claim or of following on. Guarded by Registry.mu, but for the first two, which never change.
type entry struct {
	id   proto.RoomID
	game proto.GameName

	options   []byte
	making    *maker
	leading   *leader
	following *follower
}

func (e *entry) role() role {
	switch {
	case e == nil:
		return absent
	case e.making != nil:
		return making
	case e.leading != nil:
		return leading
	}
	return following
}

// epoch is the one in which the room is led or followed.
func (e *entry) epoch() proto.Epoch {
	switch e.role() {
	case leading:
		return e.leading.epoch
	case following:
		return e.following.epoch
	}
	return proto.Epoch{}
}

// New builds a Registry. Run must be running for rooms to move, to be copied and to be taken over.
func New(c Config) (*Registry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Registry{
		games:       make(map[proto.GameName]*hosted),
		members:     c.Members,
		links:       c.Links,
		pool:        c.Pool,
		standbys:    c.Standbys,
		maxReplicas: c.MaxReplicas,
		log:         c.Logger,
		metrics:     c.Metrics,
		self:        string(c.Members.View().Self.Name),
		boot:        random(),
		silences:    make(map[string]silenceOf),
		misfits:     make(map[misfit]refusedBy),
		kick:        make(chan struct{}, 1),
		rooms:       make(map[proto.RoomID]*entry),
		promises:    make(map[proto.RoomID]promise),
		traces:      make(map[proto.RoomID]trace),
		missed:      make(map[proto.RoomID]time.Time),
	}
	r.ctx, r.stop = context.WithCancel(context.Background())
	for _, g := range slices.Clone(c.Games) {
		var err error
		if r.games[g.Name], err = host(&g); err != nil {
			return nil, err
		}
		c.Logger.Info("game is served", "game", g.Name, "version", fmt.Sprintf("%016x", r.games[g.Name].fingerprint))
	}
	return r, nil
}

// lookInterval is how often Run looks around when nothing wakes it: what waits for a time of its own (back-off, pace,
// settling) waits that much longer at most.
const lookInterval = 100 * time.Millisecond

// Run keeps rooms copied and where they belong until ctx ends, and returns when the registry's goroutines are gone. From
// then on no room is taken over. It is called once.
func (r *Registry) Run(ctx context.Context) error {
	timer := time.NewTicker(lookInterval)
	defer timer.Stop()
	for {
		changed := r.members.Changed()
		r.look(time.Now())
		select {
		case <-ctx.Done():
			r.Close()
			r.tasks.Wait()
			return nil
		case <-changed:
		case <-r.kick:
		case <-timer.C:
		}
	}
}

// Close ends what the registry does by itself: no room is copied, moved or taken over from here on, and rooms that end do so
// with this server, so that their standbys go on with them. Run does it when its context ends.
func (r *Registry) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.stopped = true
	r.stop()
}

// look does what is due: freeze or thaw, see after copies whose leader has left the view, choose standbys, start moves.
func (r *Registry) look(now time.Time) {
	view := r.members.View()
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.looked.IsZero() && now.Sub(r.looked) >= stallTime {
		r.woke = now
	}
	r.looked = now
	r.freeze(!view.Quorum)
	r.metrics.Replicas.Set(float64(r.copies()))
	for _, e := range r.rooms {
		switch e.role() {
		case following:
			r.tendCopy(e, view, now)
		case leading:
			r.tendFeeds(e, view, now)
		}
	}
	r.startMoves(view, now)
}

// wake makes Run look around now.
func (r *Registry) wake() {
	select {
	case r.kick <- struct{}{}:
	default:
	}
}

// task runs f on a goroutine that Run waits for; f must end when r.ctx does. Called with mu held.
func (r *Registry) task(f func()) {
	if !r.stopped {
		r.tasks.Go(f)
	}
}

// remove removes e if it is still what this server has of its room. Called with mu held.
func (r *Registry) remove(e *entry) {
	if r.rooms[e.id] == e {
		delete(r.rooms, e.id)
	}
}
