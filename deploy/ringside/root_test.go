package main

import (
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// The help of each command has what it is for, an example, and the environment.
func TestHelp(t *testing.T) {
	for _, c := range newRoot().Commands() {
		var out output
		if err := execute(t.Context(), []string{c.Name(), "--help"}, nil, &out, &out); err != nil {
			t.Errorf("%s: %v", c.Name(), err)
		}
		help := out.String()
		for _, want := range []string{"Examples:\n  ringside " + c.Name(), "Environment; a flag that is given wins:\n  RINGSIDE_", "Usage:\n  ringside " + c.Name()} {
			if !strings.Contains(help, want) {
				t.Errorf("the help of %s has no %q:\n%s", c.Name(), want, help)
			}
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") {
			t.Errorf("%s is for %q", c.Name(), c.Short)
		}
	}
}

func TestEnvironment(t *testing.T) {
	for _, c := range []struct {
		env  []string
		args []string
		want string // of the error; empty: servers is 5
	}{
		{[]string{"RINGSIDE_SERVERS=5"}, nil, ""},
		{[]string{"RINGSIDE_SERVERS=7"}, []string{"-servers", "5"}, ""},
		{[]string{"RINGSIDE_SERVERS=many"}, nil, "environment variable RINGSIDE_SERVERS: "},
		{[]string{"RINGSIDE_SERVRS=5"}, nil, "RINGSIDE_SERVRS is not known; the nearest name is RINGSIDE_SERVERS"},
		{[]string{"RINGSIDE_TEMPLATE=turns", "PATH=x"}, []string{"--servers=5"}, ""}, // another command's
	} {
		root := newRoot()
		up, _, err := root.Find([]string{"up"})
		if err != nil {
			t.Fatal(err)
		}
		var servers int
		up.RunE = func(cmd *cobra.Command, _ []string) (err error) {
			servers, err = cmd.Flags().GetInt("servers")
			return err
		}
		root.SetArgs(doubleDashes(append([]string{"up"}, c.args...)))
		root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return fromEnvironment(root, cmd, c.env) }
		err = root.Execute()
		if c.want == "" && (err != nil || servers != 5) || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v %v: %d servers, %v; want %q", c.env, c.args, servers, err, c.want)
		}
	}
}

func TestDoubleDashes(t *testing.T) {
	got := strings.Join(doubleDashes(strings.Fields("up -servers 3 --mode=x -h -o f -- -drain 5s")), " ")
	if want := "up --servers 3 --mode=x -h -o f -- -drain 5s"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// What a command cannot do says what to do instead.
func TestErrorsSayWhatToDo(t *testing.T) {
	for _, c := range []struct{ args, want string }{
		{"new a b", "name one folder for the game, as in ringside new tag"},
		{"inspect -router http://127.0.0.1:1", "start a fleet with ringside dev or ringside up, or give the URL of a router with -router"},
		{"inspect lobby -router http://127.0.0.1:1", "start a fleet with ringside dev or ringside up, or give the URL of a router with -router"},
		{"types -server http://127.0.0.1:1", "start one, or give the URL of one that runs"},
		{"rebuild arena -router http://127.0.0.1:1", "give the URL of a router with -router"},
	} {
		var out output
		if err := execute(t.Context(), strings.Fields(c.args), nil, &out, &out); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("ringside %s: %v; want %q", c.args, err, c.want)
		}
	}
}
