package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/session"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// turnAway is how long after a router said that it drains its clients are asked to come by another one: load balancers
	// find it not ready within a second or so, and would send them to it again before.
	turnAway = 2 * time.Second
	// askTime is over how long a round of asking is spread: a router may carry 10,000 clients, and each of them opens a
	// connection and is sent a keyframe.
	askTime = 4 * time.Second
	// askPause is between two rounds, in which clients come. Two rounds are over before a router ends by itself (front's
	// drain time).
	askPause = 4 * time.Second
	// askStep is the least time between two looks at whose turn it is.
	askStep = 20 * time.Millisecond
)

// detours sees to it that clients who came through a router have come through another one before it ends. Clients enter
// and go on any goroutine, ticks included, and wait for nobody: while all are looked through no lock is held.
type detours struct {
	members membership.Source
	url     string // base URL of this server, for clients
	log     *slog.Logger
	clients sync.Map // *tunnelled: those who are in a room
	rounds  map[process]*round
}

// process is one run of a router.
type process struct {
	name membership.ServerName
	boot string
}

// round is of a router that drains.
type round struct {
	begins time.Time
	asking []*tunnelled // whom to ask in this one; nil before it begins
	asked  int          // of them
}

// guest is what is needed of a *room.Occupant.
type guest interface {
	session.Occupant
	QueueDetour(url string)
}

// tunnelled is a guest who came through a router.
type tunnelled struct {
	guest
	detours *detours
	router  membership.ServerName
	room    proto.RoomID
}

func newDetours(members membership.Source, url string, log *slog.Logger) *detours {
	return &detours{members: members, url: url, log: log, rounds: map[process]*round{}}
}

// entered notes who came into a room through router, and gives what his connection is to use in his place.
func (d *detours) entered(router string, id proto.RoomID, g guest) session.Occupant {
	if router == "" {
		return g
	}
	t := &tunnelled{g, d, membership.ServerName(router), id}
	d.clients.Store(t, nil)
	return t
}

func (t *tunnelled) QueueLeave() {
	t.detours.clients.Delete(t)
	t.guest.QueueLeave()
}

func (t *tunnelled) QueueLost() {
	t.detours.clients.Delete(t)
	t.guest.QueueLost()
}

// run asks the clients of routers that drain, until ctx ends.
func (d *detours) run(ctx context.Context) error {
	for {
		changed := d.members.Changed()
		timer := time.NewTimer(d.look(time.Now()))
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-changed:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// look asks whose turn it is at now, and says how long nobody's is if the members stay as they are.
func (d *detours) look(now time.Time) (idle time.Duration) {
	draining, elsewhere := d.routers()
	for p := range d.rounds {
		if !slices.Contains(draining, p) {
			delete(d.rounds, p)
		}
	}
	idle = time.Hour
	for _, p := range draining {
		r := d.rounds[p]
		if r == nil {
			r = &round{begins: now.Add(turnAway)}
			d.rounds[p] = r
		}
		if elsewhere {
			idle = min(idle, d.tend(p, r, now))
		}
	}
	return max(idle, askStep)
}

// routers gives the processes of those that drain, and whether another one serves.
func (d *detours) routers() (draining []process, serving bool) {
	for _, m := range d.members.View().Members {
		switch {
		case m.Role != membership.Router:
		case m.State == membership.Draining:
			draining = append(draining, process{m.Name, m.Boot})
		case m.State == membership.Serving:
			serving = true
		}
	}
	return draining, serving
}

// tend brings a round on, and says when to look again.
func (d *detours) tend(p process, r *round, now time.Time) time.Duration {
	if wait := r.begins.Sub(now); wait > 0 {
		return wait
	}
	if r.asking == nil {
		if r.asking = d.through(p.name); len(r.asking) > 0 {
			d.log.Info("a router drains; its clients are asked to come by another one", "router", p.name, "clients", len(r.asking))
		}
	}
	for n := len(r.asking); r.asked < n; r.asked++ {
		turn := r.begins.Add(askTime * time.Duration(r.asked) / time.Duration(n))
		if wait := turn.Sub(now); wait > 0 {
			return wait
		}
		t := r.asking[r.asked]
		t.QueueDetour(registry.ConnectURL(d.url, t.room))
	}
	*r = round{begins: now.Add(askPause)}
	return askPause
}

// through gives the clients who came through router, in no order, so that those of one room are not asked at once.
func (d *detours) through(router membership.ServerName) (all []*tunnelled) {
	d.clients.Range(func(key, _ any) bool {
		if t := key.(*tunnelled); t.router == router {
			all = append(all, t)
		}
		return true
	})
	return all
}
