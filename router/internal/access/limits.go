package access

import (
	"errors"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/limit"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
)

// Quotas is what one stranger may take of this router. Each is a number a minute, of which all may be used at once; 0 is no
// limit. Each router counts for itself. IPv6 addresses count by their /64.
type Quotas struct {
	// TicketsPerIdentity and TicketsPerAddress bound tickets, and with them the rooms that are made; beyond: 429. An honest
	// client asks for one a match, and a few more while its server is lost. Many honest clients may share an address.
	TicketsPerIdentity int
	TicketsPerAddress  int
	// ReservationsPerAddress bounds the seats in rooms of quick match that are kept for players who have not come yet. Beyond,
	// a player is sent to a room all the same, and others may take the seat first.
	ReservationsPerAddress int
	// ReadsPerAddress bounds what others than operators read of the results store; beyond: 429. A page of results costs two or three.
	ReadsPerAddress int
	// PartySeatsPerAddress bounds the seats that rooms of quick match keep for players of parties who are guests or not named yet;
	// beyond: 429.
	PartySeatsPerAddress int
	// LookupsPerAddress bounds lists of rooms and questions whether a room lives, for which game servers are asked; beyond: 429.
	LookupsPerAddress int
}

// Validate says which quota is wrong.
func (l Quotas) Validate() error {
	if min(l.TicketsPerIdentity, l.TicketsPerAddress, l.ReservationsPerAddress, l.ReadsPerAddress, l.PartySeatsPerAddress, l.LookupsPerAddress) < 0 {
		return errors.New("a limit is negative; use 0 for no limit")
	}
	return nil
}

// Limits are Quotas at work. Its Take methods count a request, and return a problem that says how long to wait.
type Limits struct {
	quotas       Quotas
	identity     *limit.Limiter[proto.PlayerID]
	address      *limit.Limiter[netip.Prefix]
	reservations *limit.Limiter[netip.Prefix]
	reads        *limit.Limiter[netip.Prefix]
	parties      *limit.Limiter[netip.Prefix]
	lookups      *limit.Limiter[netip.Prefix]
}

// NewLimits makes Limits. limited counts the refusals of each.
func NewLimits(q Quotas, limited *prometheus.CounterVec) *Limits {
	perMinute := func(n int, name string) (l limit.Config) {
		if n > 0 {
			l.Every, l.Burst = time.Minute/time.Duration(n), n
		}
		l.Refused = limited.WithLabelValues(name).Inc
		return l
	}
	return &Limits{
		quotas:       q,
		identity:     limit.New[proto.PlayerID](perMinute(q.TicketsPerIdentity, "tickets-per-identity")),
		address:      limit.New[netip.Prefix](perMinute(q.TicketsPerAddress, "tickets-per-address")),
		reservations: limit.New[netip.Prefix](perMinute(q.ReservationsPerAddress, "reservations-per-address")),
		reads:        limit.New[netip.Prefix](perMinute(q.ReadsPerAddress, "reads-per-address")),
		parties:      limit.New[netip.Prefix](perMinute(q.PartySeatsPerAddress, "party-seats-per-address")),
		lookups:      limit.New[netip.Prefix](perMinute(q.LookupsPerAddress, "lookups-per-address")),
	}
}

// Network is the network that a request comes from, as limits count it.
func Network(r *http.Request) netip.Prefix {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // of a listener that is not TCP: all of its clients count as one
		return netip.Prefix{}
	}
	return limit.Network(a.Addr())
}

// TakeTicket counts a ticket of the sender's address.
func (l *Limits) TakeTicket(r *http.Request) error {
	if wait, ok := l.address.Take(Network(r)); !ok {
		return api.TooMany(wait, "this address asked for too many tickets, over %d a minute; wait %v", l.quotas.TicketsPerAddress, wait.Round(time.Second))
	}
	return nil
}

// TakePlayer counts a ticket of a player.
func (l *Limits) TakePlayer(player proto.PlayerID) error {
	if wait, ok := l.identity.Take(player); !ok {
		return api.TooMany(wait, "player %s asked for too many tickets, over %d a minute; wait %v", player, l.quotas.TicketsPerIdentity, wait.Round(time.Second))
	}
	return nil
}

// TakePartySeats counts seats that are kept for players whom nobody has named, or who are guests.
func (l *Limits) TakePartySeats(r *http.Request, seats int) error {
	wait, ok := l.parties.TakeAll(Network(r), seats)
	most := l.quotas.PartySeatsPerAddress
	switch {
	case ok:
		return nil
	case seats > most:
		return api.Problemf(http.StatusBadRequest, "this router keeps seats for %d other players of a party at most; make the party smaller, or enter without one", most)
	}
	return api.TooMany(wait, "this address had too many seats kept for its parties, over %d a minute; wait %v, or enter without a party", most, wait.Round(time.Second))
}

// TakeLookup counts a question for which game servers are asked.
func (l *Limits) TakeLookup(r *http.Request) error {
	if wait, ok := l.lookups.Take(Network(r)); !ok {
		return api.TooMany(wait, "this address looked for too many rooms, over %d a minute; wait %v", l.quotas.LookupsPerAddress, wait.Round(time.Second))
	}
	return nil
}

// TakeRead counts a read of the results store.
func (l *Limits) TakeRead(r *http.Request) error {
	if wait, ok := l.reads.Take(Network(r)); !ok {
		return api.TooMany(wait, "this address reads results too often, over %d times a minute; wait %v", l.quotas.ReadsPerAddress, wait.Round(time.Second))
	}
	return nil
}

// TakeReservation counts a seat that is reserved for a player of a network; false: no more are.
func (l *Limits) TakeReservation(network netip.Prefix) bool {
	_, ok := l.reservations.Take(network)
	return ok
}
