package gateway

import (
	"errors"
	"math"
	"net/http"
	"net/netip"
	"time"

	"github.com/ringside-go/ringside/internal/limit"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
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

func (l Quotas) validate() error {
	if min(l.TicketsPerIdentity, l.TicketsPerAddress, l.ReservationsPerAddress, l.ReadsPerAddress, l.PartySeatsPerAddress, l.LookupsPerAddress) < 0 {
		return errors.New("a limit is negative; use 0 for no limit")
	}
	return nil
}

// limits are the Quotas of a Gateway at work.
type limits struct {
	identity     *limit.Limiter[proto.PlayerID]
	address      *limit.Limiter[netip.Prefix]
	reservations *limit.Limiter[netip.Prefix]
	reads        *limit.Limiter[netip.Prefix]
	parties      *limit.Limiter[netip.Prefix]
	lookups      *limit.Limiter[netip.Prefix]
}

func newLimits(c Config) limits {
	perMinute := func(n int, name string) (l limit.Config) {
		if n > 0 {
			l.Every, l.Burst = time.Minute/time.Duration(n), n
		}
		l.Refused = c.Metrics.Limited.WithLabelValues(name).Inc
		return l
	}
	return limits{
		identity:     limit.New[proto.PlayerID](perMinute(c.Quotas.TicketsPerIdentity, "tickets-per-identity")),
		address:      limit.New[netip.Prefix](perMinute(c.Quotas.TicketsPerAddress, "tickets-per-address")),
		reservations: limit.New[netip.Prefix](perMinute(c.Quotas.ReservationsPerAddress, "reservations-per-address")),
		reads:        limit.New[netip.Prefix](perMinute(c.Quotas.ReadsPerAddress, "reads-per-address")),
		parties:      limit.New[netip.Prefix](perMinute(c.Quotas.PartySeatsPerAddress, "party-seats-per-address")),
		lookups:      limit.New[netip.Prefix](perMinute(c.Quotas.LookupsPerAddress, "lookups-per-address")),
	}
}

// remote is the network that a request comes from, as limits count it.
func remote(r *http.Request) netip.Prefix {
	a, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil { // of a listener that is not TCP: all of its clients count as one
		return netip.Prefix{}
	}
	return limit.Network(a.Addr())
}

// tooMany is a 429.
func tooMany(wait time.Duration, format string, args ...any) *problem {
	p := problemf(http.StatusTooManyRequests, format, args...)
	p.retry = int(math.Ceil(wait.Seconds()))
	return p
}

// known settles who the ticket of a POST is for, within the limits of their address and of themselves.
func (f *Gateway) known(r *http.Request, e *entry, c *ticket.Claims) error {
	if err := f.takeTicket(r); err != nil {
		return err
	}
	if err := f.identify(r, e, c); err != nil {
		return err
	}
	return f.mayAsk(c)
}

// takeTicket counts a ticket of the sender's address.
func (f *Gateway) takeTicket(r *http.Request) error {
	if wait, ok := f.limits.address.Take(remote(r)); !ok {
		return tooMany(wait, "this address asked for too many tickets, over %d a minute; wait %v", f.config.Quotas.TicketsPerAddress, wait.Round(time.Second))
	}
	return nil
}

// mayAsk holds a player against the bans and their own limit.
func (f *Gateway) mayAsk(c *ticket.Claims) error {
	if text, banned := f.bans.Banned(c.Player); banned {
		return f.refuse(problemf(http.StatusForbidden, "%s", text))
	}
	if wait, ok := f.limits.identity.Take(c.Player); !ok {
		return tooMany(wait, "player %s asked for too many tickets, over %d a minute; wait %v", c.Player, f.config.Quotas.TicketsPerIdentity, wait.Round(time.Second))
	}
	return nil
}
