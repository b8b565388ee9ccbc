package front

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
func (f *Front) identify(r *http.Request, e *entry, c *ticket.Claims) (err error) {
	if f.config.Identity != nil {
		if e.Player.Guest != "" {
			return f.refuse(problemf(http.StatusBadRequest, "field \"player.guest\": this router takes no guests, the identity token "+
				"says who plays; leave it out"))
		}
		err = f.identifyByToken(r, e, c)
	} else {
		err = identifyGuest(e, c)
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

func identifyGuest(e *entry, c *ticket.Claims) (err error) {
	if e.Player.Guest == "" {
		e.made = rand.Text()
	}
	if c.Player, err = ticket.Guest(cmp.Or(e.made, e.Player.Guest)); err != nil {
		return badField("player.guest", err)
	}
	return nil
}

// identifyByToken reads the identity token of the game's backend.
func (f *Front) identifyByToken(r *http.Request, e *entry, c *ticket.Claims) (err error) {
	token := bearer(r)
	if token == "" {
		return problemf(http.StatusUnauthorized, "this router gives tickets to known players only; "+
			"send the identity token of your game's backend as Authorization: Bearer TOKEN")
	}
	if e.identity, err = f.config.Identity.Verify(token, time.Now()); err != nil {
		return problemf(http.StatusUnauthorized, "%v", err)
	}
	id := e.identity
	c.Player, c.Claims = id.Player, id.Claims
	if id.Name != "" {
		c.Name = id.Name
	}
	if id.Create != nil && id.Create.Game == c.Game && (id.Create.Room == "" || id.Create.Room == c.Room) {
		return signOptions(id.Create.Options, c)
	}
	return nil
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

// bearer gives the token of a request; empty: it has none.
func bearer(r *http.Request) string {
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

func (f *Front) refuse(err error) error {
	f.config.Metrics.Tickets.WithLabelValues("refused").Inc()
	return err
}
