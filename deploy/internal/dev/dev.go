// Package dev runs a fleet of a game while its author changes it: at each save it builds the game and hands the running rooms
// to a server of the new build, as a fleet does at an update.
package dev

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/declare"
	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/ticket"
)

const (
	// pageFolder is where a game has its page, below its folder.
	pageFolder = "page"
	// drain is how long a server of the build before waits until its rooms are gone, and then ends them.
	drain = 10 * time.Second
	// again is the interval between two stop signals.
	again = 200 * time.Millisecond
	// stopTimeout is for a process that does not end.
	stopTimeout = drain + 10*time.Second
	router      = "github.com/ringside-go/ringside/router"
)

// Config is what to run.
type Config struct {
	Dir       string // of the game server's main package; its module is watched
	FreePorts bool   // any free port in place of RouterPort
	LogLevel  string
	Args      []string // further ones of the game server
	Console   *fleet.Console
}

// Dev is a fleet under development. It belongs to one goroutine, which stays on its thread; see fleet.Process.Start.
type Dev struct {
	Config
	root    string // of the module
	bin     string // folder for programs
	builder fleet.Builder
	url     string // of the router
	ended   chan *fleet.Child
	router  *fleet.Child
	current *build   // that leads the rooms; nil: it ended by itself
	number  int      // of the newest build that was started
	known   []string // versions of all schemas that were run
}

// build is a program, and the process that runs it.
type build struct {
	*fleet.Child
	sum   [sha256.Size]byte // of the program
	games []declare.Game
}

// Run builds, starts and watches until ctx ends or the router does.
func Run(ctx context.Context, c Config) error {
	runtime.LockOSThread() // see fleet.Process.Start
	defer runtime.UnlockOSThread()
	root, err := fleet.ModuleRoot(ctx, c.Dir)
	if err != nil {
		return err
	}
	d := &Dev{Config: c, root: root, bin: filepath.Join(root, ".bin"), ended: make(chan *fleet.Child, 16)}
	w, err := newWatcher(root, os.Stdout, os.Stderr) // before the first build, so that no change is missed
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	watched, changed := make(chan error, 1), make(chan struct{}, 1)
	go func() { watched <- w.run(ctx, changed) }()
	defer func() { cancel(); <-watched }()
	defer d.stop()
	if err := d.open(ctx); err != nil {
		return err
	}
	for {
		select {
		case <-ctx.Done():
			d.Console.Printf("\nending the fleet …\n")
			return ctx.Err()
		case err := <-watched:
			watched <- err
			return err
		case <-changed:
			if err := d.update(ctx); err != nil {
				d.Console.Printf("%v\n", err)
			}
		case ch := <-d.ended:
			if ch == d.router {
				return fmt.Errorf("%s ended: %s", ch.Name, ch.Verdict())
			}
			if d.current != nil && ch == d.current.Child {
				d.current = nil
				d.Console.Printf("%s ended: %s. Its rooms are lost; the next save that builds starts the game again.\n", ch.Name, ch.Verdict())
			}
		}
	}
}

// open builds and starts the router, and the first build of the game.
func (d *Dev) open(ctx context.Context) error {
	d.Console.Printf("building …\n")
	if err := fleet.Build(ctx, d.root, filepath.Join(d.bin, "router"), d.Console, "-buildvcs=false", router); err != nil {
		return fmt.Errorf("the router is built at the version in go.mod, where `go get -tool %s` adds it: %w", router, err)
	}
	addresses, err := fleet.PickAddresses(0, d.FreePorts)
	if err != nil {
		return err
	}
	d.builder = fleet.Builder{Bin: d.bin, Seeds: fleet.Seeds(addresses), LogLevel: d.LogLevel}
	if err := d.writeKeys(); err != nil {
		return err
	}
	p := d.builder.Router("router-1", addresses[0], "-ticket-key", d.keyFile("pem"))
	d.url = p.URL
	if page := filepath.Join(d.Dir, pageFolder); exists(filepath.Join(page, "index.html")) {
		p.Args = append(p.Args, "-pages", page)
	}
	if d.router, err = p.Start(d.Console, 0, d.ended); err != nil {
		return err
	}
	b, err := d.build(ctx)
	if err != nil {
		return err
	}
	if err := d.start(ctx, b, nil); err != nil {
		return err
	}
	d.current = b
	d.Console.Printf("\nThe game is up. Each save hands its rooms to the new build. ^C ends it.\n\n  play it   %s/\n  watch it  %s/fleet\n\n", d.url, d.url)
	return nil
}

