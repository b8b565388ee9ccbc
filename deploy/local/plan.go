package main

import (
	"fmt"
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
	logLevel               string

	// Of chaos only.
	length time.Duration // of all phases together, about
	only   string        // names of phases; empty: all
	calm   time.Duration // between faults
	seed   uint64        // 0: any
	json   string        // file for the report; empty: none
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
	case c.bots > 0 && c.players < 1:
		return fmt.Errorf("-players is %d; a room needs at least 1", c.players)
	}
	return nil
}

// newPlan makes the command lines. addresses are the router's and then each server's; bin is where the programs are.
func newPlan(c config, bin string, addresses []fleet.Address) fleet.Plan {
	b := fleet.Builder{Bin: bin, Seeds: fleet.Seeds(addresses), LogLevel: c.logLevel}
	p := fleet.Plan{Router: b.Router("router-1", addresses[0], "-mode", c.mode)}
	for i, a := range addresses[1:] {
		p.Servers = append(p.Servers, b.GameServer("game-"+strconv.Itoa(i+1), a, "-checks="+strconv.FormatBool(c.checks)))
	}
	p.Extra = b.Extra("game-"+strconv.Itoa(c.servers+1), addresses[0].Gossip)
	if c.bots > 0 {
		p.Bots = append(p.Bots, b.Bots(p.Router.URL, c.bots, c.players, "-for", "0"))
	}
	if c.spar > 0 {
		p.Bots = append(p.Bots, b.Spar(p.Router.URL, c.spar))
	}
	return p
}
