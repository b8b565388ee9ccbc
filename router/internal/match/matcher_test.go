package match

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/limit"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// bed is a Matcher with the limits of a router.
type bed struct {
	*Matcher
	limited *prometheus.CounterVec
}

func newBed(t *testing.T, s *fake.Server) *bed {
	t.Helper()
	table := lookup.NewTable(membership.NewStatic(membership.Member{Name: "router-1", Role: membership.Router}, s.Member()))
	client := servers.NewClient(servers.Dialer{}, table)
	t.Cleanup(client.Close)
	limited := obs.NewRouterMetrics(nil).Limited
	limits := access.NewLimits(access.Quotas{ReservationsPerAddress: 4}, limited)
	picker := lookup.NewPicker(func(membership.ServerName) (lookup.Load, bool) { return lookup.Load{}, false }, nil)
	return &bed{New(table, client, picker, limits.TakeReservation), limited}
}

var arena = ticket.MatchKind("arena", nil)

func TestSeatGivesUpWithItsClient(t *testing.T) {
	f := newBed(t, fake.NewServer(t, "game-1"))
	for _, player := range []proto.PlayerID{"ann", "bob"} {
		if _, _, err := f.Seat(t.Context(), &ticket.Claims{Game: "arena", Player: player}, netip.Prefix{}, Search{}); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	c := ticket.Claims{Game: "arena"}
	if _, _, err := f.Seat(ctx, &c, netip.Prefix{}, Search{}); err == nil || ctx.Err() == nil || c.Room != "" {
		t.Errorf("error is %v, room %q", err, c.Room)
	}
}

// Somebody who asks for matches all the time and never comes keeps nobody apart who does come.
func TestPromisesToOneAddressKeepNobodyApart(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := newBed(t, s)
	honest := 0
	from := func(ip string) proto.RoomID {
		t.Helper()
		honest++
		c := ticket.Claims{Game: "arena", Player: proto.PlayerID(fmt.Sprint("p", honest))}
		if _, _, err := f.Seat(t.Context(), &c, limit.Network(netip.MustParseAddr(ip)), Search{}); err != nil {
			t.Fatal(err)
		}
		return c.Room
	}
	attack := func() {
		for range 20 {
			from("203.0.113.9")
		}
	}
	// Ann waits alone in a room of two.
	waiting := fake.Room(arena, "ann", 1, 2)
	waiting.Connected = 1
	s.Lead(waiting)
	attack()
	// The hard promises of the address are over; the soft ones are renewed all the time.
	f.seats.mu.Lock()
	for _, k := range f.seats.kinds {
		for _, r := range k.rooms {
			for i := range r.promises {
				if !r.promises[i].soft {
					r.promises[i].until = time.Now().Add(-time.Second)
				}
			}
		}
	}
	f.seats.mu.Unlock()
	attack()
	if got := from("192.0.2.7"); string(got) != arena+"ann" {
		t.Errorf("bob is sent to %s; want the room where ann waits", got)
	}
	if got := from("192.0.2.8"); string(got) == arena+"ann" {
		t.Error("cleo is sent to ann's room too, whose last seat is promised to bob")
	}
	if n := testutil.ToFloat64(f.limited.WithLabelValues("reservations-per-address")); n < 30 {
		t.Errorf("the metric counts %v soft promises; want most of 40", n)
	}
}
