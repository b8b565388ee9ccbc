package gateway

import (
	"cmp"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// adminTimeout bounds an operator's request to a game server, which answers a move when it is done.
const adminTimeout = 10 * time.Second

// internalKey marks the requests of the internal listener in their context.
type internalKey struct{}

func internal(r *http.Request) bool { return r.Context().Value(internalKey{}) != nil }

// allow lets operators only go on.
func (f *Gateway) allow(r *http.Request) error { return f.check(r, (*ticket.Operator).Check) }

// allowReader lets those go on who are no strangers.
func (f *Gateway) allowReader(r *http.Request) error {
	if internal(r) {
		return nil
	}
	return f.check(r, (*ticket.Operator).CheckReader)
}

func (f *Gateway) check(r *http.Request, by func(*ticket.Operator, *http.Request) error) error {
	o := f.config.Operator
	if o == nil {
		return problemf(http.StatusForbidden, "%v; this router takes no such requests", ticket.ErrOperatorClosed)
	}
	if f.config.Internal && !internal(r) {
		o = o.Closed()
	}
	switch err := by(o, r); {
	case errors.Is(err, ticket.ErrNoOperator):
		return problemf(http.StatusUnauthorized, "%v", err)
	case err != nil:
		return problemf(http.StatusForbidden, "%v", err)
	}
	return nil
}

// operatorDoc is GET /v1/fleet/operator.
type operatorDoc struct {
	Allowed bool   `json:"allowed"`
	Token   bool   `json:"token"` // a token is asked for, and another one would do
	Why     string `json:"why,omitempty"`
}

// getOperator says whether a page of this router may change the fleet, with the token that the request has. Browsers name
// the page's origin in the requests that change something, but not in this one.
func (f *Gateway) getOperator(w http.ResponseWriter, r *http.Request) error {
	r = r.Clone(r.Context())
	r.Header.Set("Origin", cmp.Or(f.config.PublicURL, "http://"+r.Host)) // only the host counts
	var p *problem
	if err := f.allow(r); errors.As(err, &p) {
		return writeJSON(w, http.StatusOK, operatorDoc{Token: p.status == http.StatusUnauthorized, Why: p.detail})
	}
	return writeJSON(w, http.StatusOK, operatorDoc{Allowed: true})
}

// postState drains a server, or takes that back.
func (f *Gateway) postState(verb string) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := f.allow(r); err != nil {
			return err
		}
		name := r.PathValue("name")
		m, ok := f.table.Fleet().View.Find(membership.ServerName(name))
		if !ok || m.Role != membership.GameServer {
			return problemf(http.StatusNotFound, "no game server is named %q; GET /v1/fleet lists them", shorten(name))
		}
		return f.forward(w, r, m, "/v1/server/"+verb)
	}
}

// postMove hands a room to another server; the body may name it, {"server": "gs-2"}.
func (f *Gateway) postMove(w http.ResponseWriter, r *http.Request) error {
	return f.operateRoom(w, r, "move")
}

// postKick puts a player out of a room.
func (f *Gateway) postKick(w http.ResponseWriter, r *http.Request) error {
	return f.operateRoom(w, r, "kick")
}

// postMessage gives the game of a room a message.
func (f *Gateway) postMessage(w http.ResponseWriter, r *http.Request) error {
	return f.operateRoom(w, r, "message")
}

// getPlayers gives who is in a room.
func (f *Gateway) getPlayers(w http.ResponseWriter, r *http.Request) error {
	return f.operateRoom(w, r, "players")
}

// getState gives a room's state, with what only servers know.
func (f *Gateway) getState(w http.ResponseWriter, r *http.Request) error {
	return f.operateRoom(w, r, "state")
}

// operateRoom has the leader of a room answer an operator's request.
func (f *Gateway) operateRoom(w http.ResponseWriter, r *http.Request, verb string) error {
	if err := f.allow(r); err != nil {
		return err
	}
	room, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		return problemf(http.StatusBadRequest, "%v", err)
	}
	m, ok := f.leader(room)
	if !ok {
		return problemf(http.StatusNotFound, "no server that answers leads room %s", room)
	}
	return f.forward(w, r, m, "/v1/rooms/"+string(room)+"/"+verb)
}

// forward has m answer the request at path, with the operator's token, which is the same for the whole fleet.
func (f *Gateway) forward(w http.ResponseWriter, r *http.Request, m membership.Member, path string) error {
	ctx, cancel := context.WithTimeout(r.Context(), adminTimeout)
	defer cancel()
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return problemf(http.StatusRequestEntityTooLarge, "the body is larger than %d bytes", maxBody)
	case err != nil:
		return problemf(http.StatusBadRequest, "the body cannot be read: %v", err)
	}
	req, err := request(ctx, r.Method, m, path, strings.NewReader(string(body)))
	if err != nil {
		return err
	}
	f.config.Operator.Sign(req)
	resp, err := f.asker.tokens.Do(req)
	if err != nil {
		return problemf(http.StatusBadGateway, "server %s cannot be reached: %v", m.Name, err)
	}
	defer resp.Body.Close()
	f.config.Logger.Info("operator request forwarded", "server", m.Name, "path", path, "status", resp.StatusCode, "remote", r.RemoteAddr)
	return passOn(w, resp)
}
