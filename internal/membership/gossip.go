package membership

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/memberlist"

	"github.com/ringside-go/ringside/internal/network"
)

// ErrKilled, as the cause of the context given to Run, makes Run end without a word to the others, as a crash would.
var ErrKilled = errors.New("killed")

const (
	// updateTimeout bounds the wait for a change to be sent once; memberlist keeps sending it after that. Measured: 0.1 s.
	updateTimeout = 250 * time.Millisecond
	// leaveTimeout bounds the wait for the farewell. Measured: 0.1 s.
	leaveTimeout = time.Second
)

// Gossip is the memberlist body. NewGossip only builds and binds; Run joins, joins the seeds again for ever, and leaves
// when its context ends.
type Gossip struct {
	roster
	settings  *memberlist.Config
	seeds     []string
	keys      func() [][]byte // nil: they stay
	transport *transport
	logger    *slog.Logger
	joined    atomic.Bool
	turn      atomic.Int64 // when watch began the turn that it is at, in nanoseconds since 1970; 0: it waits
	lost      func(Gone)

	founding founding

	tellMu sync.Mutex
	told   *View // the newest that tellChanges has seen; tellMu guards it

	inbox      chan message        // inquiries and states of others: inboxSize
	reports    chan message        // to this process's inquiries: inboxSize
	admissions chan netip.AddrPort // one place: a member with the quorum whose state is needed

	// One place each: a pending signal says all that a second one would.
	seen       chan struct{} // others came, left or changed
	losses     chan struct{} // gossip has lost one
	suspicions chan struct{} // there are suspects
	changed    chan struct{} // self changed
}

// NewGossip checks c and binds the sockets, so that Addr is known; Run or Close gives them back.
func NewGossip(c Config) (*Gossip, error) {
	self := c.Self
	if self.Boot == "" {
		self.Boot = newBoot()
	}
	if self.Since.IsZero() {
		self.Since = time.Now()
	}
	self.Since = self.Since.Truncate(time.Millisecond)
	if err := self.Validate(); err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	at, advertise, err := c.addresses()
	if err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	logger := c.Logger
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	g := &Gossip{seeds: c.Seeds, keys: c.Keys, logger: logger, lost: c.Lost,
		inbox: make(chan message, inboxSize), reports: make(chan message, inboxSize), admissions: make(chan netip.AddrPort, 1),
		founding: founding{seeds: make(map[string]seedState)},
		seen:     make(chan struct{}, 1), losses: make(chan struct{}, 1), suspicions: make(chan struct{}, 1), changed: make(chan struct{}, 1)}
	ring, err := newKeyring(c.keys())
	if err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	if g.transport, err = bind(network.Or(c.Network), at, advertise, newInbound(c), logger); err != nil {
		return nil, fmt.Errorf("membership: %w", err)
	}
	g.start(self, len(c.Seeds) == 0) // without seeds it founds alone
	g.told = g.View()
	g.joined.Store(len(c.Seeds) == 0)
	g.settings = tuned(c, g, ring)
	return g, nil
}

// newBoot returns 8 random bytes in hexadecimal.
func newBoot() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

// Addr returns the advertised gossip address, which others can name as a seed.
func (g *Gossip) Addr() string { return g.transport.advertise.String() }

// Joined reports whether this process has met the fleet: it has seen another member or reached a seed, is a seed itself,
// or has none.
func (g *Gossip) Joined() bool { return g.joined.Load() }

// turnLimit is how long a change of the view may take before Check reports it.
const turnLimit = 5 * time.Second

// Check reports whether the view is stuck; nil: it is not.
func (g *Gossip) Check() error {
	if since := g.turn.Load(); since != 0 && time.Duration(time.Now().UnixNano()-since) > turnLimit {
		return fmt.Errorf("the view of the fleet has been stuck for more than %v", turnLimit)
	}
	return nil
}

// Close gives the sockets back if Run is not going to be called.
func (g *Gossip) Close() { _ = g.transport.Shutdown() }

// Update lets f change self's state, weight and start of service; whatever else f changes is ignored. The others hear of a
// change at once. f is called before Update returns, under a lock: it must not call the Gossip.
func (g *Gossip) Update(f func(*Member)) {
	if g.update(f) {
		signal(g.changed)
	}
}

