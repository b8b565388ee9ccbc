package admission

import (
	"bytes"
	"cmp"
	"crypto/rand"
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/api"
)

// identify settles who the ticket is for. Where identity tokens are demanded the player is the token's. Otherwise it is the
// guest who has the secret that the body gives; without one a new guest is made (e.made). A player id proves nothing, so the
// body's may only repeat the one that is proven.
func (a *Admission) identify(r *http.Request, e *entry, c *ticket.Claims) (err error) {
	if a.Identity != nil {
		if e.Player.Guest != "" {
			return a.refuse(api.Problemf(http.StatusBadRequest, "field \"player.guest\": this router takes no guests, the identity token "+
				"says who plays; leave it out"))
		}
		if token, ok := bearer(r); ok {
			e.identity, err = a.identifyByToken(token, c)
		} else {
			err = api.Problemf(http.StatusUnauthorized, "this router gives tickets to known players only; "+
				"send the identity token of your game's backend as Authorization: Bearer TOKEN")
		}
	} else {
		e.made, err = identifyGuest(e.Player.Guest, c)
	}
	if err == nil && e.Player.ID != "" && e.Player.ID != string(c.Player) {
		err = api.Problemf(http.StatusForbidden, "player.id is %q, which this request does not prove; leave it out, and say who plays by "+
			"player.guest or, where the router demands it, by an identity token", api.Shorten(e.Player.ID))
	}
	if err != nil {
		return a.refuse(err)
	}
	return nil
}

// identifyGuest makes the claims those of the guest with the secret; without one a guest is made, whose secret it gives.
func identifyGuest(secret string, c *ticket.Claims) (made string, err error) {
	if secret == "" {
		made = rand.Text()
	}
	if c.Player, err = ticket.Guest(cmp.Or(made, secret)); err != nil {
		return "", api.BadField("player.guest", err)
	}
	return made, nil
}

// bearer is the token of a request's Authorization.
func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	token = strings.TrimSpace(token)
	return token, strings.EqualFold(scheme, "bearer") && token != ""
}

// identifyByToken reads the identity token of the game's backend.
func (a *Admission) identifyByToken(token string, c *ticket.Claims) (id ticket.Identity, err error) {
	if id, err = a.Identity.Verify(token, time.Now()); err != nil {
		return id, api.Problemf(http.StatusUnauthorized, "%v", err)
	}
	c.Player, c.Claims = id.Player, id.Claims
	if id.Name != "" {
		c.Name = id.Name
	}
	if id.Create != nil && id.Create.Game == c.Game && (id.Create.Room == "" || id.Create.Room == c.Room) {
		return id, signOptions(id.Create.Options, c)
	}
	return id, nil
}

// signOptions takes the options that the game's backend has signed in place of the client's, which may only repeat them.
func signOptions(signed json.RawMessage, c *ticket.Claims) error {
	options, err := canonical(signed)
	if err != nil {
		return api.Problemf(http.StatusUnauthorized, "identity token: create: %v", err)
	}
	if c.Options != nil && !bytes.Equal(c.Options, options) {
		return api.BadField("options", errors.New("the identity token has other options for this room; leave them out"))
	}
	c.Options, c.Signed = options, true
	return nil
}

func (a *Admission) refuse(err error) error {
	a.Tickets.WithLabelValues("refused").Inc()
	return err
}

// known settles who the ticket of a POST is for, within the limits of their address and of themselves.
func (a *Admission) known(r *http.Request, e *entry, c *ticket.Claims) error {
	if err := a.Limits.TakeTicket(r); err != nil {
		return err
	}
	if err := a.identify(r, e, c); err != nil {
		return err
	}
	return a.mayAsk(c)
}

// mayAsk holds a player against the bans and their own limit.
func (a *Admission) mayAsk(c *ticket.Claims) error {
	if text, banned := a.Bans.Banned(c.Player); banned {
		return a.refuse(api.Problemf(http.StatusForbidden, "%s", text))
	}
	return a.Limits.TakePlayer(c.Player)
}
