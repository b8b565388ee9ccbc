package server

import (
	"encoding/json"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// countedHost counts the bytes of the datagrams that its process sends. Gossip sends them and nothing else does.
type countedHost struct {
	*simnet.Host
	sent *atomic.Int64
}

func (h countedHost) ListenPacket(addr string) (net.PacketConn, error) {
	conn, err := h.Host.ListenPacket(addr)
	return countedPackets{conn, h.sent}, err
}

type countedPackets struct {
	net.PacketConn
	sent *atomic.Int64
}

func (p countedPackets) WriteTo(b []byte, addr net.Addr) (int, error) {
	p.sent.Add(int64(len(b)))
	return p.PacketConn.WriteTo(b, addr)
}

// Servers whose loads change gossip as little as idle ones. RINGSIDE_GOSSIP_200 set in the environment measures a fleet of 200.
func TestGossipCarriesNoLoad(t *testing.T) {
	servers := 40
	if os.Getenv("RINGSIDE_GOSSIP_200") != "" {
		servers = 200
	}
	const span = 10 * time.Second
	const seats = 64
	hall := game.Definition{Name: "idle", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &idle{}, game.Settings{TickRate: 10, Seats: seats}, nil
	}}
	synctest.Test(t, func(t *testing.T) {
		network := simnet.New(1, simnet.Link{Latency: 200 * time.Microsecond, Jitter: 100 * time.Microsecond})
		var sent atomic.Int64
		var fleet []*Server
		var stops []func(error) error
		for i := range servers {
			ip := fmt.Sprintf("10.0.%d.%d", i/200, i%200+1)
			c := config(fmt.Sprintf("gs-%d", i+1))
			c.Listen, c.Standbys = ip+":9000", 0
			c.Fleet = Fleet{Cluster: "quiet", Key: make([]byte, 16), Seeds: []string{"10.0.0.1:7946"}, Gossip: ip + ":7946", Peer: ip + ":7000"}
			c.Security.TicketKeys = devKeys()
			c.Testing = Testing{Network: countedHost{network.Host(ip), &sent}, Workers: 1}
			n, err := New(c, hall)
			if err != nil {
				t.Fatal(err)
			}
			fleet, stops = append(fleet, n), append(stops, launch(n))
		}
		defer time.Sleep(time.Minute) // memberlist's probes end by themselves
		defer func() {
			var group sync.WaitGroup
			for _, stop := range stops {
				group.Go(func() { _ = stop(ErrKilled) })
			}
			group.Wait()
		}()
		time.Sleep(20 * time.Second)
		for _, n := range fleet {
			if met := len(n.gossip.View().Members); met != servers {
				t.Fatalf("%s has met %d of %d servers", n.config.Name, met, servers)
			}
			n.enterOwn(t, 0)
		}
		time.Sleep(span)

		measure := func(change func(i int)) float64 {
			before := sent.Load()
			for i := range int(span / (500 * time.Millisecond)) {
				change(i)
				time.Sleep(500 * time.Millisecond)
			}
			return float64(sent.Load()-before) / float64(servers) / span.Seconds()
		}
		quiet := measure(func(int) {})
		changing := measure(func(i int) {
			for _, n := range fleet {
				n.enterOwn(t, i+1)
			}
		})
		t.Logf("%d servers: %.0f bytes of gossip per server and second while idle, %.0f while loads change", servers, quiet, changing)
		if changing > quiet*1.05 {
			t.Errorf("gossip grows from %.0f to %.0f bytes per server and second when loads change", quiet, changing)
		}
		for _, n := range fleet {
			if c := n.registry.Counts(); c.Rooms != 1 || c.Players < 10 {
				t.Fatalf("%s has %d rooms and %d players: the test has changed no loads", n.config.Name, c.Rooms, c.Players)
			}
		}
	})
}

// enterOwn lets a player into the first room whose home is n.
func (n *Server) enterOwn(t *testing.T, player int) {
	t.Helper()
	var id proto.RoomID
	for i := 0; ; i++ {
		id = proto.RoomID(fmt.Sprint("room-", i))
		if home, _ := n.gossip.View().Placement().Home(string(id)); home == n.config.Name {
			break
		}
	}
	spec, _, err := n.newAdmission(nil).read(id, proto.Hello{Ticket: sign(t, ticket.Claims{Room: id})}, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	join := room.Join{Player: proto.PlayerID(fmt.Sprint("player-", player)), Client: deaf{}}
	if _, err := n.registry.Enter(t.Context(), spec, join); err != nil {
		t.Fatalf("%s: %v", n.config.Name, err)
	}
}
