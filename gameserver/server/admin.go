package server

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

const (
	// moveTimeout bounds the wait for a move that an operator asked for. It is below requestTimeout, so that the answer arrives.
	moveTimeout = 8 * time.Second
	// maxAdminBody bounds the body of an operator's request, in bytes: a server name and some JSON.
	maxAdminBody = 4 << 10
)

// admin lets operators only through to h.
func (n *Server) admin(h http.HandlerFunc) http.HandlerFunc { return guard(n.operator.Check, h) }

// reader lets only those through to h who may see what strangers must not: whoever reaches the internal listener, if there is one.
func (n *Server) reader(h http.HandlerFunc) http.HandlerFunc {
	if n.internal != nil {
		return h
	}
	return guard(n.operator.CheckReader, h)
}

func guard(check func(*http.Request) error, h http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch err := check(r); {
		case errors.Is(err, ticket.ErrNoOperator):
			w.Header().Set("WWW-Authenticate", "Bearer")
			obs.Problem(w, http.StatusUnauthorized, err.Error())
		case err != nil:
			obs.Problem(w, http.StatusForbidden, err.Error())
		default:
			h(w, r)
		}
	}
}

// stateReport is the answer to drain and undrain: both begin something that GET /v1/server shows the progress of.
type stateReport struct {
	Server membership.ServerName `json:"server"`
	State  membership.State      `json:"state"`
	Rooms  int                   `json:"rooms"` // led here at the moment
}

func (n *Server) postDrain(w http.ResponseWriter, _ *http.Request) {
	n.Drain()
	n.reportState(w)
}

func (n *Server) postUndrain(w http.ResponseWriter, _ *http.Request) {
	n.Undrain()
	n.reportState(w)
}

// postForget makes this server's part of the fleet forget the missing member ?server=NAME, which may give it the quorum.
func (n *Server) postForget(w http.ResponseWriter, r *http.Request) {
	name := membership.ServerName(r.URL.Query().Get("server"))
	if name == "" {
		obs.Problem(w, http.StatusBadRequest, "the name of the missing member is needed, as ?server=NAME")
		return
	}
	if err := n.gossip.Forget(name); err != nil {
		obs.Problem(w, http.StatusConflict, err.Error())
		return
	}
	n.reportState(w)
}

func (n *Server) reportState(w http.ResponseWriter) {
	self := n.gossip.View().Self
	writeJSON(w, stateReport{self.Name, self.State, n.registry.Counts().Rooms})
}

// moveReport is the answer to a move.
type moveReport struct {
	Room   proto.RoomID          `json:"room"`
	From   membership.ServerName `json:"from"`
	Server string                `json:"server"` // leads it now
	Took   float64               `json:"took_ms"`
}

// postMove hands one room to the server that the body names, {"server": "gs-2"}; without one to the next in its order.
func (n *Server) postMove(w http.ResponseWriter, r *http.Request) {
	room, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	var wish struct {
		Server string `json:"server"`
	}
	body := http.MaxBytesReader(w, r.Body, maxAdminBody)
	if err := json.NewDecoder(body).Decode(&wish); err != nil && !errors.Is(err, io.EOF) {
		obs.Problem(w, http.StatusBadRequest, `the body is not JSON like {"server": "gs-2"}: `+err.Error())
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), moveTimeout)
	defer cancel()
	begun := time.Now()
	to, err := n.registry.Move(ctx, room, wish.Server)
	if err != nil {
		obs.Problem(w, moveStatus(err), err.Error())
		return
	}
	writeJSON(w, moveReport{room, n.gossip.View().Self.Name, to, milliseconds(time.Since(begun))})
}

func moveStatus(err error) int {
	switch {
	case errors.Is(err, registry.ErrNotLed):
		return http.StatusNotFound
	case errors.Is(err, registry.ErrMoving):
		return http.StatusConflict
	case errors.Is(err, registry.ErrTarget):
		return http.StatusUnprocessableEntity
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	}
	return http.StatusServiceUnavailable
}

func writeJSON(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // an error is the client's, who is gone
}
