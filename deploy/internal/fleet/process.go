// Package fleet runs the processes of a fleet on this machine, on loopback: a router, game servers and bots, with one
// console for all that they print. It restarts nothing.
package fleet

import (
	"path/filepath"
	"strconv"
	"strings"
)

// Ports that people remember.
const (
	RouterPort = 8080
	ServerPort = 9000 // game server n listens on 9000+n
)

// Address is where a process of the fleet listens, each as host:port.
type Address struct{ HTTP, Gossip string }

// Process is one program to start.
type Process struct {
	Name    string
	Program string // its file
	Args    []string
	Env     []string // besides this process's own
	URL     string   // where it answers HTTP; empty for bots
}

// Command is p as a person would type it.
func (p Process) Command() string { return p.Program + " " + strings.Join(p.Args, " ") }

// Builder makes the command lines of one fleet. Its programs are in Bin: router, bot and the game server, which is named
// gameserver if Server is empty.
type Builder struct{ Bin, Server, Seeds, LogLevel string }

// Router is the command line of a router.
func (b Builder) Router(name string, a Address, args ...string) Process {
	p := b.member("router", name, a, "-drain", "0s", // no load balancer to wait for
		"-tickets-per-address", "0") // all the players are at one address
	p.Args = append(p.Args, args...)
	return p
}

// GameServer is the command line of a game server.
func (b Builder) GameServer(name string, a Address, args ...string) Process {
	p := b.member(b.server(), name, a)
	p.Args = append(p.Args, args...)
	return p
}

// Extra is a further game server, for a person to start.
func (b Builder) Extra(name, seed string, args ...string) Process {
	return Process{
		Program: filepath.Join(b.Bin, b.server()),
		Args:    append([]string{"-name", name, "-listen", Loopback(0), "-seeds", seed}, args...),
	}
}

func (b Builder) server() string {
	if b.Server == "" {
		return "gameserver"
	}
	return b.Server
}

func (b Builder) member(program, name string, a Address, args ...string) Process {
	return Process{
		Name: name, Program: filepath.Join(b.Bin, program), URL: "http://" + a.HTTP,
		Args: append([]string{"-name", name, "-listen", a.HTTP, "-gossip", a.Gossip, "-seeds", b.Seeds, "-log-level", b.LogLevel}, args...),
	}
}

// Bots is the command line of bots that fill rooms.
func (b Builder) Bots(router string, rooms, players int, args ...string) Process {
	return b.bot("bots", router, append([]string{"-rooms", strconv.Itoa(rooms), "-players", strconv.Itoa(players)}, args...)...)
}

// Spar is the command line of bots that bring each room of quick match up to so many players. It asks for rooms without
// options, as those do who ask for a match without any.
func (b Builder) Spar(router string, players int) Process {
	return b.bot("sparring", router, "-spar", strconv.Itoa(players), "-options", "{}")
}

func (b Builder) bot(name, router string, args ...string) Process {
	return Process{Name: name, Program: filepath.Join(b.Bin, "bot"), Args: append([]string{"-router", router}, args...)}
}

// Seeds is the value of -seeds for members at these addresses.
func Seeds(addresses []Address) string {
	var gossip []string
	for _, a := range addresses {
		gossip = append(gossip, a.Gossip)
	}
	return strings.Join(gossip, ",")
}

// Loopback is a port of this machine as host:port; 0 is any free one.
func Loopback(port int) string { return "127.0.0.1:" + strconv.Itoa(port) }
