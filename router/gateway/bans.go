package gateway

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

// Bans travel between routers and game servers only: a router compares the hash in each summary that it polls with its own, and
// where they differ both take over what the other has. So a ban that is made at one router is at all game servers at once and
// at the other routers within about a second, a process that starts gets all of them with its first poll, and a ban
// lasts for as long as one process of the fleet lives that knows it.

// maxBansAnswer bounds a server's bans in bytes.
const maxBansAnswer = 2 << 20

// exchangeBans takes over what m knows of bans, and the other way round. hash is m's; nothing is done if it is the router's own.
func (f *Gateway) exchangeBans(ctx context.Context, m membership.Member, hash string) error {
	if hash == f.bans.Hash() || f.config.Operator == nil {
		return nil
	}
	body, err := json.Marshal(report.Bans{Bans: f.bans.All()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	req, err := request(ctx, http.MethodPost, m, "/v1/server/bans", bytes.NewReader(body))
	if err != nil {
		return err
	}
	f.config.Operator.Sign(req)
	resp, err := f.asker.tokens.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	var theirs report.Bans
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxBansAnswer)).Decode(&theirs); err != nil {
		return fmt.Errorf("%s: %w", req.URL, err)
	}
	f.bans.Merge(theirs.Bans)
	return nil
}

// pollBans is exchangeBans for the poller. A server that does not take bans is logged once.
func (f *Gateway) pollBans(ctx context.Context, m membership.Member, hash string, failed bool) (fails bool) {
	err := f.exchangeBans(ctx, m, hash)
	if err != nil && !failed && ctx.Err() == nil {
		f.config.Logger.Warn("a game server does not exchange bans; it is tried again. Do all processes have the same -admin-token-file?", "server", m.Name, "error", err)
	}
	return err != nil
}

// banReport is a ban, and how far it has come.
type banReport struct {
	bans.Ban
	Servers   int                     `json:"servers"`             // game servers that have it
	Unreached []membership.ServerName `json:"unreached,omitempty"` // get it when a router reaches them
}

// spread brings the bans to all game servers.
func (f *Gateway) spread(ctx context.Context, b bans.Ban) banReport {
	servers := gameServers(f.table.Fleet().View)
	failed := make([]bool, len(servers))
	var reached atomic.Int64
	forEach(len(servers), func(i int) {
		if err := f.exchangeBans(ctx, servers[i], "?"); err != nil {
			f.config.Logger.Warn("a game server does not take the bans; it is tried again", "server", servers[i].Name, "error", err)
			failed[i] = true
			return
		}
		reached.Add(1)
	})
	r := banReport{Ban: b, Servers: int(reached.Load())}
	for i, m := range servers {
		if failed[i] {
			r.Unreached = append(r.Unreached, m.Name)
		}
	}
	return r
}

// postBan bans the player whom the body names.
func (f *Gateway) postBan(w http.ResponseWriter, r *http.Request) error {
	if err := f.allow(r); err != nil {
		return err
	}
	var wish struct {
		Player  string  `json:"player"`
		Seconds float64 `json:"seconds"`
		Reason  string  `json:"reason"`
	}
	if err := decode(w, r, &wish); err != nil {
		return err
	}
	d, err := bans.ParseTime(wish.Seconds)
	if err != nil {
		return badField("seconds", err)
	}
	b, err := f.bans.Add(proto.PlayerID(wish.Player), d, wish.Reason)
	switch {
	case errors.Is(err, bans.ErrFull):
		return problemf(http.StatusConflict, "%v", err)
	case err != nil:
		return problemf(http.StatusBadRequest, "%v", err)
	}
	f.config.Logger.Info("player banned", "player", b.Player, "until", b.Until, "reason", b.Reason, "remote", r.RemoteAddr)
	return writeJSON(w, http.StatusCreated, f.spread(r.Context(), b))
}

// getBans gives the bans that hold.
func (f *Gateway) getBans(w http.ResponseWriter, r *http.Request) error {
	if err := f.allow(r); err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, report.Bans{Bans: append([]bans.Ban{}, f.bans.Active()...)})
}

// deleteBan lifts a ban.
func (f *Gateway) deleteBan(w http.ResponseWriter, r *http.Request) error {
	if err := f.allow(r); err != nil {
		return err
	}
	player := proto.PlayerID(r.PathValue("player"))
	b, _ := f.bans.Of(player)
	if !f.bans.Lift(player) {
		return problemf(http.StatusNotFound, "player %q is not banned; GET /v1/bans lists who is", shorten(string(player)))
	}
	f.config.Logger.Info("ban lifted", "player", player, "remote", r.RemoteAddr)
	b.Lifted, b.Changed = true, time.Now().UTC()
	return writeJSON(w, http.StatusOK, f.spread(r.Context(), b))
}
