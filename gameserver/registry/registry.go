// Package registry knows which rooms live on this server and in what role, lets clients' joins find theirs, and sees to
// it that a room is led once: here only if placement says so and no other server has it. DESIGN.md beside it says why
// that holds.
package registry

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/peer"
	"github.com/ringside-go/ringside/gameserver/room"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Claimer asks another server what it has of a room; *peer.Links does.
type Claimer interface {
	Claim(ctx context.Context, server, addr string, room proto.RoomID) (peer.Answer, error)
}

// Pool starts rooms; *room.Pool does.
type Pool interface {
	Start(s room.Spec) (*room.Room, error)
}

// Config of a Registry. All fields are needed.
type Config struct {
	Games   []game.Definition
	Members membership.Source // its Self is this server
	Claimer Claimer
	Pool    Pool
	Logger  *slog.Logger
	Metrics *obs.Metrics
}

// Validate reports the first thing that is wrong with c.
func (c Config) Validate() error {
	if c.Members == nil || c.Claimer == nil || c.Pool == nil || c.Logger == nil || c.Metrics == nil {
		return errors.New("registry: Members, Claimer, Pool, Logger and Metrics must all be given")
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

// Registry is the rooms of this server. Its methods may be called from any goroutine; only Enter blocks.
type Registry struct {
	games   map[proto.GameName]*game.Definition
	members membership.Source
	claimer Claimer
	pool    Pool
	log     *slog.Logger
	metrics *obs.Metrics
	self    string

	mu       sync.Mutex
	draining bool
	rooms    map[proto.RoomID]*entry
	promises map[proto.RoomID]promise
	swept    time.Time // when outdated promises were last thrown away
}

// entry is a room that this server leads or is about to. It is in Registry.rooms from the begin of its claim on.
type entry struct {
	game proto.GameName
	done chan struct{} // closed when room or err is set

	// Guarded by Registry.mu; room and err are free to read once done is closed.
	leads   bool        // decided: from here on, other servers that ask are told so
	yielded string      // the server that asked during the claim and goes before this one
	epoch   proto.Epoch // when leads
	room    *room.Room
	err     error
}

// New builds a Registry.
func New(c Config) (*Registry, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	r := &Registry{
		games:    make(map[proto.GameName]*game.Definition),
		members:  c.Members,
		claimer:  c.Claimer,
		pool:     c.Pool,
		log:      c.Logger,
		metrics:  c.Metrics,
		self:     string(c.Members.View().Self.Name),
		rooms:    make(map[proto.RoomID]*entry),
		promises: make(map[proto.RoomID]promise),
	}
	for _, g := range slices.Clone(c.Games) {
		r.games[g.Name] = &g
	}
	return r, nil
}

// Drain makes the registry take no new rooms from here on: those who want one are sent to the next server in its order.
func (r *Registry) Drain() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.draining = true
}

// List gives a snapshot of the rooms led here, by id.
func (r *Registry) List() []room.Info {
	var list []room.Info
	for _, led := range r.led() {
		list = append(list, led.Info())
	}
	slices.SortFunc(list, func(a, b room.Info) int { return cmp.Compare(a.ID, b.ID) })
	return list
}

// Load counts the rooms led here and their connected players.
func (r *Registry) Load() (rooms, players int) {
	led := r.led()
	for _, l := range led {
		players += l.Info().Connected
	}
	return len(led), players
}

func (r *Registry) led() []*room.Room {
	r.mu.Lock()
	defer r.mu.Unlock()
	led := make([]*room.Room, 0, len(r.rooms))
	for _, e := range r.rooms {
		if e.room != nil {
			led = append(led, e.room)
		}
	}
	return led
}

// Leads reports whether this server leads id or is making it: a client of that room belongs here.
func (r *Registry) Leads(id proto.RoomID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.rooms[id] != nil
}

// Forget removes a room that has ended, if it is still the one that led names; the next Enter makes a new one.
func (r *Registry) Forget(id proto.RoomID, led *room.Room) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if e := r.rooms[id]; e != nil && e.room == led {
		delete(r.rooms, id)
	}
}

// remove removes e; another entry that has taken its place stays.
func (r *Registry) remove(id proto.RoomID, e *entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.rooms[id] == e {
		delete(r.rooms, id)
	}
}
