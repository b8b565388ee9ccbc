package operate

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// Bans travel between routers and game servers only: a router compares the hash in each summary that it polls with its own, and
// where they differ both take over what the other has. So a ban that is made at one router is at all game servers at once and
// at the other routers within about a second, a process that starts gets all of them with its first poll, and a ban
// lasts for as long as one process of the fleet lives that knows it.

// maxBansAnswer bounds a server's bans in bytes.
const maxBansAnswer = 2 << 20

// Bans has the handlers for bans, and spreads them over the fleet.
type Bans struct {
	Set     *bans.Set
	Table   *lookup.Table
	Servers *servers.Client
	Guard   *access.Guard
	Logger  *slog.Logger
}

// exchange takes over what m knows of bans, and the other way round. hash is m's; nothing is done if it is the router's own.
func (b *Bans) exchange(ctx context.Context, m membership.Member, hash string) error {
	if hash == b.Set.Hash() || b.Guard.Operator == nil {
		return nil
	}
	body, err := json.Marshal(report.Bans{Bans: b.Set.All()})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, adminTimeout)
	defer cancel()
	req, err := servers.NewRequest(ctx, http.MethodPost, m, "/v1/server/bans", bytes.NewReader(body))
	if err != nil {
		return err
	}
	b.Guard.Operator.Sign(req)
	resp, err := b.Servers.DoSecret(req)
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
	b.Set.Merge(theirs.Bans)
	return nil
}

// Poll is exchange for servers.Poller. A server that does not take bans is logged once.
func (b *Bans) Poll(ctx context.Context, m membership.Member, hash string, failed bool) (fails bool) {
	err := b.exchange(ctx, m, hash)
	if err != nil && !failed && ctx.Err() == nil {
		b.Logger.Warn("a game server does not exchange bans; it is tried again. Do all processes have the same -admin-token-file?", "server", m.Name, "error", err)
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
func (b *Bans) spread(ctx context.Context, ban bans.Ban) banReport {
	all := servers.In(b.Table.Fleet().View)
	failed := make([]bool, len(all))
	var reached atomic.Int64
	servers.ForEach(len(all), func(i int) {
		if err := b.exchange(ctx, all[i], "?"); err != nil {
			b.Logger.Warn("a game server does not take the bans; it is tried again", "server", all[i].Name, "error", err)
			failed[i] = true
			return
		}
		reached.Add(1)
	})
	r := banReport{Ban: ban, Servers: int(reached.Load())}
	for i, m := range all {
		if failed[i] {
			r.Unreached = append(r.Unreached, m.Name)
		}
	}
	return r
}

// Post bans the player whom the body names.
func (b *Bans) Post(w http.ResponseWriter, r *http.Request) error {
	if err := b.Guard.AllowOperator(r); err != nil {
		return err
	}
	var wish struct {
		Player  string  `json:"player"`
		Seconds float64 `json:"seconds"`
		Reason  string  `json:"reason"`
	}
	if err := api.Decode(w, r, &wish); err != nil {
		return err
	}
	d, err := bans.ParseTime(wish.Seconds)
	if err != nil {
		return api.BadField("seconds", err)
	}
	ban, err := b.Set.Add(proto.PlayerID(wish.Player), d, wish.Reason)
	switch {
	case errors.Is(err, bans.ErrFull):
		return api.Problemf(http.StatusConflict, "%v", err)
	case err != nil:
		return api.Problemf(http.StatusBadRequest, "%v", err)
	}
	b.Logger.Info("player banned", "player", ban.Player, "until", ban.Until, "reason", ban.Reason, "remote", r.RemoteAddr)
	return api.WriteJSON(w, http.StatusCreated, b.spread(r.Context(), ban))
}

// Get gives the bans that hold.
func (b *Bans) Get(w http.ResponseWriter, r *http.Request) error {
	if err := b.Guard.AllowOperator(r); err != nil {
		return err
	}
	return api.WriteJSON(w, http.StatusOK, report.Bans{Bans: append([]bans.Ban{}, b.Set.Active()...)})
}

// Delete lifts a ban.
func (b *Bans) Delete(w http.ResponseWriter, r *http.Request) error {
	if err := b.Guard.AllowOperator(r); err != nil {
		return err
	}
	player := proto.PlayerID(r.PathValue("player"))
	ban, _ := b.Set.Of(player)
	if !b.Set.Lift(player) {
		return api.Problemf(http.StatusNotFound, "player %q is not banned; GET /v1/bans lists who is", api.Shorten(string(player)))
	}
	b.Logger.Info("ban lifted", "player", player, "remote", r.RemoteAddr)
	ban.Lifted, ban.Changed = true, time.Now().UTC()
	return api.WriteJSON(w, http.StatusOK, b.spread(r.Context(), ban))
}
