package main

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/placement"
)

func TestFleetViewMatch(t *testing.T) {
	for _, tt := range []struct{ doc, want string }{
		{`[{"name":"router-1","state":"serving"},{"name":"game-1","state":"serving","reachable":true}]`, ""},
		{`[{"name":"router-1","state":"serving"},{"name":"game-1","state":"draining","reachable":true}]`, "game-1 is draining"},
		{`[{"name":"router-1","state":"serving"},{"name":"game-1","state":"serving","reachable":false}]`, "game-1 is not reached"},
		{`[{"name":"router-1","state":"serving"}]`, "sees [router-1], there are [game-1 router-1]"},
	} {
		var v fleetView
		if err := json.Unmarshal([]byte(`{"members":`+tt.doc+`}`), &v); err != nil {
			t.Fatal(err)
		}
		if err := v.match([]string{"game-1", "router-1"}); said(err) != tt.want {
			t.Errorf("%s: %v, want %q", tt.doc, err, tt.want)
		}
	}
}

func TestRoomCheck(t *testing.T) {
	servers := []string{"game-1", "game-2", "game-3"}
	order := placement.New([]placement.Server{{Name: "game-1"}, {Name: "game-2"}, {Name: "game-3"}}).Order(nil, "r", 3)
	type server struct {
		serverView
		rooms []roomView
	}
	led := func(by, standby, role string) server {
		return server{serverView{Name: by, State: "serving"}, []roomView{{Room: "r", Role: role, Standbys: []string{standby}, Connected: 8}}}
	}
	home := led(order[0], order[1], "leading")
	for _, tt := range []struct {
		servers []server
		want    string
	}{
		{[]server{home}, ""},
		{[]server{home, home}, "room r is led by " + order[0] + " and by " + order[0]},
		{[]server{led(order[1], order[0], "leading")}, "belongs to " + order[0]},
		{[]server{led(order[0], order[2], "leading")}, "needs them on [" + order[1] + "]"},
		{[]server{led(order[0], order[1], "suspended")}, "is suspended"},
		{[]server{{serverView: serverView{Name: "game-1", State: "draining"}}}, "game-1 is draining"},
		{[]server{{serverView: serverView{Name: "game-1", State: "serving", Suspended: true}}}, "suspended: true"},
	} {
		c := newRoomCheck(servers)
		var err error
		for _, s := range tt.servers {
			if err == nil {
				err = c.add(s.serverView, s.rooms)
			}
		}
		if (err == nil) != (tt.want == "") || !strings.Contains(said(err), tt.want) {
			t.Errorf("%+v: %v, want %q", tt.servers, err, tt.want)
		}
		if err == nil && c.connected != 8 {
			t.Errorf("%d players are connected, want 8", c.connected)
		}
	}
	alone := newRoomCheck(servers[:1])
	if err := alone.add(serverView{Name: "game-1", State: "serving"}, []roomView{{Room: "r", Role: "leading", Standbys: []string{}}}); err != nil {
		t.Errorf("a server alone needs no copies: %v", err)
	}
}

func said(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}
