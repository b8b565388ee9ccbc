package testfleet

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// entrance is a router's answer.
type entrance struct {
	Player proto.PlayerID `json:"player"`
	Guest  string         `json:"guest"`
	Ticket string         `json:"ticket"`
}

// ask asks the router for room as player, a JSON object, in a role.
func (f *Fleet) ask(room, player, role string) (a entrance, status int) {
	f.t.Helper()
	body := `{"game":"` + string(WalkName) + `","room":"` + room + `","player":` + player + `,"role":"` + role + `"}`
	resp, err := http.Post(f.Routers[0].URL+"/v1/rooms", "application/json", strings.NewReader(body))
	if err != nil {
		f.t.Fatal(err)
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&a); err != nil {
		f.t.Fatal(err)
	}
	return a, resp.StatusCode
}

// enter says hello with a ticket and gives the welcome, and all that came with it.
func (f *Fleet) enter(t *testing.T, room string, h proto.Hello) (*raw, proto.Welcome, []byte) {
	t.Helper()
	conn, _ := dialRaw(t, f.Servers[0].Node.Addr().String(), room)
	h.Versions = proto.Spoken()
	conn.message(h.Append(nil))
	_, payload, err := conn.frame()
	if err != nil {
		t.Fatal(err)
	}
	k, body, _, err := proto.NextRecord(payload)
	if err != nil || k != proto.KindWelcome {
		t.Fatalf("got record %#x, %v, want a welcome", k, err)
	}
	w, err := proto.ParseWelcome(body)
	if err != nil {
		t.Fatal(err)
	}
	return conn, w, payload
}

// A stranger watches a player's room, reads whatever anybody may read, and tries to get the player's seat by it. Nothing of
// that names the player, and neither the id, had it leaked, nor a copy of the player's ticket opens the seat.
func TestAStrangerGetsNoSeat(t *testing.T) {
	f := Start(t, Options{Servers: 1})
	victim, _ := f.ask("r", `{"name":"Ann"}`, "player")
	conn, welcome, seen := f.enter(t, "r", proto.Hello{Ticket: victim.Ticket})
	watching, _ := f.ask("r", `{}`, "spectator")
	spectator, _, public := f.enter(t, "r", proto.Hello{Ticket: watching.Ticket})
	for range 30 {
		_, payload, err := spectator.frame()
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, payload...)
	}
	server := "http://" + f.Servers[0].Node.Addr().String()
	for _, url := range []string{f.Routers[0].URL + "/v1/fleet", f.Routers[0].URL + "/fleet", f.Routers[0].URL + "/v1/rooms/r", f.Routers[0].URL + "/metrics",
		server + "/v1/server", server + "/v1/server/rooms", server + "/v1/server/rooms/r", server + "/metrics"} {
		resp, err := http.Get(url)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		public = append(public, body...)
	}
	if !bytes.Contains(public, []byte(welcome.Alias)) || welcome.Alias == "" {
		t.Errorf("spectators do not see the alias %q", welcome.Alias)
	}
	secrets := []string{string(victim.Player), victim.Guest, string(welcome.Resume)}
	for _, secret := range secrets {
		if bytes.Contains(public, []byte(secret)) {
			t.Errorf("%q is told to everybody", secret)
		}
	}
	if bytes.Contains(seen, []byte(victim.Player)) {
		t.Error("the player's own connection names the id, which everybody who gets hold of a resume token would then know")
	}

	for _, player := range []string{`{"id":"` + string(victim.Player) + `"}`, `{"id":"` + string(welcome.Alias) + `"}`,
		`{"id":"` + string(victim.Player) + `","guest":"` + strings.Repeat("x", 26) + `"}`} {
		if a, status := f.ask("r", player, "player"); status != http.StatusForbidden {
			t.Errorf("as %s: %d, a ticket for %s", player, status, a.Player)
		}
	}
	thief, _ := dialRaw(t, f.Servers[0].Node.Addr().String(), "r")
	thief.message(proto.Hello{Versions: proto.Spoken(), Ticket: victim.Ticket}.Append(nil))
	if code := thief.code(); code != proto.CloseSeat {
		t.Errorf("with a copy of the ticket: %v, want %v", code, proto.CloseSeat)
	}
	for range 10 { // the player plays on
		if opcode, _, err := conn.frame(); err != nil || opcode != 2 {
			t.Fatalf("frame %d, %v", opcode, err)
		}
	}

	// The guest itself comes back from elsewhere, as soon as the clock shows a newer second.
	for end := time.Now().Add(Patience); ; {
		again, _ := f.ask("r", `{"guest":"`+victim.Guest+`"}`, "player")
		next, _ := dialRaw(t, f.Servers[0].Node.Addr().String(), "r")
		next.message(proto.Hello{Versions: proto.Spoken(), Ticket: again.Ticket}.Append(nil))
		if _, payload, err := next.frame(); err == nil && proto.Kind(payload[0]) == proto.KindWelcome {
			break
		}
		if time.Now().After(end) {
			t.Fatal("the guest does not get its seat back")
		}
		time.Sleep(20 * time.Millisecond)
	}
	if code := conn.code(); code != proto.CloseReplaced {
		t.Errorf("the guest's first connection: %v, want %v", code, proto.CloseReplaced)
	}
}
