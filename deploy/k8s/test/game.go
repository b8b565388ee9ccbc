package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"text/tabwriter"
	"time"
)

// gameName is the game that is written: its folder, its image and its name for clients.
const gameName = "mine"

// step is one thing that a game's author does.
type step struct {
	Name    string  `json:"step"`
	Seconds float64 `json:"seconds"`
}

// author takes the path from an empty folder to an update under play.
type author struct {
	*fleet
	dir   string // of the game
	steps []step
	bots  *bots // while they play
}

// authorPath brings a cluster up and takes the path. A step that fails ends it.
func authorPath(ctx context.Context, o options) (failed bool, err error) {
	if o.up == "" {
		return false, errors.New("-new builds images and loads them, which goes with -up (or K8S_UP)")
	}
	o.overlay, o.image, o.rooms, o.players = "proxy", gameName, 1, 2
	c, err := openCluster(ctx, o)
	if err != nil {
		return false, err
	}
	defer c.close(o.keep)
	f := &fleet{cluster: c, options: o, servers: 3, version: o.tags[0], updated: map[string]bool{}}
	a := &author{fleet: f, dir: filepath.Join(c.work, gameName)}
	if err := os.RemoveAll(a.dir); err != nil {
		return false, err
	}
	begun := time.Now()
	err = a.take(ctx)
	if a.bots != nil { // bots are never left behind
		err = errors.Join(err, a.bots.stop(context.WithoutCancel(ctx)))
	}
	if err != nil {
		fmt.Fprintf(os.Stderr, "  %v\n", errors.Join(err, f.keepState(context.WithoutCancel(ctx), "new "+o.template)))
	}
	a.print(os.Stdout, time.Since(begun), err)
	if o.report == "" {
		return err != nil, nil
	}
	text, errText := json.MarshalIndent(map[string]any{"template": o.template, "steps": a.steps, "failed": err != nil}, "", "  ")
	return err != nil, errors.Join(errText, os.WriteFile(o.report, append(text, '\n'), 0o644))
}

// take does one step after the other and notes how long each took.
func (a *author) take(ctx context.Context) error {
	for _, s := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"write the game: ringside new " + gameName + " -template " + a.options.template, a.write},
		{"test it: make test", a.make("test")},
		{"build its image: make image-tar", a.make("image-tar", "VERSION="+a.options.tags[0])},
		{"bring it to the nodes", a.load},
		{"deploy: kubectl apply -k, and the keys", a.deploy},
		{"open its page in two tabs", a.openTabs},
		{"two players play", a.play},
		{"build the next version: make image-tar", a.make("image-tar", "VERSION="+a.options.tags[1])},
		{"bring that to the nodes", a.load},
		{"update the game servers under play: kubectl set image", a.update("statefulset/gameserver")},
		{"update the routers under play: kubectl set image", a.update("deployment/router")},
		{"compare what the players saw", a.compare},
	} {
		fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), s.name)
		begun := time.Now()
		if err := s.do(ctx); err != nil {
			return fmt.Errorf("%s: %w", s.name, err)
		}
		a.steps = append(a.steps, step{s.name, time.Since(begun).Seconds()})
	}
	return nil
}

func (a *author) print(w io.Writer, took time.Duration, err error) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	for _, s := range a.steps {
		fmt.Fprintf(t, "%.1f s\t  %s\n", s.Seconds, s.Name)
	}
	fmt.Fprintf(t, "%.1f s\t  in all\n", took.Seconds())
	_ = t.Flush()
	if err != nil {
		fmt.Fprintf(w, "FAILED: %v\n", err)
		return
	}
	fmt.Fprintln(w, "nothing was lost")
}

// write begins the game, with this checkout in place of the published module.
func (a *author) write(ctx context.Context) error {
	return show(ctx, nil, "go", "run", "./deploy/ringside", "new", a.dir, "-template", a.options.template, "-replace", ".")
}

// make runs a target of the game's Makefile.
func (a *author) make(args ...string) func(context.Context) error {
	return func(ctx context.Context) error {
		return show(ctx, nil, "make", append([]string{"-C", a.dir}, args...)...)
	}
}

func (a *author) load(ctx context.Context) error {
	return show(ctx, nil, filepath.Join(a.scripts, "load"), filepath.Join(a.dir, ".bin/image.tar"))
}

// deploy applies the game's overlay, with what this cluster needs on top, and waits until the fleet serves the page.
func (a *author) deploy(ctx context.Context) error {
	if err := a.apply(ctx); err != nil {
		return err
	}
	if err := a.whole(ctx); err != nil {
		return err
	}
	if err := a.rolledOut(ctx, "deployment/router"); err != nil {
		return err
	}
	page, err := a.raw(ctx, fmt.Sprintf("/api/v1/namespaces/%s/services/router:http/proxy/", namespace))
	if title := "<title>Mine</title>"; err == nil && !strings.Contains(string(page), title) {
		err = fmt.Errorf("the page has no %s: %.300s", title, page)
	}
	return err
}

// openTabs plays on the page in two tabs of a browser, where players are.
func (a *author) openTabs(ctx context.Context) error {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		fmt.Fprintln(os.Stderr, "  left out: there is no chromium")
		return nil
	}
	modules, err := filepath.Abs("clients/web/node_modules")
	if err != nil {
		return err
	}
	script, err := filepath.Abs("deploy/ringside/testdata/tabs.mjs")
	if err != nil {
		return err
	}
	args := append(append([]string{}, a.outside...), "node", script, a.outsideURL()+"/", browser, a.work)
	return show(ctx, []string{"MODULES=" + modules}, args[0], args[1:]...)
}

// play starts the game's bots and waits until all are connected, to a room that is at home and has a standby.
func (a *author) play(ctx context.Context) (err error) {
	program := filepath.Join(a.dir, ".bin", "bots")
	if err := show(ctx, nil, "go", "-C", a.dir, "build", "-o", program, "./bots"); err != nil {
		return err
	}
	a.bots, err = a.runOutside(program, "-router", a.outsideURL(), "-room", "played", "-players", fmt.Sprint(a.options.players))
	if err != nil {
		return err
	}
	a.players = a.options.players
	return a.whole(ctx)
}

// update gives a workload the next version while the bots play.
func (a *author) update(workload string) func(context.Context) error {
	return func(ctx context.Context) error {
		if err := pause(ctx, calm); err != nil {
			return err
		}
		if err := update(workload)(ctx, a.fleet, nil); err != nil {
			return err
		}
		return a.whole(ctx)
	}
}

// reported is what two bots of a game say when nothing was lost: they were all there, moved, and missed no tick.
var reported = regexp.MustCompile(`^2 players saw [1-9]\d* ticks, .*; [1-9]\d* samples were processed, .*\nmoves: .*handoff:[1-9].*, 0 ticks missed, 0 played again$`)

// compare ends the bots and reads their report.
func (a *author) compare(ctx context.Context) error {
	b := a.bots
	a.bots, a.players = nil, 0
	if err := errors.Join(pause(ctx, calm), b.stop(ctx)); err != nil {
		return err
	}
	report := strings.TrimSpace(b.out.String())
	fmt.Println(report)
	if b.err != nil || !reported.MatchString(report) {
		return fmt.Errorf("the players lost something (%v)", b.err)
	}
	return nil
}
