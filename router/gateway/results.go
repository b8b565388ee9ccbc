package gateway

import (
	"context"
	"errors"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
)

// Results is a results store; package router/store has one.
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
func (f *Gateway) routeResults() {
	reads := []string{"/v1/rooms/{room}/outcomes", "/v1/outcomes", "/v1/players/{player}/matches", "/v1/boards", "/v1/boards/{board}", "/v1/stats/rooms"}
	if f.config.Results == nil {
		for _, path := range append(reads, "/internal/") {
			f.route(path, "results", "", func(http.ResponseWriter, *http.Request) error {
				return problemf(http.StatusNotFound, "this router has no results store; start it with -results")
			})
		}
		return
	}
	read, write := f.config.Results.Public(f.caller), f.config.Results.Internal()
	for _, path := range reads {
		f.route(path, "results", http.MethodGet, func(w http.ResponseWriter, r *http.Request) error { return f.getResults(w, r, read) })
	}
	f.route("/internal/", "internal", "", func(w http.ResponseWriter, r *http.Request) error {
		allowed := f.allow
		if slices.Contains(serversWrite, r.URL.Path) {
			allowed = f.allowServer
		}
		if err := allowed(r); err != nil {
			return err
		}
		write.ServeHTTP(w, r)
		return nil
	})
}

// getResults reads the store. A request that waits ends when the router does.
func (f *Gateway) getResults(w http.ResponseWriter, r *http.Request, h http.Handler) error {
	if f.allow(r) != nil {
		if wait, ok := f.limits.reads.Take(remote(r)); !ok {
			return tooMany(wait, "this address reads results too often, over %d times a minute; wait %v", f.config.Quotas.ReadsPerAddress, wait.Round(time.Second))
		}
	}
	if r.FormValue("wait") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		free, err := f.gate.Stream(r)
		if err != nil {
			return tryLater("%v", err)
		}
		defer free()
		control := http.NewResponseController(w)
		_ = control.SetReadDeadline(time.Time{}) // of the request, which has no body
		_ = control.SetWriteDeadline(time.Now().Add(resultsWait))
	}
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	defer context.AfterFunc(f.ending, cancel)()
	h.ServeHTTP(w, r.WithContext(ctx))
	if rec, ok := w.(*recorder); ok && rec.status == 0 && f.ending.Err() != nil {
		return tryLater("this router is stopping; ask again from the same cursor")
	}
	return nil
}

// caller says who reads results: the player whom the Authorization header proves, by an identity token or by the secret of a guest,
// else an operator, else nobody. A player who is on the router's machine is a player, although requests from there may be operators'.
func (f *Gateway) caller(r *http.Request) (operator bool, player string, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	switch {
	case strings.EqualFold(scheme, "guest"):
		if f.config.Identity != nil {
			return false, "", errors.New("this router takes no guests; send the identity token of your game's backend as Authorization: Bearer TOKEN")
		}
		id, err := ticket.Guest(token)
		return false, string(id), err
	case f.config.Identity != nil && strings.EqualFold(scheme, "bearer"):
		id, err := f.config.Identity.Verify(token, time.Now())
		if err != nil && f.allow(r) == nil {
			return true, "", nil
		}
		return false, string(id.Player), err
	}
	return f.allow(r) == nil, "", nil
}

// connKey is the context key of an internal request's connection.
type connKey struct{}

// allowServer lets game servers go on: those that have proved their names, or, where the fleet has no certificates, those that
// operators could be.
func (f *Gateway) allowServer(r *http.Request) error {
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok && f.config.Certs != nil {
		if id, ok := f.config.Certs.Proven(c); ok {
			if _, ok := id.Name(string(membership.GameServer)); ok {
				return nil
			}
		}
	}
	return f.allow(r)
}