// Run gossips until ctx ends, then leaves (unless the cause is ErrKilled), closes the sockets and returns nil when its
// goroutines are gone. It is called once. Whoever ends it sets the state to Draining some time before.
func (g *Gossip) Run(ctx context.Context) error {
	g.transport.start()
	list, err := memberlist.Create(g.settings)
	if err != nil {
		g.Close()
		return fmt.Errorf("membership: %w", err)
	}
	var wg sync.WaitGroup
	wg.Go(func() { g.watch(ctx) })
	published := make(chan struct{})
	go func() {
		defer close(published)
		g.publish(ctx, list)
	}()
	wg.Go(func() { g.probe(ctx, list) })
	wg.Go(func() { g.serve(ctx, list) })
	wg.Go(func() { g.askAdmission(ctx, list) })
	wg.Go(func() { g.spreadState(ctx, list) })
	wg.Go(func() { g.followKeys(ctx, g.keys) })
	for _, seed := range g.seeds {
		wg.Go(func() { g.keepJoining(ctx, list, seed) })
	}
	<-ctx.Done()
	<-published // memberlist's UpdateNode is for one goroutine at a time
	if !errors.Is(context.Cause(ctx), ErrKilled) {
		untold := g.sayLeft(list)
		if err := list.Leave(leaveTimeout); err != nil { // gossip did not go out: when all end at once there is nobody to take it
			g.logger.Debug("gossip: leave", "error", err)
		}
		g.warnUntold(untold)
	}
	_ = list.Shutdown() // its only error is the transport's, which has none
	wg.Wait()
	return nil
}

// sayLeft tells the others that this process leaves by its own will: memberlist, whose Leave follows, does not tell its
// user who has left from who has died. Whoever does not hear it counts this process as missing, so it goes to each member
// by a stream, and besides by gossip to those that cannot be reached from here: these it returns, by their nodes' names.
func (g *Gossip) sayLeft(list *memberlist.Memberlist) (untold map[string]bool) {
	g.mu.Lock()
	g.self.State = left
	g.mu.Unlock()
	b := g.farewell(g.settings.Name, g.transport.advertise)
	untold = make(map[string]bool)
	var mu sync.Mutex
	var wg sync.WaitGroup
	for _, n := range g.presentNodes() {
		wg.Go(func() {
			if err := list.SendReliable(n, b); err != nil {
				g.logger.Debug("gossip: farewell", "node", n.Name, "error", err)
				mu.Lock()
				untold[n.Name] = true
				mu.Unlock()
			}
		})
	}
	if err := list.UpdateNode(updateTimeout); err != nil {
		g.logger.Debug("gossip: farewell", "error", err)
	}
	wg.Wait()
	return untold
}

// warnUntold warns of nodes that could not be told, except those that have proven to be gone meanwhile.
func (g *Gossip) warnUntold(untold map[string]bool) {
	g.mu.Lock()
	maps.DeleteFunc(untold, func(node string, _ bool) bool { return g.others[node].reason.proven() })
	g.mu.Unlock()
	if len(untold) > 0 {
		nodes := slices.Sorted(maps.Keys(untold))
		g.logger.Warn("left the fleet, but some members could not be told; unless others tell them, they count this process as missing", "nodes", nodes)
	}
}

// watch makes views of what the delegate has noted.
func (g *Gossip) watch(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.seen:
			g.turn.Store(time.Now().UnixNano())
			g.renew()
			g.settle()
			g.turn.Store(0)
		}
	}
}

// renew makes a view of what is known now.
func (g *Gossip) renew() {
	g.refresh()
	g.tellChanges()
}

// tellChanges logs what has changed since the last call, whoever has made the views meanwhile, and makes it known if that is the quorum.
func (g *Gossip) tellChanges() {
	g.tellMu.Lock()
	defer g.tellMu.Unlock()
	old, v := g.told, g.View()
	g.told = v
	logChanges(g.logger, old, v)
	for _, m := range old.Members {
		if gone, ok := v.FindGone(m.Name); ok && g.lost != nil {
			g.lost(gone)
		}
	}
	if g.standingChanged() {
		signal(g.changed)
	}
}

// publish tells the others of changes of self.
func (g *Gossip) publish(ctx context.Context, list *memberlist.Memberlist) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.changed:
		}
		g.refresh()
		if err := list.UpdateNode(updateTimeout); err != nil {
			g.logger.Debug("gossip: update", "error", err)
		}
	}
}

// spreadState sends what is known to all members when one was forgotten.
func (g *Gossip) spreadState(ctx context.Context, list *memberlist.Memberlist) {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-g.spread:
		}
		b := append([]byte{kindState}, g.state(false)...)
		for _, n := range g.presentNodes() {
			wg.Go(func() {
				if err := list.SendReliable(n, b); err != nil {
					g.logger.Debug("gossip: state", "node", n.Name, "error", err)
				}
			})
		}
	}
}

func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
