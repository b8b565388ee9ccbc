package goclient

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Config says which room to enter and how. Either Router or URL is given.
type Config struct {
	// Router is the base URL of a router (http or https), which is asked for a place and again when it is lost.
	Router string
	// Identity is the token of the game's backend that the router may demand; sent as a bearer token. Optional.
	Identity string
	// Request is what the router is asked for.
	Request Request
	// Match asks for a seat in any open room of the game instead of a room by name.
	Match bool

	// URL and Ticket enter a room directly, where a ticket was got by other means.
	URL, Ticket string

	// GiveUp is how long to try to come back after a connection is lost; 0 means 60 s. A seat is held for proto.SeatHold.
	GiveUp time.Duration
	// Events are called by Run; see there. All are optional.
	Events Events
	// Logger tells of losses, moves and violations; nil: nobody.
	Logger *slog.Logger
	// HTTP asks the router; nil: http.DefaultClient. Many clients in one process share one that keeps many connections.
	HTTP *http.Client
	// TLS is for connections to https URLs of game servers and of routers in proxy mode; nil: the certificate authorities of the system.
	// What asks the router is HTTP's.
	TLS *tls.Config
	// Dial connects to addr, host:port of a game server or of a router in proxy mode; nil: TCP. It ends with ctx. It may be
	// called from several goroutines at once.
	Dial func(ctx context.Context, addr string) (net.Conn, error)

	versions proto.Versions // of the protocol; proto.Spoken but in tests
}

// Request is the body of POST /v1/rooms and POST /v1/match.
type Request struct {
	Game    proto.GameName  `json:"game"`
	Room    proto.RoomID    `json:"room,omitempty"`    // empty: a new room, or with Match any
	Options json.RawMessage `json:"options,omitempty"` // of the room, a JSON object
	Player  Player          `json:"player,omitzero"`   // zero: a new guest
	Role    Role            `json:"role,omitempty"`    // empty: PlayerRole
	Private bool            `json:"private,omitempty"` // a new room that is entered with its code only, see Client.Code; leave Room out
	Code    string          `json:"code,omitempty"`    // of a private room; Room may be left out
	Party   *Party          `json:"party,omitempty"`   // with Match: the player belongs to a party; see there
	Create  *bool           `json:"create,omitempty"`  // false: the room must live already; nil: it is made if there is none
	Where   []string        `json:"where,omitempty"`   // with Match: conditions of the room's properties, as of RoomQuery
	Skill   *Skill          `json:"skill,omitempty"`   // with Match: how far one property may be from a value
	Waiting proto.RoomID    `json:"waiting,omitempty"` // of SearchOn: the room where the player waits
}

// Player says who plays. Where the router demands identity tokens, Config.Identity does that.
type Player struct {
	// Guest is the secret of a guest: 22 to 64 letters, digits, - and _, drawn at random. Whoever has it is this guest. Empty:
	// the router makes a new guest, whose secret Client.Guest gives.
	Guest string `json:"guest,omitempty"`
	Name  string `json:"name,omitempty"` // to be shown
}

// Role is what a client is in a room.
type Role string

// The roles.
const (
	PlayerRole    Role = "player"
	SpectatorRole Role = "spectator"
)

