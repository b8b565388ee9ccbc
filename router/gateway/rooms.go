package gateway

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/lookup"
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

// postRoom enters a room: the one named, or one whose id is picked now. Nothing is created here: the ticket carries all
// that the server needs to make the room when the client comes. What the room's home can know before is refused here.
func (f *Gateway) postRoom(w http.ResponseWriter, r *http.Request) error {
	e, c, err := readEntry(w, r)
	if err != nil {
		return err
	}
	if e.Players != nil || e.Party != nil && e.Party.Token == "" {
		return problemf(http.StatusBadRequest, "a party asks for seats in a match; use POST /v1/match, or give the others the room's id or code")
	}
	if err := e.refuseSearch(); err != nil {
		return err
	}
	if err := e.checkParty(&c); err != nil {
		return err
	}
	if err := f.known(r, &e, &c); err != nil {
		return err
	}
	if e.Party != nil { // of a client that asks again where its match is
		if _, err := f.follow(&e, &c); err != nil {
			return err
		}
	}
	if err := f.permit(&e, &c); err != nil {
		return err
	}
	if err := f.mustExist(r.Context(), &e, &c); err != nil {
		return err
	}
	fleet := f.table.Fleet()
	home, ok := membership.Member{}, false
	fresh := c.Room == ""
	switch {
	case e.Private:
		c.Room, e.Code, home, ok = f.pickPrivate(fleet)
	case c.Room == "":
		c.Room, home, ok = f.picker.Pick(fleet, "")
	default:
		home, ok = fleet.Home(c.Room)
	}
	if !ok {
		return noServers(fleet)
	}
	live, err := f.foresee(r.Context(), home, &c, fresh)
	if err != nil {
		return err
	}
	return f.admit(w, r, &e, c, home, live)
}

// mustExist refuses a request that must not create a room if there is none.
func (f *Gateway) mustExist(ctx context.Context, e *entry, c *ticket.Claims) error {
	if e.Create == nil || *e.Create {
		return nil
	}
	if c.Room == "" {
		return problemf(http.StatusBadRequest, "\"create\": false enters a room that lives; name it in \"room\", or give the code of a private one")
	}
	c.Exists = true
	switch live, known := f.lives(ctx, c.Room); {
	case !known:
		return tryLater("it is not known whether room %s lives, because a game server did not answer; try again in a moment", c.Room)
	case !live:
		return problemf(http.StatusNotFound, "there is no room %s; leave out \"create\" to make it", c.Room)
	}
	return nil
}

// getRoom says where a room is, whether it lives or not, and with ?live also that.
func (f *Gateway) getRoom(w http.ResponseWriter, r *http.Request) error {
	room, home, err := f.find(r)
	if err != nil {
		return err
	}
	p := f.locate(room, home, "")
	if r.URL.Query().Has("live") {
		if err := f.mayLook(r); err != nil {
			return err
		}
		if live, known := f.lives(r.Context(), room); known {
			p.Live = &live
		}
	}
	return writeJSON(w, http.StatusOK, p)
}

// find reads the room of the path and looks its home up.
func (f *Gateway) find(r *http.Request) (proto.RoomID, membership.Member, error) {
	room, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		return "", membership.Member{}, problemf(http.StatusBadRequest, "%v", err)
	}
	fleet := f.table.Fleet()
	home, ok := fleet.Home(room)
	if !ok {
		return "", membership.Member{}, noServers(fleet)
	}
	return room, home, nil
}

func noServers(fleet *lookup.Fleet) error {
	return tryLater("no game server is serving, of %d members in view %d; try again in a moment",
		len(fleet.View.Members), fleet.View.Version)
}

// admit answers e with a ticket for c. live is whether the room lives; nil: that is not known.
func (f *Gateway) admit(w http.ResponseWriter, r *http.Request, e *entry, c ticket.Claims, home membership.Member, live *bool) error {
	signed, err := f.sign(&c)
	if err != nil {
		return err
	}
	var invitation *partyAnswer
	if c.Party != nil {
		if invitation, err = f.invite(&c, e.Party.Token); err != nil {
			return err
		}
	}
	f.config.Metrics.Tickets.WithLabelValues("issued").Inc()
	w.Header().Set("Location", roomsFolder+string(c.Room))
	at := f.locate(c.Room, home, roomsFolder)
	at.Live = live
	return writeJSON(w, http.StatusCreated,
		admission{place: at, Code: e.Code, Player: c.Player, Guest: e.made, Party: invitation, Ticket: signed, Expires: c.Expires})
}

// sign makes the ticket that says c, issued now.
func (f *Gateway) sign(c *ticket.Claims) (string, error) {
	c.Issued = time.Now().UTC().Truncate(time.Second)
	c.Expires = c.Issued.Add(ticketLife)
	return f.config.Signer.Sign(*c)
}

// roomsFolder is where rooms are, relative to the paths of postRoom and postMatch.
const roomsFolder = "rooms/"

// locate builds the URL to connect to: the home's, or, in proxy mode, this router's. Without a configured one that is relative to the
// address that answers, in whose folder the room is: only the client knows under which scheme, name, port and path proxies show that.
func (f *Gateway) locate(room proto.RoomID, home membership.Member, folder string) place {
	p := place{Room: room, Server: home.Name}
	switch {
	case f.config.Mode != Proxy:
		p.URL = webSocketURL(home.URL) + connectPath(room)
	case f.config.PublicURL != "":
		p.URL = webSocketURL(f.config.PublicURL) + connectPath(room)
	default:
		p.URL = folder + string(room) + "/connect"
	}
	return p
}

// webSocketURL turns http into ws and https into wss.
func webSocketURL(base string) string {
	return "ws" + strings.TrimPrefix(strings.TrimSuffix(base, "/"), "http")
}

func connectPath(room proto.RoomID) string { return "/v1/rooms/" + string(room) + "/connect" }

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n'))
	return nil
}
