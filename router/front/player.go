package front

import (
	"crypto/rand"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// identify settles who the ticket is for. Where identity tokens are demanded the player is the token's, and the body may
// only repeat it; otherwise it is the body's, or a guest with a random id.
func (f *Front) identify(r *http.Request, c *ticket.Claims) error {
	if f.config.Identity == nil {
		if c.Player == "" {
			c.Player = proto.PlayerID("guest-" + strings.ToLower(rand.Text()[:10]))
		}
		return nil
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "bearer") || token == "" {
		return f.refuse(problemf(http.StatusUnauthorized, "this router gives tickets to known players only; "+
			"send the identity token of your game's backend as Authorization: Bearer TOKEN"))
	}
	id, name, err := f.config.Identity.Verify(strings.TrimSpace(token), time.Now())
	if err != nil {
		return f.refuse(problemf(http.StatusUnauthorized, "%v", err))
	}
	if c.Player != "" && c.Player != id {
		return f.refuse(problemf(http.StatusForbidden, "player.id is %q, but the identity token is of %q; leave it out",
			c.Player, id))
	}
	c.Player = id
	if name != "" {
		c.Name = name
	}
	return nil
}

func (f *Front) refuse(p *problem) error {
	f.config.Metrics.Tickets.WithLabelValues("refused").Inc()
	return p
}
