// Package operate answers operators and the game's backend: it drains servers, moves rooms, reads and messages them, and puts players
// out. Game servers do the work; this package finds the one, gives it the operators' token and passes its answer on.
package operate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// adminTimeout bounds an operator's request to a game server, which answers a move when it is done.
const adminTimeout = 10 * time.Second

// Operate has the handlers.
type Operate struct {
	Table     *lookup.Table
	Servers   *servers.Client
	Guard     *access.Guard
	PublicURL string // of this router; empty: not known
	Logger    *slog.Logger
}

// operatorDoc is GET /v1/fleet/operator.
type operatorDoc struct {
	Allowed bool   `json:"allowed"`
	Token   bool   `json:"token"` // a token is asked for, and another one would do
	Why     string `json:"why,omitempty"`
}

// GetOperator says whether a page of this router may change the fleet, with the token that the request has. Browsers name
// the page's origin in the requests that change something, but not in this one.
func (o *Operate) GetOperator(w http.ResponseWriter, r *http.Request) error {
	r = r.Clone(r.Context())
	r.Header.Set("Origin", cmp.Or(o.PublicURL, "http://"+r.Host)) // only the host counts
	var p *api.Problem
	if err := o.Guard.AllowOperator(r); errors.As(err, &p) {
		return api.WriteJSON(w, http.StatusOK, operatorDoc{Token: p.Status == http.StatusUnauthorized, Why: p.Detail})
	}
	return api.WriteJSON(w, http.StatusOK, operatorDoc{Allowed: true})
}

// PostState drains a server, or takes that back.
func (o *Operate) PostState(verb string) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := o.Guard.AllowOperator(r); err != nil {
			return err
		}
		name := r.PathValue("name")
		m, ok := o.Table.Fleet().View.Find(membership.ServerName(name))
		if !ok || m.Role != membership.GameServer {
			return api.Problemf(http.StatusNotFound, "no game server is named %q; GET /v1/fleet lists them", api.Shorten(name))
		}
		return o.forward(w, r, m, "/v1/server/"+verb)
	}
}

// Room passes a request about the room of its path on to the room's leader. verb is the last part of the path: move (the body may
// name the target, {"server": "gs-2"}), kick, message, players and state, which includes what only servers know.
func (o *Operate) Room(verb string) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error { return o.forwardRoom(w, r, verb) }
}

// forwardRoom has the leader of a room answer an operator's request.
func (o *Operate) forwardRoom(w http.ResponseWriter, r *http.Request, verb string) error {
	if err := o.Guard.AllowOperator(r); err != nil {
		return err
	}
	room, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		return api.Problemf(http.StatusBadRequest, "%v", err)
	}
	m, ok := o.Servers.Leader(room)
	if !ok {
		return api.Problemf(http.StatusNotFound, "no server that answers leads room %s", room)
	}
	return o.forward(w, r, m, "/v1/rooms/"+string(room)+"/"+verb)
}

// forward has m answer the request at path, with the operator's token, which is the same for the whole fleet.
func (o *Operate) forward(w http.ResponseWriter, r *http.Request, m membership.Member, path string) error {
	ctx, cancel := context.WithTimeout(r.Context(), adminTimeout)
	defer cancel()
	body, err := api.ReadBody(w, r)
	if err != nil {
		return err
	}
	req, err := servers.NewRequest(ctx, r.Method, m, path, bytes.NewReader(body))
	if err != nil {
		return err
	}
	o.Guard.Operator.Sign(req)
	resp, err := o.Servers.DoSecret(req)
	if err != nil {
		return api.Problemf(http.StatusBadGateway, "server %s cannot be reached: %v", m.Name, err)
	}
	defer resp.Body.Close()
	o.Logger.Info("operator request forwarded", "server", m.Name, "path", path, "status", resp.StatusCode, "remote", r.RemoteAddr)
	return passOn(w, resp)
}

// maxPassed bounds what a game server answers an operator, in bytes: the state of a room is the longest.
const maxPassed = 32 << 20

// passOn answers with what a game server answered.
func passOn(w http.ResponseWriter, resp *http.Response) error {
	for _, name := range []string{"Content-Type", "Retry-After", "Sec-WebSocket-Version"} {
		if v := resp.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(resp.Body, maxPassed))
	return nil
}
