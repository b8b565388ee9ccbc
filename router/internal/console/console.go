// Package console shows the fleet to people: GET /v1/fleet and its stream of events, and the text for terminals. Strangers get a summary
// without names. Its figures are the poller's; rooms, events and views are asked for only while somebody looks.
package console

import (
	"context"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// Config of a Console. All must be set but Page.
type Config struct {
	Table    *lookup.Table
	Servers  *servers.Client
	Poller   *servers.Poller
	Guard    *access.Guard
	Gate     *edge.Gate // bounds the streams
	Mode     lookup.Mode
	Watchers prometheus.Gauge
	Page     api.Handler // shows browsers the fleet; nil: they get the text
}

// Console shows the fleet.
type Console struct {
	Config
	gatherer  *gatherer
	eventLog  eventLog
	watch     *watch // the fleet in detail
	summaries *watch // the fleet as strangers see it
	aliases   aliases
}

// New makes a Console. Run must run while it is used.
func New(c Config) *Console {
	console := &Console{Config: c, gatherer: newGatherer(c.Table, c.Servers)}
	console.watch = newWatch(c.Watchers, aboutRouter{Router: c.Table.Fleet().View.Self.Name, Mode: c.Mode}, console.buildSnapshot)
	console.summaries = newWatch(c.Watchers, aboutRouter{Mode: c.Mode, Summary: true}, console.buildSummary)
	return console
}

// Run makes what watchers see until ctx ends.
func (c *Console) Run(ctx context.Context) {
	var group sync.WaitGroup
	defer group.Wait()
	for _, w := range []*watch{c.watch, c.summaries} {
		group.Go(func() { w.run(ctx) })
	}
}

// Stop sends all watchers away.
func (c *Console) Stop() {
	c.watch.stop()
	c.summaries.stop()
}

// Note logs what has changed from one view to the next for those who look at the fleet.
func (c *Console) Note(from, to *membership.View, now time.Time) { c.eventLog.note(from, to, now) }
