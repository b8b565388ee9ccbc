package sim

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// attackInterval is the time from one hello of an attacker to the next.
const attackInterval = 25 * time.Millisecond

// attacker says hello to a room with made-up epochs.
type attacker struct {
	host   *simnet.Host
	room   proto.RoomID
	ticket string // "": a stranger's, with a made-up resume token
}

// hellos gives the hello that is sent for the nth time: the epochs are a little above the true one, as those of a few failovers.
func (a *attacker) hello(n int) proto.Hello {
	h := proto.Hello{Versions: proto.Spoken(), LastTick: 1 << 20, Epoch: proto.Epoch{Counter: uint32(2 + n%8), Server: "gs-9"}, Ticket: a.ticket}
	if a.ticket == "" {
		h.Resume = bytes.Repeat([]byte{7}, 16)
	}
	return h
}

// attack says hello to every server 40 times a second until ctx ends.
func (a *attacker) attack(ctx context.Context, servers []*machine) {
	var wg sync.WaitGroup
	defer wg.Wait()
	ticker := time.NewTicker(attackInterval)
	defer ticker.Stop()
	for n := 0; ; n++ {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, s := range servers {
			wg.Go(func() { a.sayHello(ctx, s.ip+":9000", a.hello(n)) })
		}
	}
}

// sayHello upgrades a connection, sends one message and hears the answer out, for a second at most.
func (a *attacker) sayHello(ctx context.Context, addr string, hello proto.Hello) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := a.host.DialContext(ctx, addr)
	if err != nil {
		return // the server may be dead by now
	}
	defer conn.Close()
	context.AfterFunc(ctx, func() { conn.Close() })
	message := hello.Append(nil)
	request := fmt.Appendf(nil, "GET /v1/rooms/%s/connect HTTP/1.1\r\nHost: %s\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: %s\r\n\r\n", a.room, addr, proto.Subprotocol)
	request = append(request, 0x82, 0x80|126, byte(len(message)>>8), byte(len(message)), 0, 0, 0, 0) // masked with zeroes
	if len(message) < 126 {
		request = append(request[:len(request)-8], 0x82, 0x80|byte(len(message)), 0, 0, 0, 0)
	}
	if _, err := conn.Write(append(request, message...)); err == nil {
		_, _ = io.Copy(io.Discard, conn) // what the server answers is not the point
	}
}

// newAttacker gives a stranger, or a spectator with a ticket.
func (f *fleet) newAttacker(room proto.RoomID, spectator bool) *attacker {
	f.t.Helper()
	a := &attacker{host: f.net.Host("10.0.4.1"), room: room}
	if spectator {
		a.ticket = f.spectatorTicket(a.host, room)
	}
	return a
}

// spectatorTicket asks a router for one.
func (f *fleet) spectatorTicket(host *simnet.Host, room proto.RoomID) string {
	f.t.Helper()
	k, err := newAccountBot(nil)
	if err != nil {
		f.t.Fatal(err)
	}
	request := k.request(room)
	request.Role = goclient.SpectatorRole
	body, err := json.Marshal(request)
	if err != nil {
		f.t.Fatal(err)
	}
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return host.DialContext(ctx, addr)
	}}}
	resp, err := client.Post("http://"+f.routers[0].addr()+"/v1/rooms", "application/json", bytes.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	var answer struct{ Ticket string }
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil || answer.Ticket == "" {
		f.t.Fatalf("no ticket for a spectator: %s, %v", resp.Status, err)
	}
	return answer.Ticket
}

// underAttack runs a part of a schedule while an attacker is busy.
func (f *fleet) underAttack(a *attacker, during func()) {
	var wg sync.WaitGroup
	defer wg.Wait()
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	servers := slices.Clone(f.servers)
	wg.Go(func() { a.attack(ctx, servers) })
	time.Sleep(3 * time.Second)
	during()
}

// killAfter kills the leader of room after a while.
func (f *fleet) killAfter(room proto.RoomID, d time.Duration) {
	time.Sleep(d)
	f.crash(f.leader(room))
}

// A client's word about an epoch touches no standby: neither a stranger's without a ticket nor that of a spectator, however often
// it is said. The leader may be killed or drained meanwhile.
func TestG5MadeUpEpochsHarmNobody(t *testing.T) {
	for _, spectator := range []bool{false, true} {
		for _, c := range []struct {
			name string
			then func(f *fleet)
		}{
			{"killed 5 ms after a hello", func(f *fleet) { f.killAfter("room-1", 5*time.Millisecond) }},
			{"killed 10 ms after a hello", func(f *fleet) { f.killAfter("room-1", 10*time.Millisecond) }},
			{"killed 15 ms after a hello", func(f *fleet) { f.killAfter("room-1", 15*time.Millisecond) }},
			{"killed 20 ms after a hello", func(f *fleet) { f.killAfter("room-1", 20*time.Millisecond) }},
			{"drained", func(f *fleet) { f.drain(f.leader("room-1")) }},
			{"moved", func(f *fleet) { f.move("room-1", f.standby("room-1")) }},
		} {
			t.Run(fmt.Sprintf("a spectator %v, the leader is %s", spectator, c.name), func(t *testing.T) {
				// A way of 5 ms makes what a server asks another about a hello last for a good part of attackInterval.
				o := options{servers: 3, rooms: 1, players: 3, strict: true, apart: 5 * time.Millisecond}
				f := run(t, 1, o, func(f *fleet) {
					f.underAttack(f.newAttacker("room-1", spectator), func() {
						f.forget()
						c.then(f)
						time.Sleep(2 * time.Second)
					})
					f.noneQuiet(time.Second)
				})
				f.replayedAtMost(t, 2)
			})
		}
	}
}
