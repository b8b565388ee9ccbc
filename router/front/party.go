package front

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
		return problemf(http.StatusBadRequest, "a party takes seats, and spectators need none; leave out \"role\"")
	case p != nil && e.Players != nil:
		return problemf(http.StatusBadRequest, "\"party\" is for one player and \"players\" for all; leave one of them out")
	case e.Players != nil:
		if e.Player != (playerEntry{}) {
			return problemf(http.StatusBadRequest, "\"player\" is for one player and \"players\" for all; leave one of them out")
		}
		return badParty("players", len(e.Players))
	case p.Token != "" && p.Size != 0:
		return problemf(http.StatusBadRequest, "the first player names \"party.size\" and the others \"party.token\"; leave one of them out")
	case p.Token != "":
		return nil
	}
	return badParty("party.size", p.Size)
}

func badParty(field string, size int) error {
	if err := ticket.CheckPartySize(size); err != nil {
		return badField(field, err)
	}
	return nil
}

// newParty draws a party.
func newParty(size int) *ticket.Party {
	return &ticket.Party{ID: strings.ToLower(rand.Text()[:16]), Size: size, Until: time.Now().Add(ticket.PartyHold).UTC().Truncate(time.Second)}
}

// invite gives the answer's part about the party of c, who has come with token or, without one, is its first player.
func (f *Front) invite(c *ticket.Claims, token string) (a *partyAnswer, err error) {
	a = &partyAnswer{Token: token, Size: c.Party.Size, Until: c.Party.Until}
	if token == "" {
		a.Token, err = f.config.Signer.Invite(ticket.Invitation{Party: *c.Party, Room: c.Room, Game: c.Game, Options: c.Options, Signed: c.Signed, Expires: time.Now().Add(ticketLife)})
	}
	return a, err
}

// follow makes the claims those of a player with an invitation, and gives the home of its room.
func (f *Front) follow(e *entry, c *ticket.Claims) (server membership.Member, err error) {
	i, err := f.config.Signer.Invited(e.Party.Token, time.Now())
	switch {
	case errors.Is(err, ticket.ErrExpired) && c.Room != "": // the client asks again where its match is
		return server, nil
	case err != nil:
		p := problemf(http.StatusForbidden, "%v", err)
		p.field = "party.token"
		return server, f.refuse(p)
	case i.Game != c.Game:
		return server, problemf(http.StatusBadRequest, "the invitation is to a match of %s, not of %s", i.Game, c.Game)
	case c.Room != "" && c.Room != i.Room:
		return server, problemf(http.StatusBadRequest, "the invitation is to room %s, not to %s; leave out \"room\" or \"party\"", i.Room, c.Room)
	case len(c.Options) > 0 && string(c.Options) != string(i.Options):
		return server, problemf(http.StatusBadRequest, "the invitation is to a match with other options; leave out \"options\"")
	}
	c.Signed = i.Signed || c.Signed && string(c.Options) == string(i.Options)
	c.Room, c.Options, c.Party = i.Room, i.Options, &i.Party
	fleet := f.table.Fleet()
	server, ok := fleet.Home(c.Room)
	if !ok {
		return server, noServers(fleet)
	}
	return server, nil
}

// takePartySeats counts seats that are kept for players whom nobody has named, or who are guests.
func (f *Front) takePartySeats(r *http.Request, seats int) error {
	wait, ok := f.limits.parties.TakeAll(remote(r), seats)
	most := f.config.Quotas.PartySeatsPerAddress
	switch {
	case ok:
		return nil
	case seats > most:
		return problemf(http.StatusBadRequest, "this router keeps seats for %d other players of a party at most; make the party smaller, or enter without one", most)
	}
	return tooMany(wait, "this address had too many seats kept for its parties, over %d a minute; wait %v, or enter without a party", most, wait.Round(time.Second))
}

