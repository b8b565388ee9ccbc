package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// config is what the flags say.
type config struct {
	servers, bots, players int
	spar                   int
	mode                   string
	freePorts, checks      bool
	bin                    string
	state                  string // directory of the results store; empty: there is none
	webhooks               string // file with the endpoints of the results store; empty: there are none
	logLevel               string

	// Of chaos only.
	length time.Duration // of all phases together, about
	only   string        // names of phases; empty: all
	calm   time.Duration // between faults
	seed   uint64        // 0: any
	json   string        // file for the report; empty: none

	// Of attack only, which has only and json too.
	short, undefended bool
}

// maxServers is more than a machine can make use of; each is a process with its own tick workers.
const maxServers = 64

func (c config) validate() error {
	switch {
	case c.servers < 1 || c.servers > maxServers:
		return fmt.Errorf("-servers is %d; use 1 to %d", c.servers, maxServers)
	case c.bots < 0:
		return fmt.Errorf("-bots is %d; it is a number of rooms", c.bots)
	case c.spar < 0:
		return fmt.Errorf("-spar is %d; it is a number of players", c.spar)
	case c.length < 0:
		return fmt.Errorf("-for is %v; it cannot be negative", c.length)
	case c.webhooks != "" && c.state == "":
		return fmt.Errorf("-webhooks needs -state: outcomes are delivered from the results store")
	case c.bots > 0 && c.players < 1:
		return fmt.Errorf("-players is %d; a room needs at least 1", c.players)
	}
	return nil
}

// newPlan makes the command lines. addresses are the router's and then each server's; bin is where the programs are.
func newPlan(c config, bin string, addresses []fleet.Address) fleet.Plan {
	b := fleet.Builder{Bin: bin, Seeds: fleet.Seeds(addresses), LogLevel: c.logLevel}
	p := fleet.Plan{Router: b.Router("router-1", addresses[0], append([]string{"-mode", c.mode}, c.keeps()...)...)}
	for i, a := range addresses[1:] {
		name := "game-" + strconv.Itoa(i+1)
		p.Servers = append(p.Servers, b.GameServer(name, a, append([]string{"-checks=" + strconv.FormatBool(c.checks)}, c.delivers(name)...)...))
	}
	extra := "game-" + strconv.Itoa(c.servers+1)
	p.Extra = b.Extra(extra, addresses[0].Gossip, c.delivers(extra)...)
	if c.bots > 0 {
		p.Bots = append(p.Bots, b.Bots(p.Router.URL, c.bots, c.players, "-for", "0"))
	}
	if c.spar > 0 {
		p.Bots = append(p.Bots, b.Spar(p.Router.URL, c.spar))
	}
	return p
}

// keeps are the router's flags of the results store, delivers those of a game server.
func (c config) keeps() []string {
	if c.state == "" {
		return nil
	}
	keeps := []string{"-results", "sqlite:" + filepath.Join(c.state, "results"), "-boards", "arena=arena:sum,ranked=arena:elo:week"}
	if c.webhooks != "" {
		keeps = append(keeps, "-webhooks", c.webhooks)
	}
	return keeps
}

func (c config) delivers(name string) []string {
	if c.state == "" {
		return nil
	}
	return []string{"-results", "-data", filepath.Join(c.state, name)}
}