// writeKeys makes the keys of this fleet's tickets. Without them router and servers would warn of the development key, at each save.
func (d *Dev) writeKeys() error {
	private, public, err := ticket.GenerateKey()
	if err == nil {
		err = os.WriteFile(d.keyFile("pem"), private, 0o600)
	}
	if err == nil {
		err = os.WriteFile(d.keyFile("pub"), public, 0o600)
	}
	return err
}

func (d *Dev) keyFile(ext string) string { return filepath.Join(d.bin, "ticket."+ext) }

func exists(file string) bool {
	_, err := os.Stat(file)
	return err == nil
}

// build builds the game and asks the program for its schemas. The file of a build that runs is left alone.
func (d *Dev) build(ctx context.Context) (*build, error) {
	file := filepath.Join(d.bin, "build-"+strconv.Itoa(d.number+1))
	dir, err := filepath.Abs(d.Dir)
	if err != nil {
		return nil, err
	}
	if err := fleet.Build(ctx, dir, file, d.Console, "-buildvcs=false", "-ldflags=-buildid=", "."); err != nil {
		return nil, err
	}
	b := &build{Child: &fleet.Child{Process: fleet.Process{Program: file}}}
	if b.sum, err = sum(file); err != nil {
		return nil, err
	}
	if d.current != nil && b.sum == d.current.sum {
		return b, nil
	}
	b.games, err = declare.FromProgram(ctx, file)
	return b, err
}

func sum(file string) (s [sha256.Size]byte, err error) {
	f, err := os.Open(file)
	if err != nil {
		return s, err
	}
	defer f.Close()
	h := sha256.New()
	if _, err := io.Copy(h, f); err != nil {
		return s, err
	}
	return [sha256.Size]byte(h.Sum(nil)), nil
}

