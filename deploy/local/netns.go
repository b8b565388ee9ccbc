package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

// Names of what is made. They are always the same, so that a run finds what one before it has left behind.
const (
	nsPrefix = "ringside-chaos-"
	nsSwitch = nsPrefix + "switch"
	nsBridge = "bridge"
	nsPort   = "eth0" // of a host, towards the switch, where the other end has the host's name
	nsNet    = "10.87.0."
	nsWatch  = nsNet + "254" // the switch's own address, from which the members are asked
	// nobody is a hardware address that no host has.
	nobody = "02:00:00:00:00:fe"
)

// namespaces is a network of Linux network namespaces: one for each host, and a switch that joins them. It is joined to
// nothing else, the machine's own network included. Making it needs root and iproute2. All methods that change it run ip,
// which takes some milliseconds.
type namespaces struct {
	hosts    []string
	unlock   func()
	firewall firewall // set before a phase that refuses
}

var (
	// errNoNamespaces: this machine cannot have a network of namespaces.
	errNoNamespaces = errors.New("network namespaces need Linux, root and the ip program of iproute2")
	// errNamespacesBusy: the names are taken.
	errNamespacesBusy = errors.New("another run on this machine has the network namespaces")
)

// openNamespaces makes a network with these hosts, after removing one that was left behind.
func openNamespaces(ctx context.Context, hosts []string) (*namespaces, error) {
	if _, err := exec.LookPath("ip"); err != nil || runtime.GOOS != "linux" || os.Geteuid() != 0 {
		return nil, errNoNamespaces
	}
	unlock, err := lockNamespaces()
	if err != nil {
		return nil, err
	}
	n := &namespaces{hosts: hosts, unlock: unlock}
	if err := n.make(ctx); err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

func (n *namespaces) make(ctx context.Context) error {
	if err := removeNamespaces(ctx); err != nil {
		return err
	}
	commands := []string{
		"netns add " + nsSwitch,
		"-n " + nsSwitch + " link set lo up",
		"-n " + nsSwitch + " link add " + nsBridge + " type bridge",
		"-n " + nsSwitch + " addr add " + nsWatch + "/24 dev " + nsBridge,
		"-n " + nsSwitch + " link set " + nsBridge + " up",
	}
	for _, host := range n.hosts {
		ns := nsPrefix + host
		commands = append(commands,
			"netns add "+ns,
			"-n "+nsSwitch+" link add name "+host+" type veth peer name "+nsPort+" netns "+ns,
			"-n "+nsSwitch+" link set dev "+host+" master "+nsBridge+" up",
			"-n "+ns+" addr add "+n.address(host)+"/24 dev "+nsPort,
			"-n "+ns+" link set lo up",
			"-n "+ns+" link set "+nsPort+" up",
		)
	}
	for _, c := range commands {
		if err := ip(ctx, c); err != nil {
			return err
		}
	}
	return nil
}

// close removes the network; processes in it must have ended.
func (n *namespaces) close() {
	_ = removeNamespaces(context.Background()) // the next run removes what is left
	n.unlock()
}

// removeNamespaces removes what this or an earlier run has made: links go with their namespaces.
func removeNamespaces(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, "ip", "netns", "list").Output()
	if err != nil {
		return fmt.Errorf("ip netns list: %w", err)
	}
	for line := range strings.Lines(string(out)) {
		name, _, _ := strings.Cut(strings.TrimSpace(line), " ") // an id may follow
		if strings.HasPrefix(name, nsPrefix) {
			err = errors.Join(err, ip(ctx, "netns del "+name))
		}
	}
	return err
}

// address is a host's.
func (n *namespaces) address(host string) string {
	for i, h := range n.hosts {
		if h == host {
			return nsNet + strconv.Itoa(i+1)
		}
	}
	panic("no host " + host)
}

// place has p run on the host of its name.
func (n *namespaces) place(p fleet.Process) fleet.Process {
	p.Args = append([]string{"netns", "exec", nsPrefix + p.Name, p.Program}, p.Args...) // ip becomes the program
	p.Program = "ip"
	return p
}

// dial connects from the switch, which reaches all hosts that are plugged in.
func (n *namespaces) dial(ctx context.Context, network, addr string) (conn net.Conn, err error) {
	inErr := inNamespace(nsSwitch, func() {
		conn, err = new(net.Dialer).DialContext(ctx, network, addr)
	})
	if inErr != nil {
		return nil, inErr
	}
	return conn, err
}

// unplug cuts host off from everybody, without a sign of it on the host; plug takes that back.
func (n *namespaces) unplug(ctx context.Context, host string) error {
	return ip(ctx, "-n "+nsSwitch+" link set dev "+host+" nomaster")
}

func (n *namespaces) plug(ctx context.Context, host string) error {
	return ip(ctx, "-n "+nsSwitch+" link set dev "+host+" master "+nsBridge)
}

// cut loses all that from sends to another host, in silence and in this direction only; join takes that back.
func (n *namespaces) cut(ctx context.Context, from, to string) error {
	return ip(ctx, fmt.Sprintf("-n %s%s neigh replace %s lladdr %s dev %s nud permanent", nsPrefix, from, n.address(to), nobody, nsPort))
}

func (n *namespaces) join(ctx context.Context, from, to string) error {
	return ip(ctx, fmt.Sprintf("-n %s%s neigh del %s dev %s", nsPrefix, from, n.address(to), nsPort))
}

// refuse makes two hosts refuse each other; admit takes all of that back from the hosts given.
func (n *namespaces) refuse(ctx context.Context, a, b string) error {
	return errors.Join(n.firewall.block(ctx, n, a, b), n.firewall.block(ctx, n, b, a))
}

func (n *namespaces) admit(ctx context.Context, hosts ...string) (err error) {
	for _, host := range hosts {
		err = errors.Join(err, n.firewall.open(ctx, host))
	}
	return err
}

// slow delays what host sends by 20 to 60 ms and loses one packet in fifty; quick takes that back.
func (n *namespaces) slow(ctx context.Context, host string) error {
	return tc(ctx, "-n "+nsPrefix+host+" qdisc replace dev "+nsPort+" root netem delay 40ms 20ms loss 2%")
}

func (n *namespaces) quick(ctx context.Context, host string) error {
	return tc(ctx, "-n "+nsPrefix+host+" qdisc del dev "+nsPort+" root")
}

// canSlow reports whether this kernel and iproute2 know how.
func (n *namespaces) canSlow(ctx context.Context) bool {
	return n.slow(ctx, n.hosts[0]) == nil && n.quick(ctx, n.hosts[0]) == nil
}

func ip(ctx context.Context, args string) error { return command(ctx, "ip", args) }
func tc(ctx context.Context, args string) error { return command(ctx, "tc", args) }

func command(ctx context.Context, program, args string) error {
	out, err := exec.CommandContext(ctx, program, strings.Fields(args)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", program, args, err, strings.TrimSpace(string(out)))
	}
	return nil
}
