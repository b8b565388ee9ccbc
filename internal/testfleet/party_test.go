package testfleet

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
)

// Parties that want the last seats at the same time, each member by another router: all of a party are in one room.
func TestPartiesGetAllSeatsOrNone(t *testing.T) {
	f := Start(t, Options{Servers: 2, Routers: 2})
	request := func(router int, party *goclient.Party) goclient.Config {
		return goclient.Config{Router: f.Routers[router%2].URL, Match: true, Request: goclient.Request{Game: WalkName, Party: party}}
	}
	for range 3 { // of 8 seats of the first room, 5 are left
		join(t, request(0, nil))
	}
	const parties, size = 6, 3
	rooms := map[proto.RoomID]int{}
	var mu sync.Mutex
	var group sync.WaitGroup
	for i := range parties {
		group.Go(func() {
			first, err := tryJoin(t, request(i, &goclient.Party{Size: size}))
			if err != nil {
				t.Errorf("party %d: %v", i, err)
				return
			}
			room := first.welcome.Load().Room
			mu.Lock()
			rooms[room]++
			mu.Unlock()
			var members sync.WaitGroup
			for j := 1; j < size; j++ {
				members.Go(func() {
					p, err := tryJoin(t, request(i+j, &goclient.Party{Token: first.client.Invitation().Token}))
					if err != nil {
						t.Errorf("party %d, member %d: %v", i, j, err)
					} else if got := p.welcome.Load().Room; got != room {
						t.Errorf("party %d, member %d is in %s, the first in %s", i, j, got, room)
					}
				})
			}
			members.Wait()
		})
	}
	group.Wait()
	for room, n := range rooms {
		if n > 2 {
			t.Errorf("%d parties of %d are in room %s of 8 seats", n, size, room)
		}
	}
}

// A backend gets tickets for all, who enter with them.
func TestPartyOfABackend(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	m, err := goclient.MatchParty(t.Context(), goclient.Config{Router: f.Routers[0].URL, Request: goclient.Request{Game: WalkName}}, make([]goclient.PartyPlayer, 8))
	if err != nil {
		t.Fatal(err)
	}
	seats := map[proto.Seat]bool{}
	for i, p := range m.Players {
		w := join(t, goclient.Config{URL: m.URL, Ticket: p.Ticket}).welcome.Load()
		if w.Room != m.Room || seats[w.Seat] {
			t.Errorf("player %d is in seat %d of %s", i, w.Seat, w.Room)
		}
		seats[w.Seat] = true
		if i == 0 { // a stranger gets none of their seats
			if p, err := tryJoin(t, goclient.Config{Router: f.Routers[0].URL, Request: goclient.Request{Game: WalkName, Room: m.Room}}); err == nil {
				t.Errorf("a stranger has seat %d", p.welcome.Load().Seat)
			}
		}
	}
	if _, err := goclient.MatchParty(t.Context(), goclient.Config{Router: f.Routers[0].URL, Request: goclient.Request{Game: WalkName}}, make([]goclient.PartyPlayer, 9)); err == nil ||
		!strings.Contains(err.Error(), "have 8 seats; make the party smaller") {
		t.Errorf("a party of 9 for rooms of 8: %v", err)
	}
}

// The seats of those who have not come go with the room when its server is killed.
func TestPartySeatsSurviveALoss(t *testing.T) {
	f := Start(t, Options{Servers: 3})
	at := goclient.Config{Router: f.Routers[0].URL, Match: true, Request: goclient.Request{Game: WalkName, Party: &goclient.Party{Size: 8}}}
	first := join(t, at)
	room := first.welcome.Load().Room
	f.awaitCopies(t, 1)
	server := first.welcome.Load().Server
	f.Kill(slices.IndexFunc(f.Servers, func(s *Server) bool { return s.Name == server }))
	until(t, "the next leader", func() bool { return first.welcome.Load().Server != server })
	stranger := goclient.Config{Router: at.Router, Request: goclient.Request{Game: WalkName, Room: room}}
	if p, err := tryJoin(t, stranger); err == nil {
		t.Errorf("a stranger has seat %d", p.welcome.Load().Seat)
	}
	at.Request.Party = &goclient.Party{Token: first.client.Invitation().Token}
	if w := join(t, at).welcome.Load(); w.Room != room {
		t.Errorf("the second is in %s, the first in %s", w.Room, room)
	}
}
