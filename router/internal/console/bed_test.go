package console

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// bed is a console whose poller runs, with a view that a test sets.
type bed struct {
	console *Console
	poller  *servers.Poller
	client  *servers.Client
	source  *membership.Static
	URL     string
}

func newBed(t *testing.T, members ...membership.Member) *bed {
	t.Helper()
	metrics := obs.NewRouterMetrics(nil)
	gate, err := edge.New(edge.Config{Limits: edge.DefaultRouterLimits(), Metrics: &metrics.Shared})
	if err != nil {
		t.Fatal(err)
	}
	operator, err := ticket.NewOperator("", true)
	if err != nil {
		t.Fatal(err)
	}
	f := &bed{source: membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving}, members...)}
	table := lookup.NewTable(f.source)
	f.client = servers.NewClient(servers.Dialer{}, table)
	f.poller = servers.NewPoller(table, f.client, func(context.Context, membership.Member, string, bool) bool { return false })
	f.console = New(Config{Table: table, Servers: f.client, Poller: f.poller, Guard: &access.Guard{Operator: operator}, Gate: gate, Mode: lookup.Redirect, Watchers: metrics.Watchers})
	mux := api.NewMux(metrics.Requests, slog.New(slog.DiscardHandler))
	mux.Route("/v1/fleet", "fleet", http.MethodGet, f.console.GetFleet)
	mux.Route("/fleet", "page", http.MethodGet, f.console.GetPage)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	t.Cleanup(f.client.Close)
	ctx, stop := context.WithCancel(context.Background())
	var polling sync.WaitGroup
	polling.Go(func() { f.poller.Run(ctx) })
	t.Cleanup(func() { stop(); polling.Wait() })
	f.URL = server.URL
	return f
}

// asked waits until all game servers were asked once.
func (f *bed) asked(t *testing.T) {
	t.Helper()
	fake.Until(t, "the servers are asked", func() bool { return len(f.poller.All()) == len(servers.In(f.source.View())) })
}

func (f *bed) get(t *testing.T, path string) *http.Response {
	t.Helper()
	resp, err := (&http.Client{Timeout: fake.Timeout}).Get(f.URL + path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = resp.Body.Close() })
	return resp
}
