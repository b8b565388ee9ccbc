package gateway

import (
	"net/http"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// permit settles whether the claims' room may be entered. A code names its room by itself.
func (f *Gateway) permit(e *entry, c *ticket.Claims) error {
	switch {
	case e.Private && (c.Room != "" || e.Code != ""):
		return problemf(http.StatusBadRequest, "\"private\" makes a new room and picks its id and code; leave out \"room\" and \"code\"")
	case e.Code != "" && c.Room == "":
		c.Room = ticket.PrivateRoom(e.Code)
		return nil
	case e.Code != "" && !ticket.Private(c.Room):
		return problemf(http.StatusBadRequest, "room %s is not private; leave out \"code\"", c.Room)
	case e.Code != "" && ticket.PrivateRoom(e.Code) != c.Room:
		return f.refuse(problemf(http.StatusForbidden, "the code is not that of room %s; ask whoever invited you for the whole link", c.Room))
	case e.Code == "" && ticket.Private(c.Room) && e.identity.Room != c.Room:
		return f.refuse(problemf(http.StatusForbidden, "room %s is private; ask whoever invited you for its code, and send it as \"code\"", c.Room))
	}
	return nil
}

// pickPrivate draws a private room: of two codes the one whose room has the home with less to do.
func (f *Gateway) pickPrivate(fleet *lookup.Fleet) (room proto.RoomID, code string, home membership.Member, ok bool) {
	a, b := ticket.NewCode(), ticket.NewCode()
	room, home, ok = f.picker.Choose(fleet, ticket.PrivateRoom(a), ticket.PrivateRoom(b))
	if room == ticket.PrivateRoom(b) {
		a = b
	}
	return room, a, home, ok
}
