package server

import (
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto/state"
)

// frameworkTables are in every room. What is hidden in them are keys of players' seats, which are nobody's to read, and what is not, clients see.
var frameworkTables = []string{"seats", "room", "outcomes", "parties"}

// getState gives the state of a room as text frames write it, with what only owners and servers see, for operators. The framework's own tables are
// left out.
func (n *Server) getState(w http.ResponseWriter, r *http.Request) {
	s, err := inRoom(n, r, (*room.Room).QueueSnapshot)
	if err != nil {
		obs.Problem(w, moveStatus(err), err.Error())
		return
	}
	doc, err := stateDoc(s)
	if err != nil {
		obs.Problem(w, http.StatusInternalServerError, err.Error())
		return
	}
	writeJSON(w, doc)
}

func stateDoc(s room.Snapshot) (map[string]any, error) {
	m := state.NewMirror(s.Schema)
	if err := m.ApplyKeyframe(s.Tick, s.Public); err != nil {
		return nil, err
	}
	if err := m.ApplySecretKeyframe(s.Secret); err != nil {
		return nil, err
	}
	var sections map[string]map[string]json.RawMessage
	text := append([]byte{'{'}, state.NewText(m).Append(nil, true)[1:]...)
	if err := json.Unmarshal(append(text, '}'), &sections); err != nil {
		return nil, fmt.Errorf("server: state as text: %w", err)
	}
	doc := map[string]any{"tick": s.Tick}
	for name, tables := range sections {
		for _, t := range frameworkTables {
			delete(tables, t)
		}
		doc[name] = tables
	}
	return doc, nil
}
