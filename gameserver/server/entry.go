package server

import (
	"errors"
	"fmt"
	"net/http"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
)

// entryFields are the fields of a router's request that a refusal is about.
var entryFields = map[proto.CloseCode]string{proto.CloseGame: "game", proto.CloseOptions: "options"}

// getEntry tells a router what it can know before a client of ?room comes: whether the room lives here, and whether ?game runs here and takes
// ?options, which ?signed says that its backend has signed. What is wrong is a 422.
func (n *Server) getEntry(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	s := registry.Spec{Room: proto.RoomID(q.Get("room")), Game: proto.GameName(q.Get("game")), Options: []byte(q.Get("options")), Signed: q.Has("signed")}
	info, live := n.registry.Find(s.Room)
	switch {
	case live && info.Game != s.Game:
		obs.FieldProblem(w, http.StatusUnprocessableEntity, fmt.Sprintf("room %s runs %s; choose another room id", s.Room, info.Game), "game")
		return
	case !live:
		var refusal *proto.Refusal
		if errors.As(n.registry.MayCreate(s), &refusal) {
			obs.FieldProblem(w, http.StatusUnprocessableEntity, refusal.Error(), entryFields[refusal.Code])
			return
		}
	}
	writeJSON(w, report.Entry{Live: live})
}
