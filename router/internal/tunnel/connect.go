// Package tunnel carries clients' sockets to the game servers, in proxy mode: it reads a client's hello, opens the room's server, follows
// it where the room moves before the first message, and then has package relay pass the bytes on.
package tunnel

import (
	"net/http"
	"strings"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/textframes"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// Connect takes a WebSocket upgrade to a room: it sends the client to the room's server, or tunnels its socket there. A
// path that names a server is one that a game server has told its clients, who come for what it knows better than this
// router: where a room is about to be.
func (t *Tunnels) Connect(mode lookup.Mode) api.Handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		room, home, err := servers.HomeOf(t.table, r)
		if err != nil {
			return err
		}
		if !edge.HasToken(r.Header, "Connection", "upgrade") || !edge.HasToken(r.Header, "Upgrade", "websocket") {
			w.Header().Set("Upgrade", "websocket")
			w.Header().Set("Connection", "Upgrade")
			return api.Problemf(http.StatusUpgradeRequired, "this is a WebSocket address; connect with a WebSocket client, "+
				"or GET /v1/rooms/%s to see where the room is", room)
		}
		if mode == lookup.Proxy {
			w, r = textframes.Upgrade(w, r)
			return t.serve(w, r, room, membership.ServerName(r.PathValue("server")))
		}
		target := strings.TrimSuffix(home.URL, "/") + lookup.ConnectPath(room)
		if r.URL.RawQuery != "" {
			target += "?" + r.URL.RawQuery
		}
		w.Header().Set("Location", target)
		w.WriteHeader(http.StatusTemporaryRedirect)
		return nil
	}
}
