package gateway

import (
	"io"
	"net/http"
	"strings"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/textframes"
)

// connect takes a WebSocket upgrade to a room: it sends the client to the room's server, or tunnels its socket there. A
// path that names a server is one that a game server has told its clients, who come for what it knows better than this
// router: where a room is about to be.
func (f *Gateway) connect(w http.ResponseWriter, r *http.Request) error {
	room, home, err := f.find(r)
	if err != nil {
		return err
	}
	if !edge.HasToken(r.Header, "Connection", "upgrade") || !edge.HasToken(r.Header, "Upgrade", "websocket") {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Connection", "Upgrade")
		return problemf(http.StatusUpgradeRequired, "this is a WebSocket address; connect with a WebSocket client, "+
			"or GET /v1/rooms/%s to see where the room is", room)
	}
	if f.config.Mode == Proxy {
		w, r = textframes.Upgrade(w, r)
		return f.tunnels.serve(w, r, room, membership.ServerName(r.PathValue("server")))
	}
	target := strings.TrimSuffix(home.URL, "/") + connectPath(room)
	if r.URL.RawQuery != "" {
		target += "?" + r.URL.RawQuery
	}
	w.Header().Set("Location", target)
	w.WriteHeader(http.StatusTemporaryRedirect)
	return nil
}

// maxPassed bounds what a game server answers an operator, in bytes: the state of a room is the longest.
const maxPassed = 32 << 20

// passOn answers with what a game server answered.
func passOn(w http.ResponseWriter, resp *http.Response) error {
	for _, name := range []string{"Content-Type", "Retry-After", "Sec-WebSocket-Version"} {
		if v := resp.Header.Get(name); v != "" {
			w.Header().Set(name, v)
		}
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = io.Copy(w, io.LimitReader(resp.Body, maxPassed))
	return nil
}
