package admission

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/match"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// A party is several players who get seats in one room of quick match, all or none. Routers store nothing of it: the first player's
// ticket names the party and its size, and with it the room keeps the seats of the others (see game.Simulation.Join). Who has the
// invitation, which any router with the key reads, gets a ticket of the party; and whoever holds the proofs of all players asks for
// all tickets at once.

// partyWish is the part of a request that is about a party: its first player names the size, the others show the invitation.
type partyWish struct {
	Size  int    `json:"size"`
	Token string `json:"token"`
}

// partyAnswer is the part of an answer.
type partyAnswer struct {
	Token string    `json:"token"` // the invitation, for the others
	Size  int       `json:"size"`
	Until time.Time `json:"until"` // their seats are kept for so long
}

// memberEntry is one of the players of a request for all of a party.
type memberEntry struct {
	Guest    string `json:"guest"`    // secret of a guest; without one a new guest is made, where the router takes guests
	Identity string `json:"identity"` // identity token of the game's backend, where the router demands one
	Name     string `json:"name"`
}

// memberAnswer is the answer for one of them.
type memberAnswer struct {
	Player proto.PlayerID `json:"player"`
	Guest  string         `json:"guest,omitempty"`
	Ticket string         `json:"ticket"`
}

// partyAdmission answers a request for all of a party. Players are in the request's order.
type partyAdmission struct {
	place
	Party   partyAnswer    `json:"party"`
	Players []memberAnswer `json:"players"`
	Expires time.Time      `json:"expires"` // of the tickets
}

// checkParty refuses what cannot be of the parts of e that are about several players.
func (e *entry) checkParty(c *ticket.Claims) error {
	p := e.Party
	switch {
	case p == nil && e.Players == nil:
		return nil
	case c.Role != ticket.Player:
		return api.Problemf(http.StatusBadRequest, "a party takes seats, and spectators need none; leave out \"role\"")
	case p != nil && e.Players != nil:
		return api.Problemf(http.StatusBadRequest, "\"party\" is for one player and \"players\" for all; leave one of them out")
	case e.Players != nil:
		if e.Player != (playerEntry{}) {
			return api.Problemf(http.StatusBadRequest, "\"player\" is for one player and \"players\" for all; leave one of them out")
		}
		return badParty("players", len(e.Players))
	case p.Token != "" && p.Size != 0:
		return api.Problemf(http.StatusBadRequest, "the first player names \"party.size\" and the others \"party.token\"; leave one of them out")
	case p.Token != "":
		return nil
	}
	return badParty("party.size", p.Size)
}

func badParty(field string, size int) error {
	if err := ticket.CheckPartySize(size); err != nil {
		return api.BadField(field, err)
	}
	return nil
}

// newParty draws a party.
func newParty(size int) *ticket.Party {
	return &ticket.Party{ID: strings.ToLower(rand.Text()[:16]), Size: size, Until: time.Now().Add(ticket.PartyHold).UTC().Truncate(time.Second)}
}

// invite gives the answer's part about the party of c, who has come with token or, without one, is its first player.
func (a *Admission) invite(c *ticket.Claims, token string) (answer *partyAnswer, err error) {
	answer = &partyAnswer{Token: token, Size: c.Party.Size, Until: c.Party.Until}
	if token == "" {
		answer.Token, err = a.Signer.Invite(ticket.Invitation{Party: *c.Party, Room: c.Room, Game: c.Game, Options: c.Options, Signed: c.Signed, Expires: time.Now().Add(ticketLife)})
	}
	return answer, err
}

// follow makes the claims those of a player with an invitation, and gives the home of its room.
func (a *Admission) follow(e *entry, c *ticket.Claims) (server membership.Member, err error) {
	i, err := a.Signer.Invited(e.Party.Token, time.Now())
	switch {
	case errors.Is(err, ticket.ErrExpired) && c.Room != "": // the client asks again where its match is
		return server, nil
	case err != nil:
		p := api.Problemf(http.StatusForbidden, "%v", err)
		p.Field = "party.token"
		return server, a.refuse(p)
	case i.Game != c.Game:
		return server, api.Problemf(http.StatusBadRequest, "the invitation is to a match of %s, not of %s", i.Game, c.Game)
	case c.Room != "" && c.Room != i.Room:
		return server, api.Problemf(http.StatusBadRequest, "the invitation is to room %s, not to %s; leave out \"room\" or \"party\"", i.Room, c.Room)
	case len(c.Options) > 0 && string(c.Options) != string(i.Options):
		return server, api.Problemf(http.StatusBadRequest, "the invitation is to a match with other options; leave out \"options\"")
	}
	c.Signed = i.Signed || c.Signed && string(c.Options) == string(i.Options)
	c.Room, c.Options, c.Party = i.Room, i.Options, &i.Party
	fleet := a.Table.Fleet()
	server, ok := fleet.Home(c.Room)
	if !ok {
		return server, servers.None(fleet)
	}
	return server, nil
}

