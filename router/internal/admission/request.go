package admission

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/match"
)

// entry is the body of POST /v1/rooms, and, without room, of POST /v1/match.
type entry struct {
	Game    string          `json:"game"`
	Room    string          `json:"room"`
	Options json.RawMessage `json:"options"`
	Player  playerEntry     `json:"player"`
	Role    string          `json:"role"`
	Private bool            `json:"private"` // make a room that is entered with a code only
	Code    string          `json:"code"`    // of a private room, which it names by itself
	Party   *partyWish      `json:"party"`   // of POST /v1/match: the player belongs to a party
	Players []memberEntry   `json:"players"` // of POST /v1/match, in place of player: all of a party
	Create  *bool           `json:"create"`  // false: the room must live already
	Where   []string        `json:"where"`   // of POST /v1/match: conditions of the room's properties
	Skill   *match.Skill    `json:"skill"`   // of POST /v1/match: a range of one property, which widens
	Waiting string          `json:"waiting"` // of POST /v1/match: the room in which the player waits for a better one

	identity ticket.Identity // what the identity token says; zero: there is none

	made string // secret of the guest that was made for this request; empty: none was
}

// query is the part about properties.
func (e *entry) query() *match.Query {
	return &match.Query{Where: e.Where, Skill: e.Skill, Waiting: e.Waiting}
}

type playerEntry struct {
	ID    string `json:"id"`    // may only repeat what is proven
	Guest string `json:"guest"` // secret of a guest
	Name  string `json:"name"`
}

// readEntry reads and checks a body. Room, Options, Name and Role of the claims are filled where the body has them; identify
// fills the player.
func readEntry(w http.ResponseWriter, r *http.Request) (e entry, c ticket.Claims, err error) {
	if err := api.Decode(w, r, &e); err != nil {
		return e, c, err
	}
	err = e.read(&c)
	return e, c, err
}

// read fills the claims.
func (e *entry) read(c *ticket.Claims) (err error) {
	if c.Game, err = proto.ParseGameName(e.Game); err != nil {
		return api.BadField("game", err)
	}
	if e.Room != "" {
		if c.Room, err = proto.ParseRoomID(e.Room); err != nil {
			return api.BadField("room", err)
		}
	}
	if c.Name, err = proto.ParsePlayerName(e.Player.Name); err != nil {
		return api.BadField("player.name", err)
	}
	if c.Options, err = canonical(e.Options); err != nil {
		return api.BadField("options", err)
	}
	if e.Code != "" {
		if err := ticket.CheckCode(e.Code); err != nil {
			return api.BadField("code", err)
		}
	}
	switch c.Role = ticket.Role(e.Role); c.Role {
	case ticket.Player, ticket.Spectator:
	case "":
		c.Role = ticket.Player
	default:
		return api.BadField("role", fmt.Errorf("%q is no role; use %q or %q", e.Role, ticket.Player, ticket.Spectator))
	}
	return nil
}

// canonical checks a room's options and gives them with sorted keys and without spaces, so that equal options are equal
// bytes. None, null and {} all give nil.
func canonical(options json.RawMessage) (json.RawMessage, error) {
	if len(options) == 0 {
		return nil, nil
	}
	var m map[string]any
	d := json.NewDecoder(bytes.NewReader(options))
	d.UseNumber()
	if err := d.Decode(&m); err != nil {
		return nil, errors.New(`options must be a JSON object such as {"round_seconds":60}`)
	}
	if len(m) == 0 {
		return nil, nil
	}
	b, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	if len(b) > proto.MaxOptions {
		return nil, fmt.Errorf("options have %d bytes, at most %d are allowed", len(b), proto.MaxOptions)
	}
	return b, nil
}