// Events are called on Run's goroutine, one at a time. They may send and may block for a moment, but as long as one runs
// nothing is read. Slices are valid until the event returns.
type Events struct {
	// Schema: the room has come to a server whose game has another schema. State and Schema are new ones: look up tables and
	// rows anew; they are empty until the keyframe comes, next. An error ends Run. Without this event Run ends with
	// ErrSchema, as it does when the input has other fields.
	Schema func(c *Client) error
	// Entered: the welcome and its keyframe are applied; first when Run begins, then each time the client has come back.
	Entered func(c *Client)
	// Moved: the client is in the room again, on another connection; between Entered and Frame.
	Moved func(c *Client, m Move)
	// Frame: a tick was applied, that of a keyframe with which the client came back included. After a recovery from
	// slowness, or a move, the tick may have jumped ahead, and after a failover back by a few ticks, which are played again.
	Frame func(c *Client)
	// Acked: the server processed sample seq, latency after it was given to Inputs.
	Acked func(c *Client, seq proto.Seq, latency time.Duration)
	// Outcome: a match ended. Each match's outcome is told once, though servers may say it again.
	Outcome func(c *Client, o proto.Outcome)
	// Custom: the game sent a message; the state may be that of the tick before.
	Custom func(c *Client, payload []byte)
	// Notice: how the room is. Suspended: no frames come until it is resumed, or found at another server.
	Notice func(c *Client, n proto.Notice)
	// Lost: the connection ended for the reason given and Run tries to come back. It is called for a move that a server
	// asked for too: then the reason is a *CloseError with proto.CloseMoved.
	Lost func(c *Client, reason error)
	// RoomLost: the instance of the room that the client was in is over. Run returns next, with a *CloseError that says why:
	// proto.CloseLost or proto.CloseOver. After CloseOver another instance of the room may exist. The client does not enter
	// it; who wants to calls Dial and is a new player there.
	RoomLost func(c *Client)
	// Violation: the server broke the protocol.
	Violation func(c *Client, v Violation, detail string)
}

// Validate says what is wrong with the configuration.
func (c Config) Validate() error {
	var err error
	switch {
	case (c.Router == "") == (c.URL == ""):
		return errors.New("goclient: give either Router or URL, and not both")
	case c.Router != "":
		if _, err = parseURL(c.Router, "http", "https"); err == nil {
			_, err = proto.ParseGameName(string(c.Request.Game))
		}
	default:
		if _, err = parseURL(c.URL, "ws", "wss"); err == nil && c.Ticket == "" {
			err = errors.New("a URL needs a ticket")
		}
	}
	if err == nil && c.Match && (c.Router == "" || c.Request.Room != "") {
		err = errors.New("a match needs a router and leaves the room to it")
	}
	if r := c.Request; err == nil && (r.Private && (r.Room != "" || r.Code != "" || c.Match) || r.Code != "" && c.Match) {
		err = errors.New("a private room is new or has a code, and is no match; give one of Private, Code and Match")
	}
	if p := c.Request.Party; err == nil && p != nil && (!c.Match || (p.Size == 0) == (p.Token == "")) {
		err = errors.New("a party is for a match, and has either a Size, for its first player, or a Token, for the others")
	}
	if r := c.Request; err == nil && (len(r.Where) > 0 || r.Skill != nil) && !c.Match && r.Room == "" {
		err = errors.New("a match is what Where and Skill find; give Match too")
	}
	if err == nil && c.GiveUp < 0 {
		err = fmt.Errorf("GiveUp is %v, it must not be negative", c.GiveUp)
	}
	if err != nil {
		return fmt.Errorf("goclient: %w", err)
	}
	return nil
}

func (c Config) withDefaults() Config {
	if c.GiveUp == 0 {
		c.GiveUp = time.Minute
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.HTTP == nil {
		c.HTTP = http.DefaultClient
	}
	if c.TLS == nil {
		c.TLS = new(tls.Config)
	}
	if c.Dial == nil {
		c.Dial = dialTCP
	}
	if c.versions == (proto.Versions{}) {
		c.versions = proto.Spoken()
	}
	return c
}

// dialTCP leaves TCP_NODELAY as it is: set.
func dialTCP(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	return d.DialContext(ctx, "tcp", addr)
}

func parseURL(s string, schemes ...string) (*url.URL, error) {
	u, err := url.Parse(s)
	if err != nil {
		return nil, err
	}
	for _, scheme := range schemes {
		if u.Scheme == scheme && u.Host != "" {
			return u, nil
		}
	}
	return nil, fmt.Errorf("URL %q has the scheme %q and the host %q; it must begin with %s://host", s, u.Scheme, u.Host, schemes[0])
}
