package servers

import (
	"context"
	"maps"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

const (
	// PollInterval is the time between two requests for a server's summary, give or take pollJitter of it, so that the routers
	// of a fleet do not ask all at once.
	PollInterval = time.Second
	pollJitter   = 0.1
	// maxPollInterval is how long a server that does not answer is left alone at most. The wait doubles from PollInterval.
	maxPollInterval = 4 * time.Second
	// loadLife is how old a summary may be for its load to count. An older one counts as unknown.
	loadLife = 10 * time.Second
)

// Polled is what is known of one server. It is immutable.
type Polled struct {
	report.Summary
	boot string
	At   time.Time // of the last answer; zero: there was none, and the figures are unknown
	Err  error     // why the last request had no answer; nil: it had one, or there was no request yet
}

// Reachable reports whether the server answered the last request.
func (p Polled) Reachable() bool { return p.Err == nil && !p.At.IsZero() }

// Poller asks each game server for its summary, about once a second. It is the only source of loads in the router: what it has
// not heard yet is unknown. The cost to a server does not depend on the router's clients.
type Poller struct {
	table  *lookup.Table
	client *Client
	// exchange is told the hash of the bans of a server that has answered, and whether it failed with that server the last time.
	exchange func(ctx context.Context, m membership.Member, hash string, failed bool) (fails bool)
	slots    chan struct{} // holds askWidth; who asks has taken one

	mu   sync.Mutex
	last map[membership.ServerName]Polled // of the processes that run's view has
}

// NewPoller makes a Poller. Its exchange takes part in each answer; see Poller.
func NewPoller(table *lookup.Table, c *Client, exchange func(context.Context, membership.Member, string, bool) bool) *Poller {
	return &Poller{table: table, client: c, exchange: exchange, slots: make(chan struct{}, askWidth), last: map[membership.ServerName]Polled{}}
}

// Run polls the servers of the newest view until ctx ends. There is one goroutine, and so at most one request, for a server.
func (p *Poller) Run(ctx context.Context) {
	type process struct {
		name membership.ServerName
		boot string
	}
	stops := map[process]context.CancelFunc{}
	var group sync.WaitGroup
	defer group.Wait()
	for {
		changed := p.table.Changed()
		members := map[process]membership.Member{}
		for _, m := range In(p.table.Fleet().View) {
			members[process{m.Name, m.Boot}] = m
		}
		for id, stop := range stops {
			if _, ok := members[id]; !ok {
				stop()
				delete(stops, id)
			}
		}
		for id, m := range members {
			if stops[id] != nil {
				continue
			}
			polling, stop := context.WithCancel(ctx)
			stops[id] = stop
			group.Go(func() { p.poll(polling, m) })
		}
		select {
		case <-changed:
		case <-ctx.Done():
			for _, stop := range stops {
				stop()
			}
			return
		}
	}
}

// poll asks m until ctx ends, and forgets it then.
func (p *Poller) poll(ctx context.Context, m membership.Member) {
	now, failed := Polled{boot: m.Boot}, false
	for wait := PollInterval; ctx.Err() == nil; {
		select {
		case p.slots <- struct{}{}:
		case <-ctx.Done():
			continue
		}
		var summary report.Summary
		err := p.client.Get(ctx, m, "/v1/server", &summary)
		if err == nil {
			failed = p.exchange(ctx, m, summary.Bans, failed)
		}
		<-p.slots
		if now.Err = err; err == nil {
			now.Summary, now.At = summary, time.Now()
			wait = PollInterval
		} else {
			wait = min(2*wait, maxPollInterval)
		}
		p.store(ctx, m.Name, now)
		select {
		case <-time.After(time.Duration(float64(wait) * (1 + pollJitter*(2*rand.Float64()-1)))):
		case <-ctx.Done():
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.last[m.Name].boot == m.Boot {
		delete(p.last, m.Name)
	}
}

// store keeps now unless ctx has ended: another process may have the name by then.
func (p *Poller) store(ctx context.Context, name membership.ServerName, now Polled) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if ctx.Err() == nil {
		p.last[name] = now
	}
}

// All gives what is known of each server.
func (p *Poller) All() map[membership.ServerName]Polled {
	p.mu.Lock()
	defer p.mu.Unlock()
	return maps.Clone(p.last)
}

// Load implements lookup.Loads.
func (p *Poller) Load(name membership.ServerName) (l lookup.Load, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now, ok := p.last[name]
	if !ok || now.At.IsZero() || time.Since(now.At) > loadLife {
		return lookup.Load{}, false
	}
	return lookup.Load{Rooms: now.Rooms, Players: now.Players, Busy: now.Busy}, true
}
