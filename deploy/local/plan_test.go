package main

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func TestPlan(t *testing.T) {
	c := config{servers: 2, bots: 3, players: 4, spar: 5, mode: "proxy", checks: true, logLevel: "warn"}
	p := newPlan(c, "/bin", []fleet.Address{
		{HTTP: "127.0.0.1:8080", Gossip: "127.0.0.1:7000"}, {HTTP: "127.0.0.1:9001", Gossip: "127.0.0.1:7001"}, {HTTP: "127.0.0.1:9002", Gossip: "127.0.0.1:7002"},
	})
	const seeds = "127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002"
	for _, tt := range []struct {
		p              fleet.Process
		name, url, cmd string
	}{
		{p.Router, "router-1", "http://127.0.0.1:8080", "/bin/router -name router-1 -listen 127.0.0.1:8080 -gossip 127.0.0.1:7000 -seeds " +
			seeds + " -log-level warn -drain 0s -tickets-per-address 0 -mode proxy"},
		{p.Servers[0], "game-1", "http://127.0.0.1:9001", "/bin/gameserver -name game-1 -listen 127.0.0.1:9001 -gossip 127.0.0.1:7001 -seeds " +
			seeds + " -log-level warn -checks=true"},
		{p.Servers[1], "game-2", "http://127.0.0.1:9002", "/bin/gameserver -name game-2 -listen 127.0.0.1:9002 -gossip 127.0.0.1:7002 -seeds " +
			seeds + " -log-level warn -checks=true"},
		{p.Bots[0], "bots", "", "/bin/bot -router http://127.0.0.1:8080 -rooms 3 -players 4 -for 0"},
		{p.Bots[1], "sparring", "", "/bin/bot -router http://127.0.0.1:8080 -spar 5 -options {}"},
		{p.Extra, "", "", "/bin/gameserver -name game-3 -listen 127.0.0.1:0 -seeds 127.0.0.1:7000"},
	} {
		if tt.p.Name != tt.name || tt.p.URL != tt.url || tt.p.Command() != tt.cmd {
			t.Errorf("got %s at %s:\n%s\nwant %s at %s:\n%s", tt.p.Name, tt.p.URL, tt.p.Command(), tt.name, tt.url, tt.cmd)
		}
	}
	c.state, c.webhooks = "/state", "hooks.json"
	kept := newPlan(c, "", []fleet.Address{{}, {}, {}})
	for cmd, want := range map[string]string{
		kept.Router.Command():     " -results sqlite:/state/results -boards arena=arena:sum,ranked=arena:elo:week -webhooks hooks.json",
		kept.Servers[1].Command(): " -results -data /state/game-2",
		kept.Extra.Command():      " -results -data /state/game-3",
	} {
		if !strings.HasSuffix(cmd, want) {
			t.Errorf("with a store: %s, want %s at its end", cmd, want)
		}
	}
	c.bots, c.spar, c.state, c.webhooks = 0, 0, "", ""
	if p := newPlan(c, "", []fleet.Address{{}, {}, {}}); p.Bots != nil || len(p.Servers) != 2 {
		t.Errorf("without bots: %+v", p)
	}
}

func TestValidate(t *testing.T) {
	good := config{servers: 3, bots: 1, players: 2}
	if err := good.validate(); err != nil {
		t.Error(err)
	}
	for want, c := range map[string]config{
		"-servers is 0":  {},
		"-servers is 65": {servers: 65},
		"-bots is -1":    {servers: 1, bots: -1},
		"needs -state":   {servers: 1, webhooks: "hooks.json"},
		"-players is 0":  {servers: 1, bots: 1},
		"-spar is -1":    {servers: 1, spar: -1},
	} {
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", c, err, want)
		}
	}
}
