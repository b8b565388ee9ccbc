package gateway

import (
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/router/internal/api"
)

// Results is a results store; OpenStore gives one.
type Results interface {
	// Public answers /v1/rooms/{room}/outcomes, /v1/outcomes, /v1/players/{player}/matches, /v1/boards, /v1/boards/{board} and /v1/stats/rooms.
	Public(caller func(*http.Request) (operator bool, player string, err error)) http.Handler
	// Internal answers /internal/v1/, for game servers and operators.
	Internal() http.Handler
	Run(ctx context.Context) error // until ctx ends
}

// resultsWait bounds a long poll or the first answer of an event stream; the store's own limit is below it.
const resultsWait = 45 * time.Second

// serversWrite are the paths of the internal listener at which game servers write.
var serversWrite = []string{"/internal/v1/outcomes", "/internal/v1/takeovers", "/internal/v1/rooms"}

// routeResults adds the routes of the results store.
func (g *Gateway) routeResults() {
	reads := []string{"/v1/rooms/{room}/outcomes", "/v1/outcomes", "/v1/players/{player}/matches", "/v1/boards", "/v1/boards/{board}", "/v1/stats/rooms"}
	if g.config.Results == nil {
		for _, path := range append(reads, "/internal/") {
			g.mux.Route(path, "results", "", func(http.ResponseWriter, *http.Request) error {
				return api.Problemf(http.StatusNotFound, "this router has no results store; start it with -results")
			})
		}
		return
	}
	read, write := g.config.Results.Public(g.guard.Caller), g.config.Results.Internal()
	for _, path := range reads {
		g.mux.Route(path, "results", http.MethodGet, func(w http.ResponseWriter, r *http.Request) error { return g.getResults(w, r, read) })
	}
	g.mux.Route("/internal/", "internal", "", func(w http.ResponseWriter, r *http.Request) error {
		allowed := g.guard.AllowOperator
		if slices.Contains(serversWrite, r.URL.Path) {
			allowed = g.guard.AllowServer
		}
		if err := allowed(r); err != nil {
			return err
		}
		write.ServeHTTP(w, r)
		return nil
	})
}

// getResults reads the store. A request that waits ends when the router does.
func (g *Gateway) getResults(w http.ResponseWriter, r *http.Request, h http.Handler) error {
	if g.guard.AllowOperator(r) != nil {
		if err := g.limits.TakeRead(r); err != nil {
			return err
		}
	}
	if r.FormValue("wait") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		free, err := g.gate.Stream(r)
		if err != nil {
			return api.TryLater("%v", err)
		}
		defer free()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{}) // of the request, which has no body
		_ = control.SetWriteDeadline(time.Now().Add(resultsWait))
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(g.ending, cancel)()
	h.ServeHTTP(w, r.WithContext(ctx))
	if !api.Answered(w) && g.ending.Err() != nil {
		return api.TryLater("this router is stopping; ask again from the same cursor")
	}
	return nil
}
