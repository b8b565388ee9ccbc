package tunnel

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// bed is the tunnels of a router in proxy mode, with a view that a test sets.
type bed struct {
	tunnels *Tunnels
	table   *lookup.Table
	source  *membership.Static
	gauge   prometheus.Gauge
	URL     string
}

// newBed makes one. change, which may be nil, changes its limits.
func newBed(t *testing.T, change func(*edge.Limits), members ...membership.Member) *bed {
	t.Helper()
	metrics, limits := obs.NewRouterMetrics(nil), edge.DefaultRouterLimits()
	if change != nil {
		change(&limits)
	}
	gate, err := edge.New(edge.Config{Limits: limits, Metrics: &metrics.Shared})
	if err != nil {
		t.Fatal(err)
	}
	logger := slog.New(slog.DiscardHandler)
	source := membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router, State: membership.Serving}, members...)
	f := &bed{table: lookup.NewTable(source), source: source, gauge: metrics.Tunnels}
	f.tunnels = New(f.table, gate, nil, logger, f.gauge)
	mux, connect := api.NewMux(metrics.Requests, logger), f.tunnels.Connect(lookup.Proxy)
	mux.Route("/v1/rooms/{room}/connect", "connect", http.MethodGet, connect)
	mux.Route("/v1/servers/{server}/v1/rooms/{room}/connect", "connect", http.MethodGet, connect)
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	relaying, end := context.WithCancel(context.Background())
	var relays sync.WaitGroup
	relays.Go(func() { _ = f.tunnels.Run(relaying) })
	t.Cleanup(func() { end(); relays.Wait() })
	t.Cleanup(func() { f.tunnels.Stop(0) })
	f.URL = server.URL
	return f
}

// dialRoom upgrades at the router and gives the answer; the connection is nil unless it is 101.
func (f *bed) dialRoom(t *testing.T, path string) (*fake.Conn, *http.Response) {
	t.Helper()
	return fake.Dial(t, f.URL, path, proto.Subprotocol)
}
