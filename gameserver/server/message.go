package server

import (
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/obs"
)

// postMessage gives the body, whatever it is, to the game of a room that is led here.
func (n *Server) postMessage(w http.ResponseWriter, r *http.Request) {
	payload, err := io.ReadAll(http.MaxBytesReader(w, r.Body, game.MaxReceived))
	if err != nil {
		obs.Problem(w, http.StatusRequestEntityTooLarge, fmt.Sprintf("the body cannot be read, at most %d bytes are allowed: %v", game.MaxReceived, err))
		return
	}
	got, err := inRoom(n, r, func(led *room.Room, done func(room.Received)) error { return led.QueueMessage(payload, done) })
	switch {
	case err != nil:
		obs.Problem(w, moveStatus(err), err.Error())
	case errors.Is(got.Err, game.ErrReceiver):
		obs.Problem(w, http.StatusUnprocessableEntity, got.Err.Error())
	default:
		writeJSON(w, map[string]any{"room": r.PathValue("room"), "tick": got.Tick})
	}
}