// matchAll answers a request for all players of a party: each gets a ticket, or none does.
func (f *Front) matchAll(w http.ResponseWriter, r *http.Request, e *entry, c ticket.Claims, wanted search) error {
	claims, made, err := f.knowAll(r, e, c)
	if err != nil {
		return err
	}
	if err := agree(claims); err != nil {
		return err
	}
	first := &claims[0]
	first.Party = newParty(len(claims))
	server, err := f.findSeat(r.Context(), first, remote(r), wanted)
	if err != nil {
		return err
	}
	invitation, err := f.invite(first, "")
	if err != nil {
		return err
	}
	a := partyAdmission{place: f.locate(first.Room, server, roomsFolder), Party: *invitation}
	for i := range claims {
		m := &claims[i]
		m.Room, m.Party = first.Room, first.Party
		signed, err := f.sign(m)
		if err != nil {
			return err
		}
		a.Players, a.Expires = append(a.Players, memberAnswer{m.Player, made[i], signed}), m.Expires
	}
	f.config.Metrics.Tickets.WithLabelValues("issued").Add(float64(len(claims)))
	w.Header().Set("Location", roomsFolder+string(a.Room))
	return writeJSON(w, http.StatusCreated, a)
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
			return ofMember(i, badField("identity", fmt.Errorf("it has other options for the room than that of players[%d]", by)))
		}
		c.Options, c.Signed = claims[by].Options, true
	}
	return nil
}

// knowAll settles who the players are, within the limits of their address and of themselves, and gives their claims and the secrets of
// the guests that were made.
func (f *Front) knowAll(r *http.Request, e *entry, c ticket.Claims) (claims []ticket.Claims, made []string, err error) {
	for i, m := range e.Players {
		one := c
		secret, err := f.knowOne(r, m, &one)
		at := slices.IndexFunc(claims, func(c ticket.Claims) bool { return c.Player == one.Player })
		if err == nil && at >= 0 {
			err = problemf(http.StatusBadRequest, "the same player as players[%d]", at)
		}
		if err != nil {
			return nil, nil, ofMember(i, err)
		}
		claims, made = append(claims, one), append(made, secret)
	}
	if f.config.Identity == nil {
		if err := f.takePartySeats(r, len(claims)-1); err != nil {
			return nil, nil, err
		}
	}
	for i := range claims {
		if err := f.mayAsk(&claims[i]); err != nil {
			return nil, nil, ofMember(i, err)
		}
	}
	return claims, made, nil
}

// knowOne settles who m is, and gives the secret of the guest that was made, if one was.
func (f *Front) knowOne(r *http.Request, m memberEntry, c *ticket.Claims) (made string, err error) {
	if err := f.takeTicket(r); err != nil {
		return "", err
	}
	if c.Name, err = proto.ParsePlayerName(m.Name); err != nil {
		return "", badField("name", err)
	}
	switch {
	case f.config.Identity == nil && m.Identity != "":
		return "", f.refuse(problemf(http.StatusBadRequest, "this router demands no identity tokens; leave out \"identity\", or send \"guest\""))
	case f.config.Identity == nil:
		made, err = identifyGuest(m.Guest, c)
	case m.Guest != "":
		err = problemf(http.StatusBadRequest, "this router takes no guests; send the player's identity token as \"identity\"")
	case m.Identity == "":
		err = problemf(http.StatusUnauthorized, "this router gives tickets to known players only; send the player's identity token as \"identity\"")
	default:
		_, err = f.identifyByToken(m.Identity, c)
	}
	if err != nil {
		return "", f.refuse(err)
	}
	return made, nil
}

// ofMember says whom of "players" an error is about.
func ofMember(i int, err error) error {
	p, ok := err.(*problem)
	if !ok {
		return fmt.Errorf("players[%d]: %w", i, err)
	}
	about := *p
	about.detail = fmt.Sprintf("players[%d]: %s; nobody of the party was given a seat", i, p.detail)
	about.field = strings.TrimSuffix(fmt.Sprintf("players[%d].%s", i, p.field), ".")
	return &about
}
