package main

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// config is what the flags say.
type config struct {
	servers, bots, players int
	spar                   int
	mode                   string
	freePorts, checks      bool
	bin                    string
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
	case c.spar < 0:
		return fmt.Errorf("-spar is %d; it is a number of players", c.spar)
	case c.length < 0:
		return fmt.Errorf("-for is %v; it cannot be negative", c.length)
	case c.bots > 0 && c.players < 1:
		return fmt.Errorf("-players is %d; a room needs at least 1", c.players)
	}
	return nil
}

// address is where a process of the fleet listens, each as host:port.
type address struct{ http, gossip string }

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
	bots    []process // none, those that fill rooms, those that keep people company, or both
	extra   process   // a further game server, for a person to start
}

// newPlan makes the command lines. addresses are the router's and then each server's; bin is where the programs are.
func newPlan(c config, bin string, addresses []address) plan {
	b := builder{bin: bin, seeds: seeds(addresses), logLevel: c.logLevel}
	p := plan{router: b.router("router-1", addresses[0], "-mode", c.mode)}
	for i, a := range addresses[1:] {
		p.servers = append(p.servers, b.server("game-"+strconv.Itoa(i+1), a, "-checks="+strconv.FormatBool(c.checks)))
	}
	p.extra = process{
		program: filepath.Join(bin, "gameserver"),
		args:    []string{"-name", "game-" + strconv.Itoa(c.servers+1), "-listen", loopback(0), "-seeds", addresses[0].gossip},
	}
	if c.bots > 0 {
		p.bots = append(p.bots, b.bots(p.router.url, c.bots, c.players, "-for", "0"))
	}
	if c.spar > 0 {
		// No options: what those get who ask for a match without any, as the page does.
		p.bots = append(p.bots, process{name: "sparring", program: filepath.Join(bin, "bot"),
			args: []string{"-router", p.router.url, "-spar", strconv.Itoa(c.spar), "-options", "{}"}})
	}
	return p
}

// builder makes the command lines of one fleet.
type builder struct{ bin, seeds, logLevel string }

func (b builder) router(name string, a address, args ...string) process {
	p := b.member("router", name, a, "-drain", "0s", // no load balancer to wait for
		"-tickets-per-address", "0") // all the players are at one address
	p.args = append(p.args, args...)
	return p
}

func (b builder) server(name string, a address, args ...string) process {
	p := b.member("gameserver", name, a)
	p.args = append(p.args, args...)
	return p
}

func (b builder) member(program, name string, a address, args ...string) process {
	return process{
		name: name, program: filepath.Join(b.bin, program), url: "http://" + a.http,
		args: append([]string{"-name", name, "-listen", a.http, "-gossip", a.gossip, "-seeds", b.seeds, "-log-level", b.logLevel}, args...),
	}
}

func (b builder) bots(router string, rooms, players int, args ...string) process {
	return process{name: "bots", program: filepath.Join(b.bin, "bot"), args: append([]string{
		"-router", router, "-rooms", strconv.Itoa(rooms), "-players", strconv.Itoa(players),
	}, args...)}
}

func seeds(addresses []address) string {
	var gossip []string
	for _, a := range addresses {
		gossip = append(gossip, a.gossip)
	}
	return strings.Join(gossip, ",")
}

func loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }

// command is p as a person would type it.
func (p process) command() string { return p.program + " " + strings.Join(p.args, " ") }
