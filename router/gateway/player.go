package gateway

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
)

// identify settles who the ticket is for. Where identity tokens are demanded the player is the token's. Otherwise it is the
// guest who has the secret that the body gives; without one a new guest is made (e.made). A player id proves nothing, so the
// body's may only repeat the one that is proven.
func (f *Gateway) identify(r *http.Request, e *entry, c *ticket.Claims) (err error) {
	if f.config.Identity != nil {
		if e.Player.Guest != "" {
			return f.refuse(problemf(http.StatusBadRequest, "field \"player.guest\": this router takes no guests, the identity token "+
				"says who plays; leave it out"))
		}
		if token, ok := bearer(r); ok {
			e.identity, err = f.identifyByToken(token, c)
		} else {
			err = problemf(http.StatusUnauthorized, "this router gives tickets to known players only; "+
				"send the identity token of your game's backend as Authorization: Bearer TOKEN")
		}
	} else {
		e.made, err = identifyGuest(e.Player.Guest, c)
	}
	if err == nil && e.Player.ID != "" && e.Player.ID != string(c.Player) {
		err = problemf(http.StatusForbidden, "player.id is %q, which this request does not prove; leave it out, and say who plays by "+
			"player.guest or, where the router demands it, by an identity token", shorten(e.Player.ID))
	}
	if err != nil {
		return f.refuse(err)
	}
	return nil
}

// identifyGuest makes the claims those of the guest with the secret; without one a guest is made, whose secret it gives.
func identifyGuest(secret string, c *ticket.Claims) (made string, err error) {
	if secret == "" {
		made = rand.Text()
	}
	if c.Player, err = ticket.Guest(cmp.Or(made, secret)); err != nil {
		return "", badField("player.guest", err)
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
func (f *Gateway) identifyByToken(token string, c *ticket.Claims) (id ticket.Identity, err error) {
	if id, err = f.config.Identity.Verify(token, time.Now()); err != nil {
		return id, problemf(http.StatusUnauthorized, "%v", err)
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
		return problemf(http.StatusUnauthorized, "identity token: create: %v", err)
	}
	if c.Options != nil && !bytes.Equal(c.Options, options) {
		return badField("options", errors.New("the identity token has other options for this room; leave them out"))
	}
	c.Options, c.Signed = options, true
	return nil
}

func (f *Gateway) refuse(err error) error {
	f.config.Metrics.Tickets.WithLabelValues("refused").Inc()
	return err
}
