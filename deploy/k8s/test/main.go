// Test does to a fleet on a real Kubernetes what operators and bad luck do, while bots play on it from inside and outside of
// the cluster, and tells what the players saw. Its exit status is 1 when anything was lost that Ringside guarantees.
//
// With -up DIR, or K8S_UP, it brings a cluster up by scripts: DIR/up.sh and DIR/down.sh, which put into $K8S_DIR/bin the
// commands k (kubectl), node (run a command in the network of the nodes), load (image tars into every node) and killnode.
// With -context it uses a cluster that is there; the images must be where its nodes find them, and what needs a node's
// own processes (kill -9, a lost node) or its network (autoscale) is left out.
//
// With -new TEMPLATE it takes the path of a game's author instead: it writes a game as ringside new does, builds its image with
// the game's own Makefile, deploys its overlay, plays with its bots and its page, and updates it while they play. It says how
// long each step took.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// options are the command line's.
type options struct {
	up       string   // folder of scripts
	context  string   // of kubectl
	overlay  string   // proxy, direct or tls
	host     string   // of a node, as players reach it
	image    string   // name; the tags are old and new
	tags     []string // old and new
	from     string   // git revision of the old one; empty: both are of this tree
	phases   []string // empty: all
	template string   // of a game that is written and deployed; empty: the arena is
	rooms    int      // inside and outside, each
	players  int      // in each room
	report   string   // file
	keep     bool
}

func main() {
	o := options{tags: []string{"old", "new"}}
	flag.StringVar(&o.up, "up", os.Getenv("K8S_UP"), "`folder` of the scripts that bring a cluster up (default $K8S_UP)")
	flag.StringVar(&o.context, "context", "", "kubectl `context` of a cluster that is there, instead of -up")
	flag.StringVar(&o.overlay, "overlay", "proxy", "how players reach the fleet: proxy, direct or tls")
	flag.StringVar(&o.host, "host", "", "`address` at which players reach a node (default the first node's internal one)")
	flag.StringVar(&o.image, "image", "ringside", "`name` of the image; its tags are old and new, and with -up they are built and loaded")
	flag.StringVar(&o.from, "from", "", "git `revision` that the old image is built of, to try an update from there to this tree; with -up only (default this tree)")
	flag.StringVar(&o.template, "new", "", "write a game from this `template` of ringside new, and deploy and update that; with -up only")
	phases := flag.String("phases", "", "comma-separated `names` of what to do (default all: "+strings.Join(phaseNames(), ",")+")")
	flag.IntVar(&o.rooms, "rooms", 10, "rooms of bots inside of the cluster, and as many outside")
	flag.IntVar(&o.players, "players", 8, "players in each room")
	flag.StringVar(&o.report, "json", "", "write all findings to this `file`")
	flag.BoolVar(&o.keep, "keep", false, "leave the fleet, and a cluster of -up, as they are at the end")
	stub := flag.String("metrics-stub", "", "be the stub of the autoscaler's metrics at this `address`; for this program itself")
	flag.Parse()
	if *stub != "" {
		fmt.Fprintln(os.Stderr, "metrics-stub:", serveMetrics(*stub))
		os.Exit(2)
	}
	if *phases != "" {
		o.phases = strings.Split(*phases, ",")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	lost, err := run(ctx, o)
	if err != nil {
		fmt.Fprintln(os.Stderr, "k8s-test:", err)
		os.Exit(2)
	}
	if lost {
		os.Exit(1)
	}
}

// run does all phases and reports whether anything failed.
func run(ctx context.Context, o options) (failed bool, err error) {
	todo, err := choose(o.phases)
	if err != nil {
		return false, err
	}
	if (o.up == "") == (o.context == "") {
		return false, errors.New("name a folder of scripts with -up (or K8S_UP), or a kubectl context with -context")
	}
	if o.from != "" && o.up == "" {
		return false, errors.New("-from builds an image, which goes with -up; with -context push the images of both versions")
	}
	if o.template != "" {
		return authorPath(ctx, o)
	}
	c, err := openCluster(ctx, o)
	if err != nil {
		return false, err
	}
	defer c.close(o.keep)
	if err := c.loadImages(ctx, o); err != nil {
		return false, err
	}
	f := &fleet{cluster: c, options: o, servers: 3, version: o.tags[0], updated: map[string]bool{}}
	v := verdict{Begun: time.Now(), Overlay: o.overlay}
	for _, p := range todo {
		if ctx.Err() != nil {
			return false, ctx.Err()
		}
		if p.nodes && c.scripts == "" {
			v.LeftOut = append(v.LeftOut, p.name)
			continue
		}
		fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), p.name)
		found := p.run(ctx, f)
		v.Phases = append(v.Phases, found)
		found.print(os.Stdout)
	}
	v.print(os.Stdout)
	if o.report != "" {
		err = v.write(o.report)
	}
	return v.failed(), err
}