// matchAll answers a request for all players of a party: each gets a ticket, or none does.
func (a *Admission) matchAll(w http.ResponseWriter, r *http.Request, e *entry, c ticket.Claims, wanted match.Search) error {
	claims, made, err := a.knowAll(r, e, c)
	if err != nil {
		return err
	}
	if err := agree(claims); err != nil {
		return err
	}
	first := &claims[0]
	first.Party = newParty(len(claims))
	server, err := a.seat(r, first, wanted)
	if err != nil {
		return err
	}
	invitation, err := a.invite(first, "")
	if err != nil {
		return err
	}
	answer := partyAdmission{place: a.locate(first.Room, server, roomsFolder), Party: *invitation}
	for i := range claims {
		m := &claims[i]
		m.Room, m.Party = first.Room, first.Party
		signed, err := a.sign(m)
		if err != nil {
			return err
		}
		answer.Players, answer.Expires = append(answer.Players, memberAnswer{m.Player, made[i], signed}), m.Expires
	}
	a.Tickets.WithLabelValues("issued").Add(float64(len(claims)))
	w.Header().Set("Location", roomsFolder+string(answer.Room))
	return api.WriteJSON(w, http.StatusCreated, answer)
}

// agree gives all players of a party the options that the game's backend has signed for one of them: whoever comes first makes the room.
func agree(claims []ticket.Claims) error {
	by := slices.IndexFunc(claims, func(c ticket.Claims) bool { return c.Signed })
	if by < 0 {
		return nil
	}
	for i := range claims {
		c := &claims[i]
		if c.Signed && !bytes.Equal(c.Options, claims[by].Options) {
			return ofMember(i, api.BadField("identity", fmt.Errorf("it has other options for the room than that of players[%d]", by)))
		}
		c.Options, c.Signed = claims[by].Options, true
	}
	return nil
}

// knowAll settles who the players are, within the limits of their address and of themselves, and gives their claims and the secrets of
// the guests that were made.
func (a *Admission) knowAll(r *http.Request, e *entry, c ticket.Claims) (claims []ticket.Claims, made []string, err error) {
	for i, m := range e.Players {
		one := c
		secret, err := a.knowOne(r, m, &one)
		at := slices.IndexFunc(claims, func(c ticket.Claims) bool { return c.Player == one.Player })
		if err == nil && at >= 0 {
			err = api.Problemf(http.StatusBadRequest, "the same player as players[%d]", at)
		}
		if err != nil {
			return nil, nil, ofMember(i, err)
		}
		claims, made = append(claims, one), append(made, secret)
	}
	if a.Identity == nil {
		if err := a.Limits.TakePartySeats(r, len(claims)-1); err != nil {
			return nil, nil, err
		}
	}
	for i := range claims {
		if err := a.mayAsk(&claims[i]); err != nil {
			return nil, nil, ofMember(i, err)
		}
	}
	return claims, made, nil
}

// knowOne settles who m is, and gives the secret of the guest that was made, if one was.
func (a *Admission) knowOne(r *http.Request, m memberEntry, c *ticket.Claims) (made string, err error) {
	if err := a.Limits.TakeTicket(r); err != nil {
		return "", err
	}
	if c.Name, err = proto.ParsePlayerName(m.Name); err != nil {
		return "", api.BadField("name", err)
	}
	switch {
	case a.Identity == nil && m.Identity != "":
		return "", a.refuse(api.Problemf(http.StatusBadRequest, "this router demands no identity tokens; leave out \"identity\", or send \"guest\""))
	case a.Identity == nil:
		made, err = identifyGuest(m.Guest, c)
	case m.Guest != "":
		err = api.Problemf(http.StatusBadRequest, "this router takes no guests; send the player's identity token as \"identity\"")
	case m.Identity == "":
		err = api.Problemf(http.StatusUnauthorized, "this router gives tickets to known players only; send the player's identity token as \"identity\"")
	default:
		_, err = a.identifyByToken(m.Identity, c)
	}
	if err != nil {
		return "", a.refuse(err)
	}
	return made, nil
}

// ofMember says whom of "players" an error is about.
func ofMember(i int, err error) error {
	p, ok := err.(*api.Problem)
	if !ok {
		return fmt.Errorf("players[%d]: %w", i, err)
	}
	about := *p
	about.Detail = fmt.Sprintf("players[%d]: %s; nobody of the party was given a seat", i, p.Detail)
	about.Field = strings.TrimSuffix(fmt.Sprintf("players[%d].%s", i, p.Field), ".")
	return &about
}
