package main

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/deploy/internal/scaffold"
)

// botStop is how long bots may take to end and to report.
const botStop = 10 * time.Second

func newBots() *cobra.Command {
	var router, pkg string
	var rooms, players int
	var length time.Duration
	var arena bool
	cmd := &cobra.Command{
		Use:   "bots [DIR] [-- BOT-FLAGS]",
		Short: "Fill rooms of a running fleet with bots, and report what they saw",
		Long: `Build the bots of the game in DIR (by default the working directory) and let them play on a running fleet. A game's bots are a
program in its folder bots, on the package clients/goclient/bots of Ringside; ringside new writes one. They end with a report: ticks, bytes,
moves, and whatever was lost. The exit status is 1 if something was.`,
		Example: `  ringside bots -rooms 5 -players 4 -for 30s
  ringside bots -router http://play.example.com -- -options '{"seats":4}'
  ringside bots -arena -rooms 20 -players 8      # the stock arena's bots`,
		Args: directory,
		RunE: func(cmd *cobra.Command, args []string) error {
			dir, rest := split(cmd, args)
			file, err := buildBots(cmd.Context(), dir, pkg, arena, fleet.NewConsole(cmd.ErrOrStderr(), false))
			if err != nil {
				return err
			}
			args = append([]string{"-router", router, "-rooms", strconv.Itoa(rooms), "-players", strconv.Itoa(players), "-for", length.String()}, rest...)
			return runBots(cmd.Context(), fleet.Process{Name: "bots", Program: file, Args: args}, fleet.NewConsole(cmd.OutOrStdout(), false))
		},
	}
	cmd.Flags().StringVar(&router, "router", "http://127.0.0.1:8080", "base `URL` of a router")
	cmd.Flags().StringVar(&pkg, "package", "./bots", "the bots' `package`, from DIR")
	cmd.Flags().IntVar(&rooms, "rooms", 1, "rooms to fill")
	cmd.Flags().IntVar(&players, "players", 2, "bots in each room")
	cmd.Flags().DurationVar(&length, "for", 0, "how long to play; 0 means until stopped")
	cmd.Flags().BoolVar(&arena, "arena", false, "the stock arena's bots, for games whose tables are the arena's")
	return cmd
}

// botsProgram is the file of a game's bots in .bin.
const botsProgram = "bots"

// buildBots builds a game's bots into .bin of its module, and gives the program.
func buildBots(ctx context.Context, dir, pkg string, arena bool, out *fleet.Console) (string, error) {
	root, err := fleet.ModuleRoot(ctx, dir)
	if err != nil {
		return "", err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", err
	}
	file := filepath.Join(root, ".bin", botsProgram)
	switch {
	case arena:
		pkg = scaffold.Module + "/clients/bot"
	case filepath.IsLocal(pkg) && !exists(filepath.Join(dir, pkg)):
		return "", fmt.Errorf("there are no bots in %s: write them on package %s/clients/goclient/bots, name another folder with -package, or take the arena's with -arena",
			filepath.Join(dir, pkg), scaffold.Module)
	}
	return file, fleet.Build(ctx, dir, file, out, pkg)
}

// runBots runs bots until they end, or asks them to when ctx ends.
func runBots(ctx context.Context, p fleet.Process, out *fleet.Console) error {
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()
	child, err := p.Start(out, 0, make(chan *fleet.Child, 1))
	if err != nil {
		return err
	}
	select {
	case <-child.Done:
	case <-ctx.Done():
		fleet.Stop([]*fleet.Child{child}, botStop)
	}
	if child.Err != nil {
		return fmt.Errorf("the bots ended with %s; their report is above", child.Verdict())
	}
	return nil
}
