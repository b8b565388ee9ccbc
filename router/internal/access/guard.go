// Package access decides who may ask this router for what, and how often: operators, game servers, players and strangers.
package access

import (
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/api"
)

// Guard tells operators and game servers from strangers.
type Guard struct {
	Operator *ticket.Operator         // nil: there are no operators
	Internal bool                     // there is an internal listener: the public one asks for the operators' token, always
	Certs    *certs.Fleet             // nil: the fleet has none
	Identity *ticket.IdentityVerifier // nil: players are guests
}

// AllowOperator lets operators only go on.
func (g *Guard) AllowOperator(r *http.Request) error { return g.check(r, (*ticket.Operator).Check) }

// AllowReader lets those go on who may see all of the fleet: operators, and all on the internal listener.
func (g *Guard) AllowReader(r *http.Request) error {
	if api.Internal(r) {
		return nil
	}
	return g.check(r, (*ticket.Operator).CheckReader)
}

func (g *Guard) check(r *http.Request, by func(*ticket.Operator, *http.Request) error) error {
	o := g.Operator
	if o == nil {
		return api.Problemf(http.StatusForbidden, "%v; this router takes no such requests", ticket.ErrOperatorClosed)
	}
	if g.Internal && !api.Internal(r) {
		o = o.Closed()
	}
	switch err := by(o, r); {
	case errors.Is(err, ticket.ErrNoOperator):
		return api.Problemf(http.StatusUnauthorized, "%v", err)
	case err != nil:
		return api.Problemf(http.StatusForbidden, "%v", err)
	}
	return nil
}

// Caller says who reads results: the player whom the Authorization header proves, by an identity token or by the secret of a guest,
// else an operator, else nobody. A player who is on the router's machine is a player, although requests from there may be operators'.
func (g *Guard) Caller(r *http.Request) (operator bool, player string, err error) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	switch {
	case strings.EqualFold(scheme, "guest"):
		if g.Identity != nil {
			return false, "", errors.New("this router takes no guests; send the identity token of your game's backend as Authorization: Bearer TOKEN")
		}
		id, err := ticket.Guest(token)
		return false, string(id), err
	case g.Identity != nil && strings.EqualFold(scheme, "bearer"):
		id, err := g.Identity.Verify(token, time.Now())
		if err != nil && g.AllowOperator(r) == nil {
			return true, "", nil
		}
		return false, string(id.Player), err
	}
	return g.AllowOperator(r) == nil, "", nil
}

// connKey is the context key of an internal request's connection.
type connKey struct{}

// WithConn gives the context of requests of a connection of the internal listener, for AllowServer.
func WithConn(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, connKey{}, c)
}

// AllowServer lets game servers go on: those that have proved their names, or, where the fleet has no certificates, those that
// operators could be.
func (g *Guard) AllowServer(r *http.Request) error {
	if c, ok := r.Context().Value(connKey{}).(net.Conn); ok && g.Certs != nil {
		if id, ok := g.Certs.Proven(c); ok {
			if _, ok := id.Name(string(membership.GameServer)); ok {
				return nil
			}
		}
	}
	return g.AllowOperator(r)
}
