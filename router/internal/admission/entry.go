package admission

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// foreseeTime bounds the wait for what can be known before. A client that comes back after its server was lost must not wait for a silent one.
const foreseeTime = 200 * time.Millisecond

// foresee asks the home of c's room what it can know before the client comes. It refuses a game that the server does not run, and options
// that the game does not take. live is whether the room lives; nil: not known. fresh says that nobody can have the room yet.
func (a *Admission) foresee(ctx context.Context, home membership.Member, c *ticket.Claims, fresh bool) (live *bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, foreseeTime)
	defer cancel()
	q := url.Values{"room": {string(c.Room)}, "game": {string(c.Game)}, "options": {string(c.Options)}}
	if c.Signed {
		q.Set("signed", "")
	}
	req, err := servers.NewRequest(ctx, http.MethodGet, home, "/v1/server/entry?"+q.Encode(), nil)
	if err != nil {
		return nil, err
	}
	resp, err := a.Servers.Do(req)
	if err != nil {
		return nil, nil // the client finds out; the home may be another server by then
	}
	defer resp.Body.Close()
	var answer struct {
		report.Entry
		Detail string `json:"detail"` // of a problem
		Field  string `json:"field"`
	}
	err = json.NewDecoder(io.LimitReader(resp.Body, servers.MaxAnswer)).Decode(&answer)
	switch {
	case err == nil && resp.StatusCode == http.StatusUnprocessableEntity:
		p := api.Problemf(http.StatusUnprocessableEntity, "%s", answer.Detail)
		p.Field = answer.Field
		return nil, a.refuse(p)
	case err != nil || resp.StatusCode != http.StatusOK:
		return nil, nil
	case answer.Live || fresh:
		return &answer.Live, nil
	}
	alive, known := a.Servers.Lives(ctx, c.Room)
	if !known {
		return nil, nil
	}
	return &alive, nil
}
