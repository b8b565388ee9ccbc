package admission

import (
	"net/http"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/match"
)

// PostMatch gives a seat in the fullest open room of the game with the options asked for, or with the properties (see search), or in a new one; and
// spectators a place in the room with the most players.
func (a *Admission) PostMatch(w http.ResponseWriter, r *http.Request) error {
	e, c, err := readEntry(w, r)
	if err != nil {
		return err
	}
	if e.Private || e.Code != "" {
		return api.Problemf(http.StatusBadRequest, "a match is in a room that is open to strangers; leave out \"private\" and \"code\", or use POST /v1/rooms")
	}
	if e.Create != nil {
		return api.Problemf(http.StatusBadRequest, "a match makes a room where none is open; leave out \"create\"")
	}
	if c.Room != "" {
		return api.Problemf(http.StatusBadRequest, "a match is in a room that is found for you; leave out \"room\", or use POST /v1/rooms")
	}
	if err := e.checkParty(&c); err != nil {
		return err
	}
	wanted, err := e.query().Read(&c, e.Party == nil && e.Players == nil)
	if err != nil {
		return err
	}
	if e.Players != nil {
		return a.matchAll(w, r, &e, c, wanted)
	}
	if err := a.known(r, &e, &c); err != nil {
		return err
	}
	var server membership.Member
	switch {
	case c.Role == ticket.Spectator:
		server, err = a.Matcher.Stage(&c, &wanted)
	case e.Party != nil && e.Party.Token != "":
		server, err = a.follow(&e, &c)
	case e.Party != nil:
		if err := a.Limits.TakePartySeats(r, e.Party.Size-1); err != nil {
			return err
		}
		c.Party = newParty(e.Party.Size)
		fallthrough
	default:
		server, err = a.seat(r, &c, wanted)
	}
	if err != nil {
		return err
	}
	return a.admit(w, r, &e, c, server, nil)
}

// seat reserves a seat for c, or for all of c's party, and sets its room. What the home of a new room can know to be wrong with it is
// refused.
func (a *Admission) seat(r *http.Request, c *ticket.Claims, wanted match.Search) (membership.Member, error) {
	server, fresh, err := a.Matcher.Seat(r.Context(), c, access.Network(r), wanted)
	if err != nil || !fresh {
		return server, err
	}
	if _, err := a.foresee(r.Context(), server, c, true); err != nil {
		a.Matcher.Withdraw(c.Player)
		return membership.Member{}, err
	}
	return server, nil
}
