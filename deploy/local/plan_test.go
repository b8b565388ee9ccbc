package main

import (
	"net"
	"strings"
	"testing"
)

func TestPlan(t *testing.T) {
	c := config{servers: 2, bots: 3, players: 4, spar: 5, mode: "proxy", checks: true, logLevel: "warn"}
	p := newPlan(c, "/bin", []address{
		{"127.0.0.1:8080", "127.0.0.1:7000"}, {"127.0.0.1:9001", "127.0.0.1:7001"}, {"127.0.0.1:9002", "127.0.0.1:7002"},
	})
	const seeds = "127.0.0.1:7000,127.0.0.1:7001,127.0.0.1:7002"
	for _, tt := range []struct {
		p              process
		name, url, cmd string
	}{
		{p.router, "router-1", "http://127.0.0.1:8080", "/bin/router -name router-1 -listen 127.0.0.1:8080 -gossip 127.0.0.1:7000 -seeds " +
			seeds + " -log-level warn -drain 0s -tickets-per-address 0 -mode proxy"},
		{p.servers[0], "game-1", "http://127.0.0.1:9001", "/bin/gameserver -name game-1 -listen 127.0.0.1:9001 -gossip 127.0.0.1:7001 -seeds " +
			seeds + " -log-level warn -checks=true"},
		{p.servers[1], "game-2", "http://127.0.0.1:9002", "/bin/gameserver -name game-2 -listen 127.0.0.1:9002 -gossip 127.0.0.1:7002 -seeds " +
			seeds + " -log-level warn -checks=true"},
		{p.bots[0], "bots", "", "/bin/bot -router http://127.0.0.1:8080 -rooms 3 -players 4 -for 0"},
		{p.bots[1], "sparring", "", "/bin/bot -router http://127.0.0.1:8080 -spar 5 -options {}"},
		{p.extra, "", "", "/bin/gameserver -name game-3 -listen 127.0.0.1:0 -seeds 127.0.0.1:7000"},
	} {
		if tt.p.name != tt.name || tt.p.url != tt.url || tt.p.command() != tt.cmd {
			t.Errorf("got %s at %s:\n%s\nwant %s at %s:\n%s", tt.p.name, tt.p.url, tt.p.command(), tt.name, tt.url, tt.cmd)
		}
	}
	c.state = "/state"
	kept := newPlan(c, "", []address{{}, {}, {}})
	for cmd, want := range map[string]string{
		kept.router.command():     " -results sqlite:/state/results -boards arena=arena:sum",
		kept.servers[1].command(): " -results -data /state/game-2",
		kept.extra.command():      " -results -data /state/game-3",
	} {
		if !strings.HasSuffix(cmd, want) {
			t.Errorf("with a store: %s, want %s at its end", cmd, want)
		}
	}
	c.bots, c.spar, c.state = 0, 0, ""
	if p := newPlan(c, "", []address{{}, {}, {}}); p.bots != nil || len(p.servers) != 2 {
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
		"-players is 0":  {servers: 1, bots: 1},
		"-spar is -1":    {servers: 1, spar: -1},
	} {
		if err := c.validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v; want %q", c, err, want)
		}
	}
}

func TestPickAddresses(t *testing.T) {
	addresses, err := pickAddresses(config{servers: 5, freePorts: true})
	if err != nil || len(addresses) != 6 {
		t.Fatalf("%v, %v", addresses, err)
	}
	seen := map[string]bool{}
	for _, a := range addresses {
		if seen[a.http] || seen[a.gossip] || a.http == a.gossip {
			t.Errorf("a port is picked twice: %v", addresses)
		}
		seen[a.http], seen[a.gossip] = true, true
	}
}

func TestPickAddressesNamesThePortInUse(t *testing.T) {
	l, err := net.Listen("tcp", loopback(routerPort))
	if err == nil { // otherwise something else holds it, which serves as well
		defer l.Close()
	}
	_, err = pickAddresses(config{servers: 1})
	if err == nil || !strings.Contains(err.Error(), "127.0.0.1:8080") || !strings.Contains(err.Error(), "-free-ports") {
		t.Errorf("error is %v", err)
	}
}
