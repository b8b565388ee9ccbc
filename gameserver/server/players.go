package server

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

const (
	// tickTimeout bounds the wait for a tick of a room.
	tickTimeout = 3 * time.Second
	// maxBansBody bounds the bans of another process, in bytes: twice bans.MaxBans of them.
	maxBansBody = 2 << 20
)

// playerReport is one who is in a room, for operators: the id is nobody else's business.
type playerReport struct {
	Player    proto.PlayerID `json:"player"`
	Name      string         `json:"name,omitempty"`
	Seat      int            `json:"seat"` // -1: a spectator
	Connected bool           `json:"connected"`
}

// inRoom has a room that is led here do something in its loop and waits for the answer.
func inRoom[T any](n *Server, r *http.Request, queue func(led *room.Room, done func(T)) error) (answer T, err error) {
	id, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		return answer, fmt.Errorf("%w: %w", registry.ErrNotLed, err)
	}
	led, ok := n.registry.Room(id)
	if !ok {
		return answer, fmt.Errorf("%w: %s", registry.ErrNotLed, id)
	}
	got := make(chan T, 1)
	if err := queue(led, func(v T) { got <- v }); err != nil {
		return answer, fmt.Errorf("%w: %s has ended", registry.ErrNotLed, id)
	}
	ctx, cancel := context.WithTimeout(r.Context(), tickTimeout)
	defer cancel()
	select {
	case answer = <-got:
		return answer, nil
	case <-ctx.Done():
		return answer, fmt.Errorf("room %s does not tick: %w", id, ctx.Err())
	}
}

// getPlayers gives who is in a room.
func (n *Server) getPlayers(w http.ResponseWriter, r *http.Request) {
	players, err := inRoom(n, r, (*room.Room).QueuePlayers)
	if err != nil {
		obs.Problem(w, moveStatus(err), err.Error())
		return
	}
	all := make([]playerReport, len(players))
	for i, p := range players {
		all[i] = playerReport{p.ID, p.Name, int(p.Seat), p.Connected}
		if p.Seat == proto.NoSeat {
			all[i].Seat = -1
		}
	}
	writeJSON(w, map[string]any{"players": all})
}

// postKick puts the player out whom the body names, {"player": "jo", "reason": "…"}.
func (n *Server) postKick(w http.ResponseWriter, r *http.Request) {
	var wish struct {
		Player proto.PlayerID `json:"player"`
		Reason string         `json:"reason"`
	}
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxAdminBody)).Decode(&wish)
	if err == nil {
		_, err = proto.ParsePlayerID(string(wish.Player))
	}
	if err == nil && len(wish.Reason) > proto.MaxText {
		err = fmt.Errorf("the reason has %d bytes, at most %d are allowed", len(wish.Reason), proto.MaxText)
	}
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, `the body is not JSON like {"player": "jo", "reason": "…"}: `+err.Error())
		return
	}
	places, err := inRoom(n, r, func(led *room.Room, done func(int)) error { return led.QueueKick(wish.Player, wish.Reason, done) })
	if err == nil && places == 0 {
		err = fmt.Errorf("%w: player %s is not in room %s", registry.ErrNotLed, wish.Player, r.PathValue("room"))
	}
	if err != nil {
		obs.Problem(w, moveStatus(err), err.Error())
		return
	}
	n.config.Logger.Info("player kicked", "room", r.PathValue("room"), "player", wish.Player, "reason", wish.Reason, "remote", r.RemoteAddr)
	writeJSON(w, map[string]any{"room": r.PathValue("room"), "player": wish.Player, "places": places})
}

// postBans takes over what a router knows of bans, and answers with what this server knows.
func (n *Server) postBans(w http.ResponseWriter, r *http.Request) {
	var theirs report.Bans
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBansBody)).Decode(&theirs)
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		obs.Problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the bans are over %d bytes", maxBansBody))
		return
	case err != nil:
		obs.Problem(w, http.StatusBadRequest, `the body is not JSON like {"bans": []}: `+err.Error())
		return
	}
	n.bans.Merge(theirs.Bans)
	writeJSON(w, report.Bans{Bans: n.bans.All()})
}
