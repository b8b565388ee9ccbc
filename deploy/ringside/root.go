package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/ringside-go/ringside/internal/flags"
)

// execute runs the command line args with the environment env, as os.Environ gives it.
func execute(ctx context.Context, args, env []string, stdout, stderr io.Writer) error {
	root := newRoot()
	root.SetArgs(doubleDashes(args))
	root.SetOut(stdout)
	root.SetErr(stderr)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnvironment(root, cmd, env) }
	return root.ExecuteContext(ctx)
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "ringside",
		Short: "Write a multiplayer game, run it on this machine, and look into its rooms",
		Example: `  ringside new tag -template arena   # a game with tests and a page, in the folder tag
  cd tag && ringside dev             # play it, and change it while you play`,
		Version:       flags.Version(),
		SilenceErrors: true, // main prints them
		SilenceUsage:  true,
	}
	root.AddCommand(newNew(), newDev(), newUp(), newTypes(), newBots(), newInspect(), newRebuild())
	for _, c := range root.Commands() {
		c.SetUsageTemplate(c.UsageTemplate() + environment(c))
	}
	return root
}

// environment is the part of a command's help that tells of its variables.
func environment(c *cobra.Command) string {
	var b strings.Builder
	b.WriteString("\nEnvironment; a flag that is given wins:\n")
	c.LocalFlags().VisitAll(func(f *pflag.Flag) {
		if f.Name != "help" {
			fmt.Fprintf(&b, "  %-24s as -%s\n", flags.EnvName(f.Name), f.Name)
		}
	})
	return b.String()
}

// doubleDashes writes -name as --name, so that flags may be written as those of the other programs are. What comes after -- is
// for others.
func doubleDashes(args []string) []string {
	args = slices.Clone(args)
	for i, a := range args {
		if a == "--" {
			break
		}
		if len(a) > 2 && a[0] == '-' && a[1] != '-' {
			args[i] = "-" + a
		}
	}
	return args
}

// fromEnvironment sets the flags of cmd that the command line leaves out and that have a variable. A variable that belongs to no
// flag of any command is an error.
func fromEnvironment(root, cmd *cobra.Command, env []string) error {
	known := map[string]bool{}
	for _, c := range root.Commands() {
		c.LocalFlags().VisitAll(func(f *pflag.Flag) { known[flags.EnvName(f.Name)] = true })
	}
	delete(known, flags.EnvName("help"))
	variables, err := flags.Variables(env, known)
	if err != nil {
		return fmt.Errorf("%w. What servers and routers read is given after --", err)
	}
	for name, value := range variables {
		f := cmd.Flags().Lookup(strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, flags.Prefix), "_", "-")))
		if f == nil || f.Changed || value == "" {
			continue
		}
		if err := cmd.Flags().Set(f.Name, value); err != nil {
			return fmt.Errorf("environment variable %s: %w", name, err)
		}
	}
	return nil
}
