package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// config is what the flags say.
type config struct {
	servers, bots, players int
	mode                   string
	freePorts, checks      bool
	bin                    string
	logLevel               string
}

const (
	routerPort = 8080
	serverPort = 9000 // game server n listens on 9000+n
	// maxServers is more than a machine can make use of; each is a process with its own tick workers.
	maxServers = 64
)

func (c config) validate() error {
	switch {
	case c.servers < 1 || c.servers > maxServers:
		return fmt.Errorf("-servers is %d; use 1 to %d", c.servers, maxServers)
	case c.bots < 0:
		return fmt.Errorf("-bots is %d; it is a number of rooms", c.bots)
	case c.bots > 0 && c.players < 1:
		return fmt.Errorf("-players is %d; a room needs at least 1", c.players)
	}
	return nil
}

// address is where a process of the fleet listens, on loopback.
type address struct{ http, gossip int }

// process is one program to start.
type process struct {
	name    string
	program string // its file
	args    []string
	env     []string // besides this process's own
	url     string   // where it answers HTTP; empty for bots
}

// plan is what runs on this machine.
type plan struct {
	router  process
	servers []process
	bots    *process // nil: none
	extra   process  // a further game server, for a person to start
}

// newPlan makes the command lines. addresses are the router's and then each server's; bin is where the programs are.
func newPlan(c config, bin string, addresses []address) plan {
	var gossip []string
	for _, a := range addresses {
		gossip = append(gossip, loopback(a.gossip))
	}
	seeds := strings.Join(gossip, ",")
	common := func(name string, a address) []string {
		return []string{"-name", name, "-listen", loopback(a.http), "-gossip", loopback(a.gossip), "-seeds", seeds, "-log-level", c.logLevel}
	}
	router := addresses[0]
	p := plan{router: process{
		name: "router-1", program: filepath.Join(bin, "router"), url: "http://" + loopback(router.http),
		args: append(common("router-1", router), "-mode", c.mode, "-drain", "0s"), // no load balancer to wait for
	}}
	server := filepath.Join(bin, "gameserver")
	for i, a := range addresses[1:] {
		name := "game-" + strconv.Itoa(i+1)
		p.servers = append(p.servers, process{
			name: name, program: server, url: "http://" + loopback(a.http),
			args: append(common(name, a), "-checks="+strconv.FormatBool(c.checks)),
		})
	}
	p.extra = process{
		program: server,
		args:    []string{"-name", "game-" + strconv.Itoa(c.servers+1), "-listen", loopback(0), "-seeds", gossip[0]},
	}
	if c.bots > 0 {
		p.bots = &process{name: "bots", program: filepath.Join(bin, "bot"), args: []string{
			"-router", p.router.url, "-rooms", strconv.Itoa(c.bots), "-players", strconv.Itoa(c.players), "-for", "0",
		}}
	}
	return p
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// command is p as a person would type it.
func (p process) command() string { return p.program + " " + strings.Join(p.args, " ") }
