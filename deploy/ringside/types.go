package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/declare"
	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func newTypes() *cobra.Command {
	var game, server, program, out, pkg string
	c := &cobra.Command{
		Use:   "types [DIR]",
		Short: "Declare a game's tables, values, events and inputs in TypeScript or Go",
		Long: `Write declarations of a game for its clients, from the game server in DIR (by default the working directory), which is built for it,
from a program, or from a running server. The name of the file decides what is written:

  .ts    TypeScript, with the game's name and its fingerprint as constants
  .d.ts  TypeScript, types only
  .go    Go, for clients/goclient

With them join, send, predict and tables of @ringside-go/client are typed: a wrong name does not compile.`,
		Example: `  ringside types -o page/src/game.ts
  ringside types -program .bin/gameserver -o client/game.go
  ringside types -server http://127.0.0.1:9001 -game arena`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			dir := "."
			if len(args) > 0 {
				dir = args[0]
			}
			games, err := describe(cmd.Context(), cmd, dir, program, server)
			if err != nil {
				return err
			}
			g, err := declare.Choose(games, game)
			if err != nil {
				return err
			}
			text, err := declaration(g, out, pkg)
			if err != nil {
				return err
			}
			if out == "" {
				_, err = cmd.OutOrStdout().Write(text)
				return err
			}
			return os.WriteFile(out, text, 0o666)
		},
	}
	c.Flags().StringVarP(&out, "out", "o", "", "`file` to write: .ts, .d.ts or .go (default TypeScript on the standard output)")
	c.Flags().StringVar(&game, "game", "", "`name` of the game, if the server has several")
	c.Flags().StringVar(&server, "server", "", "`URL` of a running game server, at its internal listener if it has one")
	c.Flags().StringVar(&program, "program", "", "`file` of a game server's program that is built already")
	c.Flags().StringVar(&pkg, "package", "", "`name` of the Go package (default that of the file's folder)")
	return c
}

// describe asks the program, the server, or the game in dir, for its games.
func describe(ctx context.Context, cmd *cobra.Command, dir, program, server string) ([]declare.Game, error) {
	switch {
	case program != "" && server != "":
		return nil, errors.New("-program and -server are both given; give one")
	case server != "":
		return declare.FromServer(ctx, server)
	case program != "":
		return declare.FromProgram(ctx, program)
	}
	if _, err := fleet.ModuleRoot(ctx, dir); err != nil {
		return nil, err
	}
	bin, err := os.MkdirTemp("", "ringside-types-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(bin)
	file := filepath.Join(bin, "gameserver")
	if err := fleet.Build(ctx, dir, file, fleet.NewConsole(cmd.ErrOrStderr(), false), "."); err != nil {
		return nil, err
	}
	return declare.FromProgram(ctx, file)
}

// declaration writes g for the file out.
func declaration(g declare.Game, out, pkg string) ([]byte, error) {
	switch {
	case strings.HasSuffix(out, ".d.ts"):
		return []byte(declare.TypeScript(g)), nil
	case out == "", strings.HasSuffix(out, ".ts"):
		return []byte(declare.TypeScriptModule(g)), nil
	case strings.HasSuffix(out, ".go"):
		if pkg == "" {
			dir, err := filepath.Abs(filepath.Dir(out))
			if err != nil {
				return nil, err
			}
			pkg = strings.ReplaceAll(filepath.Base(dir), "-", "")
		}
		return declare.Go(g, pkg)
	}
	return nil, fmt.Errorf("-o is %s; write a file that ends in .ts, .d.ts or .go", out)
}
