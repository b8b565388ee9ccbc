package admission

import (
	"net/http"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// permit settles whether the claims' room may be entered. A code names its room by itself.
func (a *Admission) permit(e *entry, c *ticket.Claims) error {
	switch {
	case e.Private && (c.Room != "" || e.Code != ""):
		return api.Problemf(http.StatusBadRequest, "\"private\" makes a new room and picks its id and code; leave out \"room\" and \"code\"")
	case e.Code != "" && c.Room == "":
		c.Room = ticket.PrivateRoom(e.Code)
		return nil
	case e.Code != "" && !ticket.Private(c.Room):
		return api.Problemf(http.StatusBadRequest, "room %s is not private; leave out \"code\"", c.Room)
	case e.Code != "" && ticket.PrivateRoom(e.Code) != c.Room:
		return a.refuse(api.Problemf(http.StatusForbidden, "the code is not that of room %s; ask whoever invited you for the whole link", c.Room))
	case e.Code == "" && ticket.Private(c.Room) && e.identity.Room != c.Room:
		return a.refuse(api.Problemf(http.StatusForbidden, "room %s is private; ask whoever invited you for its code, and send it as \"code\"", c.Room))
	}
	return nil
}

// pickPrivate draws a private room: of two codes the one whose room has the home with less to do.
func (a *Admission) pickPrivate(fleet *lookup.Fleet) (room proto.RoomID, code string, home membership.Member, ok bool) {
	code, other := ticket.NewCode(), ticket.NewCode()
	room, home, ok = a.Picker.Choose(fleet, ticket.PrivateRoom(code), ticket.PrivateRoom(other))
	if room == ticket.PrivateRoom(other) {
		code = other
	}
	return room, code, home, ok
}
