// Package flags reads a process's settings from the command line and the environment, the same way in every main.
package flags

import (
	"flag"
	"fmt"
	"strings"
)

// Prefix begins the name of every environment variable that stands for a flag.
const Prefix = "RINGSIDE_"

// EnvName is the environment variable that stands for a flag: "cluster-key" gives RINGSIDE_CLUSTER_KEY.
func EnvName(name string) string {
	return Prefix + strings.ToUpper(strings.ReplaceAll(name, "-", "_"))
}

// Parse parses args (without the program's name) into fs. A flag that args do not name is taken from its environment
// variable in env, as os.Environ gives it, unless that is empty; the command line wins. An error names the flag or the variable,
// the value and why it is wrong, and has been printed to fs.Output() with the usage when it is about args. Arguments that are
// no flags are an error, since no process of the fleet takes any, and so are variables that begin with Prefix and stand for no flag.
func Parse(fs *flag.FlagSet, args, env []string) error {
	if fs.Usage == nil {
		fs.Usage = func() {
			fmt.Fprintf(fs.Output(), "Usage of %s:\n", fs.Name())
			fs.PrintDefaults()
			fmt.Fprintf(fs.Output(), "Each flag may be set by an environment variable too, such as %s for -log-level.\n",
				EnvName("log-level"))
		}
	}
	if err := fs.Parse(args); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		return fmt.Errorf("argument %q is not a flag; flags begin with - (see -help)", fs.Arg(0))
	}
	known, given := map[string]bool{}, map[string]bool{}
	fs.VisitAll(func(f *flag.Flag) { known[EnvName(f.Name)] = true })
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	variables, failed := Variables(env, known)
	fs.VisitAll(func(f *flag.Flag) {
		name := EnvName(f.Name)
		value := variables[name]
		if given[f.Name] || value == "" || failed != nil {
			return
		}
		if err := fs.Set(f.Name, value); err != nil {
			failed = fmt.Errorf("environment variable %s: invalid value %q for flag -%s: %w", name, value, f.Name, err)
		}
	})
	return failed
}

// List is a flag whose value is a comma-separated list; spaces around and empty elements are dropped.
type List []string

func (l *List) String() string { return strings.Join(*l, ",") }

// Set replaces the list by value's elements.
func (l *List) Set(value string) error {
	*l = nil
	for e := range strings.SplitSeq(value, ",") {
		if e = strings.TrimSpace(e); e != "" {
			*l = append(*l, e)
		}
	}
	return nil
}
