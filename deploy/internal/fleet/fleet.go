package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

const (
	// ReadyTimeout bounds the wait for the fleet to find itself: a second is usual, a slow machine may need more.
	ReadyTimeout = 30 * time.Second
	// ReadyPoll is the interval between two looks whether it has.
	ReadyPoll = 100 * time.Millisecond
	// botTimeout and StopTimeout are how long bots, and then servers, may take to end before they are killed.
	botTimeout  = 5 * time.Second
	StopTimeout = 10 * time.Second
)

// Plan is what a fleet consists of.
type Plan struct {
	Router  Process
	Servers []Process
	Bots    []Process // none, those that fill rooms, those that keep people company, or both
	Extra   Process   // a further game server, for a person to start
}

// Fleet is what runs. It belongs to one goroutine, which stays on its thread; see Process.Start.
type Fleet struct {
	Plan     Plan
	console  *Console
	ended    chan *Child
	children []*Child // router, servers, and bots if any, in the order of their start
}

// New makes a fleet that Open starts.
func New(p Plan, out *Console) *Fleet {
	return &Fleet{Plan: p, console: out, ended: make(chan *Child, 1+len(p.Servers)+len(p.Bots))}
}

// Run starts a fleet, calls welcome, lets the bots in, and watches until ctx ends or no process of it is left. It ends all of
// it before it returns.
func Run(ctx context.Context, p Plan, out *Console, welcome func(*Fleet)) error {
	f := New(p, out)
	defer f.Stop()
	if err := f.Open(ctx); err != nil {
		return err
	}
	welcome(f)
	for _, p := range f.Plan.Bots {
		if err := f.start(p); err != nil {
			return err
		}
	}
	return f.watch(ctx)
}

// Open starts router and servers and waits until they have found each other.
func (f *Fleet) Open(ctx context.Context) error {
	for _, p := range append([]Process{f.Plan.Router}, f.Plan.Servers...) {
		if err := f.start(p); err != nil {
			return err
		}
	}
	return f.ready(ctx)
}

func (f *Fleet) start(p Process) error {
	c, err := p.Start(f.console, len(f.children), f.ended)
	if err != nil {
		return err
	}
	f.children = append(f.children, c)
	return nil
}

// ready waits until the router sees all servers and every one of them answers it. No process may end before.
func (f *Fleet) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, ReadyTimeout)
	defer cancel()
	tick := time.NewTicker(ReadyPoll)
	defer tick.Stop()
	last := errors.New("nothing was asked")
	for {
		select {
		case c := <-f.ended:
			return fmt.Errorf("%s ended while the fleet was starting: %s; its log is above", c.Name, c.Verdict())
		case <-ctx.Done():
			if errors.Is(ctx.Err(), context.DeadlineExceeded) {
				return fmt.Errorf("the fleet was not ready after %v: %w", ReadyTimeout, last)
			}
			return ctx.Err()
		case <-tick.C:
		}
		var servers []string
		if servers, last = Reachable(ctx, f.Plan.Router.URL); last == nil && len(servers) == len(f.Plan.Servers) {
			return nil
		}
		if last == nil {
			last = fmt.Errorf("the router reaches %d of %d game servers", len(servers), len(f.Plan.Servers))
		}
	}
}

// Reachable asks the router which game servers it reaches, by name.
func Reachable(ctx context.Context, router string) (servers []string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, router+"/v1/fleet", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var doc struct {
		Members []struct {
			Name      string
			Reachable bool
		}
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return nil, err
	}
	for _, m := range doc.Members {
		if m.Reachable {
			servers = append(servers, m.Name)
		}
	}
	return servers, nil
}

// Processes lists the processes that were started, with what a person types to drain or kill them.
func (f *Fleet) Processes() string {
	var b strings.Builder
	for _, c := range f.children {
		fmt.Fprintf(&b, "  %-*s  %s   drain it: kill %d   kill it: kill -9 %[4]d\n", NameWidth, c.Name, c.URL, c.PID())
	}
	return b.String()
}

// watch reports processes that end. It restarts none. It returns when ctx ends, or when only bots are left.
func (f *Fleet) watch(ctx context.Context) error {
	left := 1 + len(f.Plan.Servers)
	for left > 0 {
		select {
		case <-ctx.Done():
			f.console.Printf("\nending the fleet …\n")
			return ctx.Err()
		case c := <-f.ended:
			f.console.Printf("%s (pid %d) ended: %s. It is not restarted.\n", c.Name, c.PID(), c.Verdict())
			if c.URL != "" {
				left--
			}
		}
	}
	return errors.New("no process of the fleet is left")
}

// Stop ends the bots first, so that they tell how it went and not that their servers went away.
func (f *Fleet) Stop() {
	isBot := func(c *Child) bool { return c.URL == "" }
	bots := slices.DeleteFunc(slices.Clone(f.children), func(c *Child) bool { return !isBot(c) })
	Stop(bots, botTimeout)
	Stop(slices.DeleteFunc(slices.Clone(f.children), isBot), StopTimeout)
}
