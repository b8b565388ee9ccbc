package match

import (
	"context"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

const (
	// matchAge is how old the lists of rooms may be that a match is made from.
	matchAge = 500 * time.Millisecond
	// matchWait is how long a player may wait for the first report of a kind of room before they get another new room: the time to
	// connect and the age of two lists. Only the first few players of a kind wait.
	matchWait = 1500 * time.Millisecond
)

// Matcher finds rooms for those who look for a match.
type Matcher struct {
	table   *lookup.Table
	picker  *lookup.Picker
	lister  *lister
	seats   *seats
	reserve func(network netip.Prefix) bool // whether one more seat may be reserved for a player of the network
}

// New makes a Matcher, which asks the servers by c.
func New(table *lookup.Table, c *servers.Client, picker *lookup.Picker, reserve func(netip.Prefix) bool) *Matcher {
	return &Matcher{table: table, picker: picker, lister: newLister(table, c), seats: newSeats(), reserve: reserve}
}

// Stage sets c's room to the one with the most players to watch; of equal ones the first by id.
func (m *Matcher) Stage(c *ticket.Claims, wanted *Search) (leader membership.Member, err error) {
	kind, most := ticket.MatchKind(c.Game, c.Options), 0
	for _, a := range m.lister.get(matchAge).servers {
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
		return leader, api.Problemf(http.StatusNotFound, "nobody plays %s in an open room with these options or properties at the moment; "+
			"without \"role\" you begin", c.Game)
	}
	return leader, nil
}

// Seat reserves a seat for c, or for all of c's party, who ask from an address of network, and sets its room. It may wait for
// the next lists of rooms. fresh: the room is new, c may have to make it, and server is its home.
func (m *Matcher) Seat(ctx context.Context, c *ticket.Claims, network netip.Prefix, wanted Search) (server membership.Member, fresh bool, err error) {
	q := seatRequest{player: c.Player, seats: 1, kind: ticket.MatchKind(c.Game, c.Options), search: wanted}
	if c.Party != nil {
		q.seats = c.Party.Size
	}
	q.soft = sync.OnceValue(func() bool {
		return !m.reserve(network)
	})
	for deadline := time.Now().Add(matchWait); ; {
		fleet, now := m.table.Fleet(), time.Now()
		q.patient = now.Before(deadline)
		q.pick = func() (proto.RoomID, bool) {
			room, _, ok := m.picker.Pick(fleet, q.kind)
			return room, ok
		}
		s, ok := m.seats.seat(m.lister.get(matchAge), q, now)
		if s.most > 0 {
			return membership.Member{}, false, api.Problemf(http.StatusBadRequest, "a party of %d does not fit: rooms of %s with these options have %d seats; "+
				"make the party smaller", q.seats, c.Game, s.most)
		}
		if ok && s.wait {
			select {
			case <-time.After(matchAge / 5):
				continue
			case <-ctx.Done():
				return membership.Member{}, false, api.TryLater("the client left before a seat was found")
			}
		}
		if fresh = ok && s.leader.Name == ""; fresh {
			s.leader, ok = fleet.Home(s.room)
		}
		if !ok {
			return membership.Member{}, false, servers.None(fleet)
		}
		c.Room = s.room
		return s.leader, fresh, nil
	}
}

// Withdraw takes back what Seat has reserved for a player, who was refused after all.
func (m *Matcher) Withdraw(player proto.PlayerID) { m.seats.withdraw(player) }
