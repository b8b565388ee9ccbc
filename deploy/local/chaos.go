package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// chaosRouters is how many routers a fleet under test has, so that one may be killed.
const chaosRouters = 2

// chaosRooms is how many rooms the bots play in by default.
const chaosRooms = 20

// errLost: a guarantee was broken, or the fleet was not whole again.
var errLost = errors.New("chaos: something was lost that the guarantees rule out, or did not come back; see above")

// chaos breaks fleets of real processes while bots play on them, in an order and with times drawn from the seed, and tells
// what the players noticed. It fails if anything was lost that the design guarantees; never because of a time.
func chaos(ctx context.Context, c config, out *fleet.Console) error {
	chosen, err := choose(phases, c.only)
	if err != nil {
		return err
	}
	c.calm = calm
	_, err = chaosPhases(ctx, c, chosen, out)
	return err
}

// choose gives the phases with these names, in the order of all; no names: all.
func choose(all []phase, names string) (chosen []phase, err error) {
	if names == "" {
		return all, nil
	}
	wanted := map[string]bool{}
	for name := range strings.SplitSeq(names, ",") {
		wanted[strings.TrimSpace(name)] = true
	}
	var known []string
	for _, p := range all {
		known = append(known, strconv.Quote(p.name))
		if wanted[p.name] {
			chosen = append(chosen, p)
			delete(wanted, p.name)
		}
	}
	for name := range wanted {
		return nil, fmt.Errorf("-phases: there is no phase %q; there are %s", name, strings.Join(known, ", "))
	}
	return chosen, nil
}

// chaosPhases runs phases on this goroutine's thread. There is a verdict once one has begun.
func chaosPhases(ctx context.Context, c config, all []phase, out *fleet.Console) (*verdict, error) {
	runtime.LockOSThread() // see process.start
	defer runtime.UnlockOSThread()
	if c.servers < 2 {
		return nil, fmt.Errorf("-servers is %d; chaos needs 2 at least, so that rooms have somewhere to go", c.servers)
	}
	bin, err := binaries(ctx, c.bin, out)
	if err != nil {
		return nil, err
	}
	if c.bots == 0 {
		c.bots = chaosRooms
	}
	if c.seed == 0 {
		c.seed = rand.Uint64()>>1 | 1
	}
	dir, err := os.MkdirTemp("", "ringside-chaos-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file, err := logFile(c.json)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	v := &verdict{Seed: c.seed, Begun: time.Now()}
	out.Printf("seed %d; %d servers, %d rooms of %d; what the processes say is in %s\n", c.seed, c.servers, c.bots, c.players, file.Name())
	err = v.runAll(ctx, c, all, bin, dir, fleet.NewConsole(file, false), out)
	var table strings.Builder
	v.print(&table)
	out.Printf("%s", table.String())
	if c.json != "" {
		err = errors.Join(err, v.write(c.json))
	}
	switch {
	case err != nil:
	case v.failed():
		out.Printf("\nThe run can be made again with -seed %d; the log is %s\n", v.Seed, file.Name())
		err = errLost
	case c.json == "":
		err = os.Remove(file.Name())
	}
	return v, err
}

// logFile is where the processes' words go: beside the report, or to a temporary file, which is kept if something is lost.
func logFile(report string) (*os.File, error) {
	if report == "" {
		return os.CreateTemp("", "ringside-chaos-*.log")
	}
	return os.Create(strings.TrimSuffix(report, ".json") + ".log")
}

// runAll runs the phases, as many as this machine can.
func (v *verdict) runAll(ctx context.Context, c config, all []phase, bin, dir string, log, out *fleet.Console) error {
	members := memberNames(chaosRouters, c.servers)
	shares := 0
	for _, p := range all {
		shares += p.share
	}
	var net *namespaces
	for _, p := range all {
		if p.namespaces && net == nil {
			var err error
			if net, err = openNamespaces(ctx, append([]string{"bots"}, members...)); err != nil {
				v.Skipped = append(v.Skipped, fmt.Sprintf("%s: %v", p.name, err))
				continue
			}
			defer net.close()
		}
		if p.refusal {
			var err error
			if net.firewall, err = net.findFirewall(ctx, firewalls); err != nil {
				v.Skipped = append(v.Skipped, fmt.Sprintf("%s: %v", p.name, err))
				continue
			}
		}
		if p.name == slowPhase && !net.canSlow(ctx) {
			v.Skipped = append(v.Skipped, p.name+": this kernel, or tc, does not know netem")
			continue
		}
		s, err := newSite(p, net, members, dir)
		if err != nil {
			return err
		}
		rng := rand.New(rand.NewPCG(c.seed, xxhash.Sum64String(p.name))) // the same whichever other phases are run
		log.Printf("phase %s\n", p.name)
		o := p.run(ctx, newBed(s, c, bin, rng, log), c.length*time.Duration(p.share)/time.Duration(max(1, shares)), dir)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		v.Phases = append(v.Phases, o)
		out.Printf("%-13s %5.1f s, %d faults, %d failures\n", p.name, o.Seconds, len(o.Events), len(o.Failures))
	}
	return nil
}

func newSite(p phase, net *namespaces, members []string, dir string) (*site, error) {
	if p.namespaces {
		return inNamespaces(net, members, dir)
	}
	if p.balanced {
		return behindBalancer(members)
	}
	return onLoopback(members)
}
