package main

import (
	"os"

	"github.com/spf13/cobra"

	"github.com/ringside-go/ringside/deploy/internal/dev"
	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

func newDev() *cobra.Command {
	var c dev.Config
	cmd := &cobra.Command{
		Use:   "dev [DIR] [-- SERVER-FLAGS]",
		Short: "Play a game while you change it: each save hands the running rooms to the new build",
		Long: `Build the game server in DIR (by default the working directory), run it behind a router, and watch the files of its module. At each save
the game is built, a server of the new build starts, and the running rooms move to it with their players. If the build fails, or the
new server does not start, the build before goes on.

Tables and fields of the state are carried over by name. A table or field that cannot go along is named, and then the rooms end.
The page, in DIR/page, is not built: load it again in the browser.`,
		Example: `  ringside dev
  ringside dev ./cmd/server -- -standbys 0 -checks`,
		Args: directory,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.Dir, c.Args = split(cmd, args)
			c.Console = fleet.NewConsole(cmd.OutOrStdout(), fleet.Colourful(os.Stdout, os.LookupEnv))
			return dev.Run(cmd.Context(), c)
		},
	}
	cmd.Flags().BoolVar(&c.FreePorts, "free-ports", false, "use any free port in place of 8080")
	cmd.Flags().StringVar(&c.LogLevel, "log-level", "warn", "least `level` that router and game server log: debug, info, warn or error")
	return cmd
}

// directory allows at most one argument before --.
func directory(cmd *cobra.Command, args []string) error {
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		args = args[:n]
	}
	return cobra.MaximumNArgs(1)(cmd, args)
}

// split gives the folder that args name, and what comes after --.
func split(cmd *cobra.Command, args []string) (dir string, rest []string) {
	if n := cmd.ArgsLenAtDash(); n >= 0 {
		args, rest = args[:n], args[n:]
	}
	if len(args) == 0 {
		return ".", rest
	}
	return args[0], rest
}
