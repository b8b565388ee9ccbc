package testfleet

import (
	"bytes"
	"crypto/ed25519"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// What is wrong with a hello is told by the close code, and hurts nobody else.
func TestRefusedHellos(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	bystander := join(t, f.through(0, "bystander", "alice"))
	addr := f.Servers[0].Node.Addr().String()
	stranger := ticket.NewSigner(ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize)))
	forged, err := stranger.Sign(ticket.Claims{Room: "r", Game: WalkName, Player: "p", Role: ticket.Player, Expires: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	good := ticket.Claims{Room: "r", Player: "p"}
	with := func(change func(*ticket.Claims)) string {
		c := good
		change(&c)
		return f.Ticket(c)
	}
	for _, c := range []struct {
		name  string
		hello proto.Hello
		code  proto.CloseCode
	}{
		{"forged ticket", proto.Hello{Versions: proto.Spoken(), Ticket: forged}, proto.CloseTicket},
		{"no ticket at all", proto.Hello{Versions: proto.Spoken(), Ticket: "a.b.c"}, proto.CloseTicket},
		{"expired ticket", proto.Hello{Versions: proto.Spoken(), Ticket: with(func(c *ticket.Claims) { c.Expires = time.Now().Add(-time.Minute) })}, proto.CloseTicket},
		{"ticket for another room", proto.Hello{Versions: proto.Spoken(), Ticket: with(func(c *ticket.Claims) { c.Room = "s" })}, proto.CloseTicket},
		{"neither ticket nor token", proto.Hello{Versions: proto.Spoken()}, proto.CloseMalformed},
		{"token that nobody gave out", proto.Hello{Versions: proto.Spoken(), Resume: make([]byte, 16)}, proto.CloseSeat},
		{"another protocol version", proto.Hello{Versions: proto.Versions{Newest: proto.Version + 2, Oldest: proto.Version + 1}, Ticket: f.Ticket(good)}, proto.CloseVersion},
		{"another schema", proto.Hello{Versions: proto.Spoken(), Ticket: f.Ticket(good), Fingerprint: 1}, proto.CloseSchema},
		{"unknown game", proto.Hello{Versions: proto.Spoken(), Ticket: with(func(c *ticket.Claims) { c.Game = "chess" })}, proto.CloseGame},
		{"wrong option", proto.Hello{Versions: proto.Spoken(), Ticket: with(func(c *ticket.Claims) { c.Options = []byte(`{"rate":1000}`) })}, proto.CloseOptions},
	} {
		t.Run(c.name, func(t *testing.T) {
			conn, status := dialRaw(t, addr, "r")
			if status != http.StatusSwitchingProtocols {
				t.Fatalf("upgrade: %d", status)
			}
			conn.message(c.hello.Append(nil))
			if got := conn.code(); got != c.code {
				t.Errorf("closed with %v, want %v", got, c.code)
			}
		})
	}
	if leaders := f.Leaders("r"); len(leaders) != 0 {
		t.Error("the room was made all the same")
	}
	bystander.plays(t, 10)
	if s := bystander.client.Stats(); s.Reconnects != 0 {
		t.Error("a bystander was thrown out")
	}
}

// The schema that a client was built for is that of the game, and an expired ticket goes with a seat's token.
func TestAcceptedHellos(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	p := join(t, f.through(0, "r", "p"))
	walk := Walk()
	sim, err := game.New(&walk, nil, game.Origin{Seed: 1, Instance: 1})
	if err != nil {
		t.Fatal(err)
	}
	for name, hello := range map[string]proto.Hello{
		"right schema": {Ticket: f.Ticket(ticket.Claims{Room: "r", Player: "q"}), Fingerprint: sim.Store().Schema().Fingerprint()},
		"expired ticket with a token": {Resume: p.welcome.Load().Resume,
			Ticket: f.Ticket(ticket.Claims{Room: "r", Player: "p", Expires: time.Now().Add(-time.Minute)})},
		"spectator": {Ticket: f.Ticket(ticket.Claims{Room: "r", Player: "s", Role: ticket.Spectator})},
	} {
		t.Run(name, func(t *testing.T) {
			conn, _ := dialRaw(t, f.Servers[0].Node.Addr().String(), "r")
			hello.Versions = proto.Spoken()
			conn.message(hello.Append(nil))
			opcode, payload, err := conn.frame()
			if err != nil || opcode != 2 {
				t.Fatalf("got a frame %d, %v", opcode, err)
			}
			if k, _, _, err := proto.NextRecord(payload); k != proto.KindWelcome || err != nil {
				t.Errorf("got record %#x, %v, want a welcome", k, err)
			}
		})
	}
}

// Bad room ids are refused at every door, before anything is upgraded or signed.
func TestBadRoomIDs(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	for _, id := range []string{strings.Repeat("x", proto.MaxRoomID+1), ".hidden", "a%20b", "%F0%9F%8E%B2", "a%00b", "-"} {
		for _, base := range []string{f.Servers[0].Node.URL(), f.Routers[0].URL} {
			get(t, base+"/v1/rooms/"+id+"/connect", http.StatusBadRequest, wantProblem(t))
		}
		get(t, f.Routers[0].URL+"/v1/rooms/"+id, http.StatusBadRequest, wantProblem(t))
	}
	for _, body := range []string{`{"game":"walk","room":"a b"}`, `{"game":"walk","room":"` + strings.Repeat("x", 65) + `"}`, `{"game":"w a"}`, `{`} {
		resp, err := http.Post(f.Routers[0].URL+"/v1/rooms", "application/json", bytes.NewReader([]byte(body)))
		if err != nil {
			t.Fatal(err)
		}
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%s: %s", body, resp.Status)
		}
		wantProblem(t)(resp)
		resp.Body.Close()
	}
}

func wantProblem(t *testing.T) func(*http.Response) {
	return func(resp *http.Response) {
		t.Helper()
		var p struct{ Title, Detail string }
		if err := json.NewDecoder(resp.Body).Decode(&p); err != nil || p.Detail == "" ||
			!strings.HasPrefix(resp.Header.Get("Content-Type"), "application/problem+json") {
			t.Errorf("%s: no problem document: %+v, %v", resp.Request.URL, p, err)
		}
	}
}
