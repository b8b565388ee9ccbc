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
	// reconnectDelay is the time between a router's drain and the first reconnect request to its clients. Load balancers
	// need about a second to see that the router is not ready, and would send the clients back to it before that.
	reconnectDelay = 2 * time.Second
	// roundTime is the time over which the requests of one round are spread: a router may carry 10,000 clients, and each of
	// them opens a connection and gets a keyframe.
	roundTime = 4 * time.Second
	// roundPause is between two rounds, for the clients to reconnect. Two rounds end before the drain time of a router.
	roundPause = 4 * time.Second
	// requestStep is the minimum interval between two looks at which requests are due.
	requestStep = 20 * time.Millisecond
)

// reconnects asks the clients that are connected through a draining router to reconnect, so that they come through
// another one before it ends. Clients enter and leave from any goroutine, ticks included, and never wait: no lock is held
// while all clients are examined.
type reconnects struct {
	members membership.Source
	url     string // base URL of this server, for clients
	log     *slog.Logger
	clients sync.Map // *tunnelled: those in a room
	rounds  map[process]*round
}

// process is one run of a router.
type process struct {
	name membership.ServerName
	boot string
}

// round is one pass over the clients of a draining router.
type round struct {
	begins  time.Time
	clients []*tunnelled // of this round; nil before it begins
	sent    int          // requests sent
}

// occupant is what is needed of a *room.Occupant.
type occupant interface {
	session.Occupant
	QueueReconnect(url string)
}

// tunnelled is an occupant whose client came through a router.
type tunnelled struct {
	occupant
	reconnects *reconnects
	router     membership.ServerName
	room       proto.RoomID
}

func newReconnects(members membership.Source, url string, log *slog.Logger) *reconnects {
	return &reconnects{members: members, url: url, log: log, rounds: map[process]*round{}}
}

// entered notes that o came into a room through router, which may be none. The connection uses the result in o's place.
func (r *reconnects) entered(router string, id proto.RoomID, o occupant) session.Occupant {
	if router == "" {
		return o
	}
	t := &tunnelled{o, r, membership.ServerName(router), id}
	r.clients.Store(t, nil)
	return t
}

func (t *tunnelled) QueueLeave() {
	t.reconnects.clients.Delete(t)
	t.occupant.QueueLeave()
}

func (t *tunnelled) QueueLost() {
	t.reconnects.clients.Delete(t)
	t.occupant.QueueLost()
}

// run sends requests to the clients of draining routers, until ctx ends.
func (r *reconnects) run(ctx context.Context) error {
	for {
		changed := r.members.Changed()
		timer := time.NewTimer(r.send(time.Now()))
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

// send sends the requests that are due at now. It returns the time until the next one is, if the members stay as they are.
func (r *reconnects) send(now time.Time) (idle time.Duration) {
	draining, elsewhere := r.routers()
	for p := range r.rounds {
		if !slices.Contains(draining, p) {
			delete(r.rounds, p)
		}
	}
	idle = time.Hour
	for _, p := range draining {
		current := r.rounds[p]
		if current == nil {
			current = &round{begins: now.Add(reconnectDelay)}
			r.rounds[p] = current
		}
		if elsewhere {
			idle = min(idle, r.advance(p, current, now))
		}
	}
	return max(idle, requestStep)
}

// routers gives the processes of the draining routers, and whether another one serves.
func (r *reconnects) routers() (draining []process, serving bool) {
	for _, m := range r.members.View().Members {
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

// advance sends the requests of a round that are due at now. It returns the time until the next one is.
func (r *reconnects) advance(p process, current *round, now time.Time) time.Duration {
	if wait := current.begins.Sub(now); wait > 0 {
		return wait
	}
	if current.clients == nil {
		if current.clients = r.through(p.name); len(current.clients) > 0 {
			r.log.Info("router drains; requesting its clients to reconnect through another one", "router", p.name, "clients", len(current.clients))
		}
	}
	for n := len(current.clients); current.sent < n; current.sent++ {
		due := current.begins.Add(roundTime * time.Duration(current.sent) / time.Duration(n))
		if wait := due.Sub(now); wait > 0 {
			return wait
		}
		t := current.clients[current.sent]
		t.QueueReconnect(registry.ConnectURL(r.url, t.room))
	}
	*current = round{begins: now.Add(roundPause)}
	return roundPause
}

// through gives the clients that came through router. The order is random, so that those of one room do not follow each
// other.
func (r *reconnects) through(router membership.ServerName) (all []*tunnelled) {
	r.clients.Range(func(key, _ any) bool {
		if t := key.(*tunnelled); t.router == router {
			all = append(all, t)
		}
		return true
	})
	return all
}
