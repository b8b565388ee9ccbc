package admission

import (
	"context"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// ticketLife is how long a ticket opens its room. It outlives the usual match, so that a client that lost its seat
// enters again without asking; a longer life would only make a leaked one worth more.
const ticketLife = 10 * time.Minute

// place is where a room is.
type place struct {
	Room   proto.RoomID          `json:"room"`
	Server membership.ServerName `json:"server"`         // its home as this router sees it
	URL    string                `json:"url"`            // where to connect: ws(s)://…
	Live   *bool                 `json:"live,omitempty"` // whether the room lives, where that was asked and is known
}

// admission is the answer to POST /v1/rooms and POST /v1/match.
type admission struct {
	place
	Code    string         `json:"code,omitempty"` // of a private room, for those who are invited
	Player  proto.PlayerID `json:"player"`
	Guest   string         `json:"guest,omitempty"` // secret of a guest that was just made; its client keeps it and sends it again
	Party   *partyAnswer   `json:"party,omitempty"` // of a party's player
	Ticket  string         `json:"ticket"`
	Expires time.Time      `json:"expires"` // of the ticket
}

// PostRoom enters a room: the one named, or one whose id is picked now. Nothing is created here: the ticket carries all
// that the server needs to make the room when the client comes. What the room's home can know before is refused here.
func (a *Admission) PostRoom(w http.ResponseWriter, r *http.Request) error {
	e, c, err := readEntry(w, r)
	if err != nil {
		return err
	}
	if e.Players != nil || e.Party != nil && e.Party.Token == "" {
		return api.Problemf(http.StatusBadRequest, "a party asks for seats in a match; use POST /v1/match, or give the others the room's id or code")
	}
	if !e.query().Empty() {
		return api.Problemf(http.StatusBadRequest, "\"where\", \"skill\" and \"waiting\" find a room; use POST /v1/match, or leave them out")
	}
	if err := e.checkParty(&c); err != nil {
		return err
	}
	if err := a.known(r, &e, &c); err != nil {
		return err
	}
	if e.Party != nil { // of a client that asks again where its match is
		if _, err := a.follow(&e, &c); err != nil {
			return err
		}
	}
	if err := a.permit(&e, &c); err != nil {
		return err
	}
	if err := a.mustExist(r.Context(), &e, &c); err != nil {
		return err
	}
	fleet := a.Table.Fleet()
	home, ok := membership.Member{}, false
	fresh := c.Room == ""
	switch {
	case e.Private:
		c.Room, e.Code, home, ok = a.pickPrivate(fleet)
	case c.Room == "":
		c.Room, home, ok = a.Picker.Pick(fleet, "")
	default:
		home, ok = fleet.Home(c.Room)
	}
	if !ok {
		return servers.None(fleet)
	}
	live, err := a.foresee(r.Context(), home, &c, fresh)
	if err != nil {
		return err
	}
	return a.admit(w, r, &e, c, home, live)
}

// mustExist refuses a request that must not create a room if there is none.
func (a *Admission) mustExist(ctx context.Context, e *entry, c *ticket.Claims) error {
	if e.Create == nil || *e.Create {
		return nil
	}
	if c.Room == "" {
		return api.Problemf(http.StatusBadRequest, "\"create\": false enters a room that lives; name it in \"room\", or give the code of a private one")
	}
	c.Exists = true
	switch live, known := a.Servers.Lives(ctx, c.Room); {
	case !known:
		return api.TryLater("it is not known whether room %s lives, because a game server did not answer; try again in a moment", c.Room)
	case !live:
		return api.Problemf(http.StatusNotFound, "there is no room %s; leave out \"create\" to make it", c.Room)
	}
	return nil
}

// GetRoom says where a room is, whether it lives or not, and with ?live also that.
func (a *Admission) GetRoom(w http.ResponseWriter, r *http.Request) error {
	room, home, err := servers.HomeOf(a.Table, r)
	if err != nil {
		return err
	}
	p := a.locate(room, home, "")
	if r.URL.Query().Has("live") {
		if err := a.Limits.TakeLookup(r); err != nil {
			return err
		}
		if live, known := a.Servers.Lives(r.Context(), room); known {
			p.Live = &live
		}
	}
	return api.WriteJSON(w, http.StatusOK, p)
}

// admit answers e with a ticket for c. live is whether the room lives; nil: that is not known.
func (a *Admission) admit(w http.ResponseWriter, r *http.Request, e *entry, c ticket.Claims, home membership.Member, live *bool) error {
	signed, err := a.sign(&c)
	if err != nil {
		return err
	}
	var invitation *partyAnswer
	if c.Party != nil {
		if invitation, err = a.invite(&c, e.Party.Token); err != nil {
			return err
		}
	}
	a.Tickets.WithLabelValues("issued").Inc()
	w.Header().Set("Location", roomsFolder+string(c.Room))
	at := a.locate(c.Room, home, roomsFolder)
	at.Live = live
	return api.WriteJSON(w, http.StatusCreated,
		admission{place: at, Code: e.Code, Player: c.Player, Guest: e.made, Party: invitation, Ticket: signed, Expires: c.Expires})
}

// sign makes the ticket that says c, issued now.
func (a *Admission) sign(c *ticket.Claims) (string, error) {
	c.Issued = time.Now().UTC().Truncate(time.Second)
	c.Expires = c.Issued.Add(ticketLife)
	return a.Signer.Sign(*c)
}

// roomsFolder is where rooms are, relative to the paths of PostRoom and PostMatch.
const roomsFolder = "rooms/"

// locate says where a room is; folder is where rooms are, relative to the request's path.
func (a *Admission) locate(room proto.RoomID, home membership.Member, folder string) place {
	return place{Room: room, Server: home.Name, URL: a.Addresses.Of(room, home, folder)}
}
