package lookup

import (
	"strings"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// Mode is how a client's connection reaches its game server.
type Mode string

// The modes.
const (
	Redirect Mode = "redirect" // clients dial game servers themselves
	Proxy    Mode = "proxy"    // clients reach the router only, which tunnels their sockets
)

// Addresses tells clients where to connect.
type Addresses struct {
	Mode      Mode
	PublicURL string // base URL at which clients reach this router; empty: not known
}

// Of gives the URL to connect to: the home's, or, in proxy mode, this router's. Without a public URL that is relative to the
// address that answers, in whose folder the room is: only the client knows under which scheme, name, port and path proxies show that.
func (a Addresses) Of(room proto.RoomID, home membership.Member, folder string) string {
	switch {
	case a.Mode != Proxy:
		return webSocketURL(home.URL) + ConnectPath(room)
	case a.PublicURL != "":
		return webSocketURL(a.PublicURL) + ConnectPath(room)
	}
	return folder + string(room) + "/connect"
}

// webSocketURL turns http into ws and https into wss.
func webSocketURL(base string) string {
	return "ws" + strings.TrimPrefix(strings.TrimSuffix(base, "/"), "http")
}

// ConnectPath is where a room's WebSocket is, at routers and game servers.
func ConnectPath(room proto.RoomID) string { return "/v1/rooms/" + string(room) + "/connect" }
