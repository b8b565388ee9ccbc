package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/internal/scaffold"
)

// maxServers is more than a machine can make use of; each is a process with its own tick workers.
const maxServers = 64

// upConfig is what the flags of up say.
type upConfig struct {
	dir, mode, logLevel string
	servers             int
	bots, players       int
	spar                int
	freePorts           bool
	args                []string
}

func newUp() *cobra.Command {
	var c upConfig
	cmd := &cobra.Command{
		Use:   "up [DIR] [-- SERVER-FLAGS]",
		Short: "Start a fleet of a game on this machine: a router, some game servers, and bots",
		Long: `Build the game server in DIR (by default the working directory) and start a router and several servers of it, which find each
other by gossip. What is killed stays killed: kill a server, and see the game go on. ^C ends all of it.`,
		Example: `  ringside up
  ringside up -bots 2 -players 4
  ringside up -servers 5 -mode proxy -- -checks
  ringside up ./gameserver -spar 5     # the arena, in Ringside's own checkout, with bots`,
		Args: directory,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.dir, c.args = split(cmd, args)
			return up(cmd.Context(), c, fleet.NewConsole(cmd.OutOrStdout(), fleet.Colourful(os.Stdout, os.LookupEnv)))
		},
	}
	cmd.Flags().IntVar(&c.servers, "servers", 3, "game servers to start")
	cmd.Flags().IntVar(&c.bots, "bots", 0, "rooms to fill with the game's bots, which are in DIR/bots")
	cmd.Flags().IntVar(&c.players, "players", 2, "bots in each of these rooms")
	cmd.Flags().IntVar(&c.spar, "spar", 0, "bring each room of quick match up to so many `players`, with bots; the game's tables must be the arena's")
	cmd.Flags().StringVar(&c.mode, "mode", "redirect", "the router's mode: redirect or proxy")
	cmd.Flags().BoolVar(&c.freePorts, "free-ports", false, "use any free ports in place of 8080 and 9001, 9002, …")
	cmd.Flags().StringVar(&c.logLevel, "log-level", "info", "least `level` that router and game servers log: debug, info, warn or error")
	_ = cmd.RegisterFlagCompletionFunc("mode", cobra.FixedCompletions([]string{"redirect", "proxy"}, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	return cmd
}

func up(ctx context.Context, c upConfig, out *fleet.Console) error {
	if c.servers < 1 || c.servers > maxServers {
		return fmt.Errorf("-servers is %d; use 1 to %d", c.servers, maxServers)
	}
	if c.spar < 0 || c.bots < 0 || c.players < 1 {
		return fmt.Errorf("-spar is %d, -bots is %d and -players is %d; -players is 1 or more, the others are not negative", c.spar, c.bots, c.players)
	}
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()
	bin, err := c.build(ctx, out)
	if err != nil {
		return err
	}
	addresses, err := fleet.PickAddresses(c.servers, c.freePorts)
	if err != nil {
		return err
	}
	return fleet.Run(ctx, c.plan(bin, addresses), out, func(f *fleet.Fleet) {
		url := f.Plan.Router.URL
		out.Printf("\nThe fleet is up: a router and %d game servers. ^C ends all of it.\n\n  play it       %s/\n  watch it      %s/fleet\n  add a server  %s\n\n%s\n",
			c.servers, url, url, f.Plan.Extra.Command(), f.Processes())
	})
}

// build builds the programs into .bin of the game's module and gives that folder.
func (c upConfig) build(ctx context.Context, out *fleet.Console) (string, error) {
	root, err := fleet.ModuleRoot(ctx, c.dir)
	if err != nil {
		return "", err
	}
	dir, err := filepath.Abs(c.dir)
	if err != nil {
		return "", err
	}
	bin := filepath.Join(root, ".bin")
	out.Printf("building into %s …\n", bin)
	programs := map[string]string{"gameserver": ".", "router": scaffold.Module + "/router"}
	if c.spar > 0 {
		programs["bot"] = scaffold.Module + "/clients/bot"
	}
	for name, pkg := range programs {
		if err := fleet.Build(ctx, dir, filepath.Join(bin, name), out, pkg); err != nil {
			return "", fmt.Errorf("%s: %w", pkg, err)
		}
	}
	if c.bots > 0 {
		if _, err := buildBots(ctx, c.dir, "./bots", false, out); err != nil {
			return "", err
		}
	}
	return bin, nil
}

// plan makes the command lines. addresses are the router's and then each server's.
func (c upConfig) plan(bin string, addresses []fleet.Address) fleet.Plan {
	b := fleet.Builder{Bin: bin, Seeds: fleet.Seeds(addresses), LogLevel: c.logLevel}
	p := fleet.Plan{Router: b.Router("router-1", addresses[0], "-mode", c.mode), Extra: b.Extra("game-"+strconv.Itoa(c.servers+1), addresses[0].Gossip)}
	if page := filepath.Join(c.dir, "page"); exists(filepath.Join(page, "index.html")) {
		p.Router.Args = append(p.Router.Args, "-pages", page)
	}
	for i, a := range addresses[1:] {
		p.Servers = append(p.Servers, b.GameServer("game-"+strconv.Itoa(i+1), a, c.args...))
	}
	if c.bots > 0 {
		p.Bots = append(p.Bots, fleet.Process{Name: "bots", Program: filepath.Join(bin, botsProgram),
			Args: []string{"-router", p.Router.URL, "-rooms", strconv.Itoa(c.bots), "-players", strconv.Itoa(c.players)}})
	}
	if c.spar > 0 {
		p.Bots = append(p.Bots, b.Spar(p.Router.URL, c.spar))
	}
	return p
}

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}
