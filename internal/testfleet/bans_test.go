package testfleet

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// operate sends an operator's request to a router and reads the JSON answer, which must have the status.
func (f *Fleet) operate(router int, method, path, body string, status int) (doc map[string]any) {
	f.t.Helper()
	for deadline := time.Now().Add(Patience); ; time.Sleep(50 * time.Millisecond) {
		req, err := http.NewRequest(method, f.Routers[router].URL+path, strings.NewReader(body))
		if err != nil {
			f.t.Fatal(err)
		}
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			f.t.Fatal(err)
		}
		err = json.NewDecoder(resp.Body).Decode(&doc)
		resp.Body.Close()
		if err == nil && resp.StatusCode == status {
			return doc
		}
		if resp.StatusCode != http.StatusServiceUnavailable || time.Now().After(deadline) { // a room may be on its way just now
			f.t.Fatalf("%s %s: %s %v, %v; want %d", method, path, resp.Status, doc, err, status)
		}
	}
}

// refusedAt reports whether a router refuses the player with a word about bans.
func (f *Fleet) refusedAt(t *testing.T, router int, player proto.PlayerID) bool {
	t.Helper()
	p, err := tryJoin(t, f.through(router, "elsewhere", player))
	if err == nil {
		p.close()
		return false
	}
	var atServer *goclient.CloseError
	if errors.As(err, &atServer) && atServer.Code == proto.CloseKicked {
		return false
	}
	var problem *goclient.Problem
	if !errors.As(err, &problem) || problem.Status != http.StatusForbidden || !strings.Contains(problem.Detail, "banned") {
		t.Fatalf("the router answers %v", err)
	}
	return true
}

// keptOut reports whether a server keeps the player out who has a ticket from before.
func (f *Fleet) keptOut(t *testing.T, s *Server, player proto.PlayerID) bool {
	t.Helper()
	const room = "kept-out"
	p, err := tryJoin(t, goclient.Config{URL: s.Connect(room), Ticket: f.Ticket(ticket.Claims{Room: room, Player: player})})
	if err == nil {
		p.close()
		return false
	}
	var c *goclient.CloseError
	return errors.As(err, &c) && c.Code == proto.CloseKicked
}

// A ban puts its player out of the room, and keeps them out at every router and server, those that start later included, until it
// is lifted; nobody else notices.
func TestBanHoldsEverywhere(t *testing.T) {
	f := Start(t, Options{Servers: 2, Routers: 2})
	id := guest(t, "eve")
	eve, ann := join(t, f.through(0, "room", "eve")), join(t, f.through(0, "room", "ann"))
	allPlay(t, 5, eve, ann)
	doc := f.operate(1, "POST", "/v1/bans", `{"player":"`+string(id)+`","seconds":3600,"reason":"spam"}`, http.StatusCreated)
	if doc["servers"] != 2.0 || doc["unreached"] != nil {
		t.Errorf("the answer is %v; want two servers reached", doc)
	}
	<-eve.ended
	if c := closed(t, eve.err); c.Code != proto.CloseKicked || !strings.Contains(c.Text, ": spam") {
		t.Errorf("eve was closed with %v", c)
	}
	ann.plays(t, 10)
	if !f.refusedAt(t, 1, "eve") || !f.keptOut(t, f.Servers[0], id) || !f.keptOut(t, f.Servers[1], id) {
		t.Error("eve got in where the ban was just made")
	}
	until(t, "the other router refuses", func() bool { return f.refusedAt(t, 0, "eve") })

	// Everything is replaced, one after the other.
	third := f.Add()
	until(t, "the new server knows the ban", func() bool { return f.keptOut(t, third, id) })
	f.addRouter()
	f.Await()
	until(t, "the new router refuses", func() bool { return f.refusedAt(t, 2, "eve") })
	f.DrainRouter(0)
	f.DrainRouter(1)
	f.Drain(0)
	f.Drain(1)
	f.Await()
	ann.plays(t, 10)
	list := f.operate(2, "GET", "/v1/bans", "", http.StatusOK)["bans"].([]any)
	if len(list) != 1 || list[0].(map[string]any)["player"] != string(id) {
		t.Errorf("the bans are %v", list)
	}
	fourth := f.Add()
	until(t, "the newest server knows the ban", func() bool { return f.keptOut(t, fourth, id) })
	f.operate(2, "DELETE", "/v1/bans/"+string(id), "", http.StatusOK)
	if f.refusedAt(t, 2, "eve") || f.keptOut(t, third, id) || f.keptOut(t, fourth, id) {
		t.Error("the ban was lifted, and eve is kept out")
	}
	f.operate(2, "DELETE", "/v1/bans/"+string(id), "", http.StatusNotFound)
}

// An operator sees who is in a room, and puts one out.
func TestOperatorKicks(t *testing.T) {
	f := Start(t, Options{Servers: 2})
	id := string(guest(t, "eve"))
	eve, ann := join(t, f.through(0, "room", "eve")), join(t, f.through(0, "room", "ann"))
	allPlay(t, 5, eve, ann)
	players := f.operate(0, "GET", "/v1/rooms/room/players", "", http.StatusOK)["players"].([]any)
	if len(players) != 2 || players[0].(map[string]any)["player"] != id || players[1].(map[string]any)["seat"] != 1.0 {
		t.Errorf("the players are %v", players)
	}
	f.operate(0, "POST", "/v1/rooms/room/kick", `{"player":"`+id+`","reason":"that was rude"}`, http.StatusOK)
	<-eve.ended
	if c := closed(t, eve.err); c.Code != proto.CloseKicked || c.Text != "that was rude" {
		t.Errorf("eve was closed with %v", c)
	}
	ann.plays(t, 10)
	f.operate(0, "POST", "/v1/rooms/room/kick", `{"player":"`+id+`"}`, http.StatusNotFound)
	f.operate(0, "POST", "/v1/rooms/nowhere/kick", `{"player":"`+id+`"}`, http.StatusNotFound)
	f.operate(0, "POST", "/v1/rooms/room/kick", `{"who":"`+id+`"}`, http.StatusBadRequest)
	join(t, f.through(0, "room", "eve")).plays(t, 5) // a kick is no ban
}
