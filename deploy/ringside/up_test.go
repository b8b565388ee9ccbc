package main

import (
	"strings"
	"testing"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func TestUpPlan(t *testing.T) {
	c := upConfig{dir: t.TempDir(), mode: "proxy", logLevel: "warn", servers: 2, bots: 3, players: 4, spar: 5, args: []string{"-checks"}}
	p := c.plan("/bin", []fleet.Address{{HTTP: "127.0.0.1:1", Gossip: "127.0.0.1:2"}, {HTTP: "127.0.0.1:3", Gossip: "127.0.0.1:4"}, {HTTP: "127.0.0.1:5", Gossip: "127.0.0.1:6"}})
	const seeds = " -seeds 127.0.0.1:2,127.0.0.1:4,127.0.0.1:6 -log-level warn"
	for _, tt := range []struct {
		p    fleet.Process
		want string
	}{
		{p.Router, "/bin/router -name router-1 -listen 127.0.0.1:1 -gossip 127.0.0.1:2" + seeds + " -drain 0s -tickets-per-address 0 -mode proxy"},
		{p.Servers[0], "/bin/gameserver -name game-1 -listen 127.0.0.1:3 -gossip 127.0.0.1:4" + seeds + " -checks"},
		{p.Servers[1], "/bin/gameserver -name game-2 -listen 127.0.0.1:5 -gossip 127.0.0.1:6" + seeds + " -checks"},
		{p.Bots[0], "/bin/bots -router http://127.0.0.1:1 -rooms 3 -players 4"},
		{p.Bots[1], "/bin/bot -router http://127.0.0.1:1 -spar 5 -options {}"},
		{p.Extra, "/bin/gameserver -name game-3 -listen 127.0.0.1:0 -seeds 127.0.0.1:2"},
	} {
		if got := tt.p.Command(); got != tt.want {
			t.Errorf("got\n%s\nwant\n%s", got, tt.want)
		}
	}
}

func TestUpRefuses(t *testing.T) {
	for want, args := range map[string]string{
		"-servers is 0": "-servers=0", "-servers is 65": "-servers=65", "-spar is -1": "-spar=-1", "-players is 0": "-players=0",
		"accepts at most 1 arg": "a b", "is in no Go module": "/",
	} {
		var out output
		if err := execute(t.Context(), append([]string{"up"}, strings.Fields(args)...), nil, &out, &out); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", args, err, want)
		}
	}
}
