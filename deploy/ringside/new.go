package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/scaffold"
)

func newNew() *cobra.Command {
	var g scaffold.Game
	c := &cobra.Command{
		Use:   "new DIR",
		Short: "Write a new game: rules, tests, a page, and what deploys it",
		Long: `Write a new game into the folder DIR, which is made: a Go module with the rules and their tests, a page for browsers, a Makefile,
a Dockerfile, an overlay for Kubernetes, and an AGENTS.md for coding agents. The folder's name is the game's name.

  turns    noughts and crosses: two players, one move at a time
  arena    runners who collect coins at 30 ticks a second, with prediction
  cursors  everybody's cursor on one canvas`,
		Example: `  ringside new tag -template arena
  ringside new tag -template turns -replace ~/src/ringside   # with that checkout in place of the published module`,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return fmt.Errorf("name one folder for the game, as in ringside new tag; %d are given", len(args))
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			g.Dir = args[0]
			if g.Version = version(debug.ReadBuildInfo()); g.Version == "" {
				if g.Replace == "" {
					g.Replace = checkout()
				}
				if g.Replace == "" {
					return errors.New("this command was built from a checkout that is not there any more, and its version cannot be downloaded; name a checkout with -replace")
				}
				fmt.Fprintf(cmd.OutOrStdout(), "The game builds with the checkout of Ringside in %s, see go.mod.\n\n", g.Replace)
				g.Version = "v0.0.0"
			}
			files, err := scaffold.Write(g)
			if err != nil {
				return err
			}
			for _, f := range files {
				fmt.Fprintln(cmd.OutOrStdout(), "  "+f)
			}
			tidy := exec.CommandContext(cmd.Context(), "go", "mod", "tidy")
			tidy.Dir = g.Dir
			tidy.Env = append(os.Environ(), "GOWORK=off")
			if out, err := tidy.CombinedOutput(); err != nil {
				return fmt.Errorf("the files are written, but go mod tidy in %s failed: %w\n%s", g.Dir, err, out)
			}
			fmt.Fprintf(cmd.OutOrStdout(), "\nNext:\n\n  cd %s\n  make test   # the rules, and that rooms can move\n  make dev    # play at http://127.0.0.1:8080/ while you change it\n", g.Dir)
			return nil
		},
	}
	c.Flags().StringVar(&g.Template, "template", "arena", "the game to begin with: "+strings.Join(scaffold.Templates, ", "))
	c.Flags().StringVar(&g.Module, "module", "", "Go module `path` (default example.com/ and the folder's name)")
	c.Flags().StringVar(&g.Replace, "replace", "", "`folder` with a checkout of Ringside, in place of the published module (default the one that this command was built from, if it was)")
	_ = c.RegisterFlagCompletionFunc("template", cobra.FixedCompletions(scaffold.Templates, cobra.ShellCompDirectiveNoFileComp)) // the flag is there
	_ = c.MarkFlagDirname("replace")
	return c
}

// checkout is the folder that this program was built from; "" if it is not there, or the program does not know it.
func checkout() string {
	_, file, _, ok := runtime.Caller(0)
	root := filepath.Dir(filepath.Dir(filepath.Dir(file))) // of deploy/ringside/new.go
	if text, err := os.ReadFile(filepath.Join(root, "go.mod")); !ok || err != nil || !strings.HasPrefix(string(text), "module "+scaffold.Module+"\n") {
		return ""
	}
	return root
}

// version is Ringside's in go.mod of a game that this program begins; "" if it is not a published one.
func version(info *debug.BuildInfo, ok bool) string {
	if !ok {
		return ""
	}
	for _, m := range append(info.Deps, &info.Main) {
		if m.Path == scaffold.Module && m.Replace == nil && strings.HasPrefix(m.Version, "v") && !strings.Contains(m.Version, "+") {
			return m.Version
		}
	}
	return ""
}
