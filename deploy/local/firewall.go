package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
)

// firewall is a program that can make a host refuse another one, by the commands that it takes in the host's namespace. %s is
// the address that is refused. TCP is answered by a reset, which a refused host must be able to hear, so resets pass; UDP is
// dropped.
type firewall struct {
	program string
	refuse  []string // run in order
	admit   string   // undoes all of them
}

// firewalls are those that are known, the preferred one first.
var firewalls = []firewall{
	{"nft", []string{
		"add table inet ringside",
		"add chain inet ringside input { type filter hook input priority 0 ; }",
		"add rule inet ringside input ip saddr %s tcp flags & rst != rst reject with tcp reset",
		"add rule inet ringside input ip saddr %s meta l4proto udp drop",
	}, "delete table inet ringside"},
	{"iptables", []string{
		"-A INPUT -s %s -p tcp ! --tcp-flags RST RST -j REJECT --reject-with tcp-reset",
		"-A INPUT -s %s -p udp -j DROP",
	}, "-F INPUT"},
}

// errNoFirewall: no host can be made to refuse another one.
var errNoFirewall = errors.New("refusing needs nft or iptables, and a kernel with its reject target; on Debian: apt-get install nftables")

// findFirewall gives the first of all that works here, which it tries in the namespace of a host.
func (n *namespaces) findFirewall(ctx context.Context, all []firewall) (firewall, error) {
	err := errNoFirewall
	for _, f := range all {
		if _, missing := exec.LookPath(f.program); missing != nil {
			continue
		}
		host := n.hosts[0]
		tried := errors.Join(f.block(ctx, n, host, host), f.open(ctx, host))
		if tried == nil {
			return f, nil
		}
		err = errors.Join(err, tried)
	}
	return firewall{}, err
}

// block makes host at refuse everything from host from, until open. Connections between the two are reset with their next
// packet.
func (f firewall) block(ctx context.Context, n *namespaces, at, from string) error {
	for _, c := range f.refuse {
		if strings.Contains(c, "%s") {
			c = fmt.Sprintf(c, n.address(from))
		}
		if err := f.run(ctx, at, c); err != nil {
			return err
		}
	}
	return nil
}

// open makes host at refuse nobody.
func (f firewall) open(ctx context.Context, at string) error { return f.run(ctx, at, f.admit) }

func (f firewall) run(ctx context.Context, host, args string) error {
	return ip(ctx, "netns exec "+nsPrefix+host+" "+f.program+" "+args)
}
