package testfleet

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/server"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
)

// behind starts a fleet of two servers and two routers in proxy mode, behind a balancer that sends all to the first
// router for as long as that serves. As in production, the processes have certificates.
func behind(t *testing.T) (*Fleet, *balancer) {
	b := newBalancer(t)
	f := Start(t, Options{Servers: 2, Routers: 2, Mode: gateway.Proxy, Drain: Patience / 2, Certificates: true, Configure: func(c *server.Config) {
		c.PublicURL = b.url() + "/v1/servers/" + c.Name
	}})
	b.routers.Store(&f.Routers)
	return f, b
}

// crowd lets three players and a spectator into each of so many rooms.
func (b *balancer) crowd(t *testing.T, rooms int) (all []*player) {
	for i := range rooms * 4 {
		r := goclient.Request{Game: WalkName, Room: proto.RoomID(fmt.Sprint("room-", i/4)), Player: goclient.Player{Name: fmt.Sprint("p", i)}}
		if i%4 == 3 {
			r.Role = goclient.SpectatorRole
		}
		all = append(all, join(t, goclient.Config{Router: b.url(), Request: r}))
	}
	return all
}

// played waits until all, spectators too, have got n more ticks.
func played(t *testing.T, n uint64, players []*player) {
	t.Helper()
	var from []uint64
	for _, p := range players {
		from = append(from, p.client.Stats().Ticks)
	}
	for i, p := range players {
		until(t, "everybody plays", func() bool { return p.client.Stats().Ticks >= from[i]+n })
	}
}

// noticed fails the test if a player has noticed anything, and gives how often the player was sent on.
func (p *player) noticed(t *testing.T) (moves uint64) {
	t.Helper()
	p.lost(t)
	if s := p.client.Stats(); s.Reconnects != 0 || s.MissedTicks != 0 {
		t.Errorf("a player in seat %d noticed: %+v", p.welcome.Load().Seat, s)
	}
	return p.client.Stats().Moves
}

// lost fails the test if a player has lost anything.
func (p *player) lost(t *testing.T) {
	t.Helper()
	if s := p.client.Stats(); s.ReplayedTicks != 0 || s.LostInputs != 0 || s.ResentInputs != 0 || s.Violations != 0 {
		t.Errorf("a player in seat %d has lost something: %+v", p.welcome.Load().Seat, s)
	}
}

// A router that is stopped while others serve ends when all its clients have come by another one, and they notice nothing.
func TestRouterDrains(t *testing.T) {
	f, b := behind(t)
	players := b.crowd(t, 4)
	bystander := join(t, f.through(1, "room-0", "bystander"))
	played(t, 10, players)
	begun := time.Now()
	f.DrainRouter(0)
	if took := time.Since(begun); f.Routers[0].err != nil || took >= f.options.Drain {
		t.Errorf("the router ended after %v with %v", took, f.Routers[0].err)
	}
	played(t, 30, players)
	for _, p := range players {
		if moves := p.noticed(t); moves != 1 {
			t.Errorf("a player was sent on %d times, want once", moves)
		}
	}
	if moves := bystander.noticed(t); moves != 0 {
		t.Errorf("one who came through the other router was sent on %d times", moves)
	}
}

// Rooms that move while a router drains take nothing from anybody either: whichever was announced first, each client ends
// where its room is. How many ticks a move costs is not asked: on a machine under load it may cost some.
func TestRoomsMoveWhileARouterDrains(t *testing.T) {
	f, b := behind(t)
	const rooms = 4
	players := b.crowd(t, rooms)
	played(t, 10, players)
	until(t, "all rooms have their copies", func() bool {
		copied := 0
		for _, s := range f.Servers {
			for _, r := range s.Node.Rooms() {
				copied += r.Standbys
			}
		}
		return copied == rooms
	})
	over := make(chan int)
	go func() {
		moved := 0
		for {
			for _, s := range f.Servers {
				for _, r := range s.Node.Rooms() {
					inside := s.Node.InternalURL()
					resp, err := http.Post(inside+"/v1/rooms/"+string(r.ID)+"/move", "application/json", strings.NewReader("{}"))
					if err != nil {
						t.Error(err)
						continue
					}
					resp.Body.Close()
					if resp.StatusCode == http.StatusOK {
						moved++
					}
				}
			}
			select {
			case over <- moved:
				return
			default:
			}
		}
	}()
	f.DrainRouter(0)
	if moved := <-over; moved < rooms {
		t.Errorf("rooms moved %d times meanwhile: this test has shown nothing", moved)
	}
	played(t, 30, players)
	for _, p := range players {
		p.lost(t)
	}
	if err := f.Routers[0].err; err != nil {
		t.Errorf("the router ended with %v", err)
	}
}