// start starts b's process and waits until the router reaches it. takes are the versions whose rooms it takes over.
func (d *Dev) start(ctx context.Context, b *build, takes []string) error {
	name := "build-" + strconv.Itoa(d.number+1)
	args := []string{"-name", name, "-listen", fleet.Loopback(0), "-seeds", d.builder.Seeds, "-log-level", d.LogLevel, "-drain", drain.String(),
		"-ticket-keys", d.keyFile("pub")}
	if len(takes) > 0 {
		args = append(args, "-migrates", strings.Join(takes, ","))
	}
	p := fleet.Process{Name: name, Program: b.Program, Args: append(args, d.Args...), URL: d.url}
	child, err := p.Start(d.Console, d.number+1, d.ended)
	if err != nil {
		return err
	}
	d.number++
	b.Child = child
	for _, g := range b.games {
		if !slices.Contains(d.known, g.Version) {
			d.known = append(d.known, g.Version)
		}
	}
	ctx, cancel := context.WithTimeoutCause(ctx, fleet.ReadyTimeout, fmt.Errorf("%s was not ready after %v", name, fleet.ReadyTimeout))
	defer cancel()
	tick := time.NewTicker(fleet.ReadyPoll)
	defer tick.Stop()
	for {
		if servers, err := fleet.Reachable(ctx, d.url); err == nil && slices.Contains(servers, name) {
			return nil
		}
		select {
		case <-child.Done:
			return fmt.Errorf("%s does not start: %s; its log is above", name, child.Verdict())
		case <-ctx.Done():
			child.Kill()
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

// update builds the game and hands its rooms to the new build. If that fails, the old build keeps running.
func (d *Dev) update(ctx context.Context) error {
	begun := time.Now()
	b, err := d.build(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err != nil && d.current != nil:
		return fmt.Errorf("%w; %s goes on", err, d.current.Name)
	case err != nil:
		return err
	case d.current != nil && b.sum == d.current.sum:
		d.Console.Printf("built: the program is the same; %s keeps running\n", d.current.Name)
		return nil
	}
	old := d.current
	var takes []string
	goAlong := true
	if old != nil {
		var news string
		takes, goAlong, news = d.compare(old.games, b.games)
		d.Console.Printf("%s", news)
	}
	if err := d.start(ctx, b, takes); err != nil {
		if old != nil {
			return fmt.Errorf("%w; %s goes on", err, old.Name)
		}
		return err
	}
	d.current = b
	if old == nil {
		d.Console.Printf("%s is up\n", b.Name)
		return nil
	}
	stopped := time.Now()
	d.retire(ctx, old, goAlong)
	if ctx.Err() != nil {
		return nil
	}
	if !goAlong {
		d.Console.Printf("%s is up; the rooms of %s have ended: load the page again\n", b.Name, old.Name)
		return nil
	}
	if time.Since(stopped) >= drain {
		d.Console.Printf("%s is up; rooms of %s that it could not take over have ended: the log above says why\n", b.Name, old.Name)
		return nil
	}
	d.Console.Printf("%s is up, %.1f s after the save; handing the rooms over took %.1f s\n", b.Name, time.Since(begun).Seconds(), time.Since(stopped).Seconds())
	return nil
}

// compare says which versions' rooms the new build takes over, whether those of the old one are among them, and what changed.
func (d *Dev) compare(old, now []declare.Game) (takes []string, goAlong bool, news string) {
	var b bytes.Buffer
	goAlong = true
	for _, g := range now {
		i := slices.IndexFunc(old, func(o declare.Game) bool { return o.Name == g.Name })
		if i < 0 || old[i].Version == g.Version {
			continue
		}
		for _, c := range declare.Compare(&old[i].Schema, &g.Schema) {
			fmt.Fprintf(&b, "game %s: %s", g.Name, c.Text)
			if c.Breaks && !slices.Contains(g.Migrates, old[i].Version) {
				goAlong = false
				b.WriteString(". Rooms cannot go along: give it another name, or write a Migrator and add " + old[i].Version + " to Migrates")
			}
			b.WriteByte('\n')
		}
	}
	if goAlong {
		takes = d.known
	}
	return takes, goAlong, b.String()
}

// retire ends a build's process: it hands its rooms over first, or ends them. It returns when the process is gone.
func (d *Dev) retire(ctx context.Context, old *build, handOver bool) {
	_ = old.Signal(syscall.SIGTERM) // an error means that it has ended
	again := time.NewTicker(again)
	defer again.Stop()
	limit := time.NewTimer(stopTimeout)
	defer limit.Stop()
	for running := true; running; {
		select {
		case <-old.Done:
			running = false
		case <-again.C:
			if !handOver {
				_ = old.Signal(syscall.SIGTERM) // the second one ends the rooms
			}
		case <-ctx.Done():
			old.Kill()
		case <-limit.C:
			d.Console.Printf("%s does not end; killing it\n", old.Name)
			old.Kill()
		}
	}
	_ = os.Remove(old.Program) // an error leaves a file in .bin
}

// stop ends all processes.
func (d *Dev) stop() {
	if d.current != nil {
		_ = d.current.Signal(syscall.SIGTERM)
		fleet.Stop([]*fleet.Child{d.current.Child}, time.Second) // there is nobody to hand over to
	}
	builds, _ := filepath.Glob(filepath.Join(d.bin, "build-*")) // the pattern is a valid one
	for _, file := range builds {
		_ = os.Remove(file) // an error leaves a file in .bin
	}
	if d.router != nil {
		fleet.Stop([]*fleet.Child{d.router}, stopTimeout)
	}
}
