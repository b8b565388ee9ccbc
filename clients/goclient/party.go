package goclient

import (
	"context"
	"encoding/json"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// Party asks for seats in one room of quick match for several players. The first gives Size, how many they are, and the room keeps the
// others' seats: Client.Invitation is for them, and each gives its token as Token.
type Party struct {
	Size  int    `json:"size,omitempty"`
	Token string `json:"token,omitempty"`
}

// Invitation brings the others of a party into the same room, by any router. Whoever has the token belongs to the party.
type Invitation struct {
	Token string    `json:"token"`
	Size  int       `json:"size"`
	Until time.Time `json:"until"` // their seats are kept for so long; later they enter if there are seats
}

// again is what the router is asked for when the client has a room and looks for it again; nil: it asks like any other.
func (i Invitation) again(now time.Time) *Party {
	if i.Token == "" || now.After(i.Until) {
		return nil
	}
	return &Party{Token: i.Token}
}

// Invitation is for the others of the client's party; the zero Invitation: it is in none. For the events only.
func (c *Client) Invitation() Invitation { return c.invitation }

// maxPartyAnswer bounds a router's answer for a whole party, in bytes.
const maxPartyAnswer = proto.MaxSeats * maxAnswer

// PartyPlayer is one of the players of MatchParty.
type PartyPlayer struct {
	Guest    string `json:"guest,omitempty"`    // as Player.Guest
	Identity string `json:"identity,omitempty"` // as Config.Identity
	Name     string `json:"name,omitempty"`
}

// PartyMatch is where the players of a party go.
type PartyMatch struct {
	Room       proto.RoomID `json:"room"`
	URL        string       `json:"url"` // to connect to, as Config.URL
	Invitation Invitation   `json:"party"`
	Players    []Admitted   `json:"players"` // in the order in which they were given
	Expires    time.Time    `json:"expires"` // of the tickets
}

// Admitted is a player who may enter.
type Admitted struct {
	Player string `json:"player"` // the player's id
	Guest  string `json:"guest"`  // secret of a guest that the router has made
	Ticket string `json:"ticket"` // for this player, as Config.Ticket
}

// MatchParty asks the router of c, on behalf of all players of a party, for seats in one match of c.Request's game, options, Where and Skill: each
// gets a ticket, or none does. It is for who holds the proofs of all of them, such as the game's backend. A refusal is a *Problem.
func MatchParty(ctx context.Context, c Config, players []PartyPlayer) (PartyMatch, error) {
	c = c.withDefaults()
	request := struct {
		Game    proto.GameName  `json:"game"`
		Options json.RawMessage `json:"options,omitempty"`
		Where   []string        `json:"where,omitempty"`
		Skill   *Skill          `json:"skill,omitempty"`
		Players []PartyPlayer   `json:"players"`
	}{c.Request.Game, c.Request.Options, c.Request.Where, c.Request.Skill, players}
	var m PartyMatch
	from, err := post(ctx, c, "/v1/match", request, maxPartyAnswer, &m)
	if err != nil {
		return m, err
	}
	m.URL, err = checkPlace(from, m.Room, m.URL)
	return m, err
}
