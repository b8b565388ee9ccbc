package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"time"
)

const (
	// readyTimeout bounds the wait for the fleet to find itself: a second is usual, a slow machine may need more.
	readyTimeout = 30 * time.Second
	readyPoll    = 100 * time.Millisecond
	// botTimeout and stopTimeout are how long bots, and then servers, may take to end before they are killed.
	botTimeout  = 5 * time.Second
	stopTimeout = 10 * time.Second
)

// fleet is what runs.
type fleet struct {
	plan     plan
	console  *console
	ended    chan *child
	children []*child // router, servers, and bots if any, in the order of their start
}

// run builds, starts and watches a fleet until ctx ends or no process of it is left.
func run(ctx context.Context, c config, out *console) error {
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()

	bin, err := binaries(ctx, c.bin, out)
	if err != nil {
		return err
	}
	addresses, err := pickAddresses(c)
	if err != nil {
		return err
	}
	f := newFleet(newPlan(c, bin, addresses), out)
	defer f.stop()
	if err := f.open(ctx); err != nil {
		return err
	}
	f.welcome()
	for _, p := range f.plan.bots {
		if err := f.start(p); err != nil {
			return err
		}
	}
	return f.watch(ctx)
}

func newFleet(p plan, out *console) *fleet {
	return &fleet{plan: p, console: out, ended: make(chan *child, 1+len(p.servers)+len(p.bots))}
}

// open starts router and servers and waits until they have found each other.
func (f *fleet) open(ctx context.Context) error {
	for _, p := range append([]process{f.plan.router}, f.plan.servers...) {
		if err := f.start(p); err != nil {
			return err
		}
	}
	return f.ready(ctx)
}

func (f *fleet) start(p process) error {
	c, err := p.start(f.console, len(f.children), f.ended)
	if err != nil {
		return err
	}
	f.children = append(f.children, c)
	return nil
}

// ready waits until the router sees all servers and every one of them answers it. No process may end before.
func (f *fleet) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	last := errors.New("nothing was asked")
	for {
		select {
		case c := <-f.ended:
			return fmt.Errorf("%s ended while the fleet was starting: %s; its log is above", c.name, c.verdict())
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("the fleet was not ready after %v: %w", readyTimeout, last)
			}
			return ctx.Err()
		case <-tick.C:
		}
		var n int
		if n, last = reachable(ctx, f.plan.router.url); last == nil && n == len(f.plan.servers) {
			return nil
		}
		if last == nil {
			last = fmt.Errorf("the router reaches %d of %d game servers", n, len(f.plan.servers))
		}
	}
}

// reachable asks the router how many game servers it reaches.
func reachable(ctx context.Context, router string) (n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, router+"/v1/fleet", nil)
	if err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	var doc struct {
		Members []struct{ Reachable bool }
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return 0, err
	}
	for _, m := range doc.Members {
		if m.Reachable {
			n++
		}
	}
	return n, nil
}

// welcome prints what there is and what to try.
func (f *fleet) welcome() {
	url := f.plan.router.url
	var b strings.Builder
	fmt.Fprintf(&b, "\nThe fleet is up: %s and %d game servers. ^C ends all of it.\n\n", f.plan.router.name, len(f.plan.servers))
	fmt.Fprintf(&b, "  play it       %s/\n", url)
	fmt.Fprintf(&b, "  watch it      %s/fleet\n", url)
	fmt.Fprintf(&b, "  ask it        curl %s/v1/fleet\n", url)
	fmt.Fprintf(&b, "  make a room   curl -X POST %s/v1/rooms -d '{\"game\":\"arena\",\"room\":\"my-room\"}'\n", url)
	fmt.Fprintf(&b, "  send players  go run ./clients/bot -router %s -rooms 20 -players 8 -for 30s\n", url)
	fmt.Fprintf(&b, "  add a server  %s\n\n", f.plan.extra.command())
	for _, c := range f.children {
		fmt.Fprintf(&b, "  %-*s  %s   drain it: kill %d   kill it: kill -9 %[4]d\n", nameWidth, c.name, c.url, c.pid())
	}
	f.console.printf("%s\n", b.String())
}

// watch tells of processes that end, and restarts nothing. It returns when ctx ends or when bots at most are left.
func (f *fleet) watch(ctx context.Context) error {
	left := 1 + len(f.plan.servers)
	for left > 0 {
		select {
		case <-ctx.Done():
			f.console.printf("\nending the fleet …\n")
			return ctx.Err()
		case c := <-f.ended:
			f.console.printf("%s (pid %d) ended: %s. It is not restarted.\n", c.name, c.pid(), c.verdict())
			if c.url != "" {
				left--
			}
		}
	}
	return errors.New("no process of the fleet is left")
}

// stop ends the bots first, so that they tell how it went and not that their servers went away.
func (f *fleet) stop() {
	isBot := func(c *child) bool { return c.url == "" }
	bots := slices.DeleteFunc(slices.Clone(f.children), func(c *child) bool { return !isBot(c) })
	stop(bots, botTimeout)
	stop(slices.DeleteFunc(slices.Clone(f.children), isBot), stopTimeout)
}
