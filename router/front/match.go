package front

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

const (
	// matchAge is how old the lists of rooms may be that a match is made from.
	matchAge = 500 * time.Millisecond
	// matchWait is how long a player may wait for the first report of a kind of room before they get another new room: the time to
	// connect and the age of two lists. Only the first few players of a kind wait.
	matchWait = 1500 * time.Millisecond
)

// postMatch gives a seat in the fullest open room of the game with the options asked for, or with the properties (see search), or in a new one; and
// spectators a place in the room with the most players.
func (f *Front) postMatch(w http.ResponseWriter, r *http.Request) error {
	e, c, err := readEntry(w, r)
	if err != nil {
		return err
	}
	if e.Private || e.Code != "" {
		return problemf(http.StatusBadRequest, "a match is in a room that is open to strangers; leave out \"private\" and \"code\", or use POST /v1/rooms")
	}
	if e.Create != nil {
		return problemf(http.StatusBadRequest, "a match makes a room where none is open; leave out \"create\"")
	}
	if c.Room != "" {
		return problemf(http.StatusBadRequest, "a match is in a room that is found for you; leave out \"room\", or use POST /v1/rooms")
	}
	if err := e.checkParty(&c); err != nil {
		return err
	}
	wanted, err := readSearch(&e, &c)
	if err != nil {
		return err
	}
	if e.Players != nil {
		return f.matchAll(w, r, &e, c, wanted)
	}
	if err := f.known(r, &e, &c); err != nil {
		return err
	}
	var server membership.Member
	switch {
	case c.Role == ticket.Spectator:
		server, err = f.findStage(&c, &wanted)
	case e.Party != nil && e.Party.Token != "":
		server, err = f.follow(&e, &c)
	case e.Party != nil:
		if err := f.takePartySeats(r, e.Party.Size-1); err != nil {
			return err
		}
		c.Party = newParty(e.Party.Size)
		fallthrough
	default:
		server, err = f.findSeat(r.Context(), &c, remote(r), wanted)
	}
	if err != nil {
		return err
	}
	return f.admit(w, r, &e, c, server, nil)
}

// findStage sets c's room to the one with the most players to watch; of equal ones the first by id.
func (f *Front) findStage(c *ticket.Claims, wanted *search) (leader membership.Member, err error) {
	kind, most := ticket.MatchKind(c.Game, c.Options), 0
	for _, a := range f.roomLister.get(matchAge).servers {
		for _, r := range a.rooms {
			k, ok := ticket.MatchKindOf(r.Room)
			fits := k == kind
			if wanted.any() {
				fits = r.Game == c.Game && wanted.where.Hold(r.Properties)
			}
			if !ok || !fits || r.WatchersFull || r.Connected < max(most, 1) {
				continue
			}
			if r.Connected > most || r.Room < c.Room {
				c.Room, leader, most = r.Room, a.member, r.Connected
			}
		}
	}
	if most == 0 {
		return leader, problemf(http.StatusNotFound, "nobody plays %s in an open room with these options or properties at the moment; "+
			"without \"role\" you begin", c.Game)
	}
	return leader, nil
}

// findSeat reserves a seat for c, or for all of c's party, who ask from an address of network, and sets its room. It may wait for
// the next lists of rooms. What the home of a new room can know to be wrong with it is refused.
func (f *Front) findSeat(ctx context.Context, c *ticket.Claims, network netip.Prefix, wanted search) (server membership.Member, err error) {
	q := seatRequest{player: c.Player, seats: 1, kind: ticket.MatchKind(c.Game, c.Options), search: wanted}
	if c.Party != nil {
		q.seats = c.Party.Size
	}
	q.soft = sync.OnceValue(func() bool {
		_, ok := f.limits.reservations.Take(network)
		return !ok
	})
	for deadline := time.Now().Add(matchWait); ; {
		fleet, now := f.table.Fleet(), time.Now()
		q.patient = now.Before(deadline)
		q.pick = func() (proto.RoomID, bool) {
			room, _, ok := f.picker.Pick(fleet, q.kind)
			return room, ok
		}
		s, ok := f.matches.seat(f.roomLister.get(matchAge), q, now)
		if s.most > 0 {
			return membership.Member{}, problemf(http.StatusBadRequest, "a party of %d does not fit: rooms of %s with these options have %d seats; "+
				"make the party smaller", q.seats, c.Game, s.most)
		}
		if ok && s.wait {
			select {
			case <-time.After(matchAge / 5):
				continue
			case <-ctx.Done():
				return membership.Member{}, tryLater("the client left before a seat was found")
			}
		}
		fresh := ok && s.leader.Name == ""
		if fresh {
			s.leader, ok = fleet.Home(s.room)
		}
		if !ok {
			return membership.Member{}, noServers(fleet)
		}
		if c.Room = s.room; fresh { // c may have to make it
			if _, err := f.foresee(ctx, s.leader, c, true); err != nil {
				f.matches.withdraw(c.Player)
				return membership.Member{}, err
			}
		}
		return s.leader, nil
	}
}
