package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// site is where the processes of a fleet under test run: all on loopback, or each in a network namespace of its own.
type site struct {
	members []string // routers, then servers, then the spare one
	addr    map[string]fleet.Address
	token   string // of operators
	// What routers and servers need there besides.
	routerArgs, serverArgs []string
	place                  func(fleet.Process) fleet.Process // puts a process where it belongs
	dial                   func(ctx context.Context, network, addr string) (net.Conn, error)
	net                    *namespaces // nil on loopback
	balancer               *balancer   // clients reach the routers through it, and nothing else; nil: they reach all members
}

// memberNames are those of a fleet under test: routers, servers, and one more server, which joins now and then.
func memberNames(routers, servers int) (names []string) {
	for i := range routers {
		names = append(names, "router-"+strconv.Itoa(i+1))
	}
	for i := range servers + 1 {
		names = append(names, "game-"+strconv.Itoa(i+1))
	}
	return names
}

// onLoopback is a site without keys, as development has it.
func onLoopback(members []string) (*site, error) {
	addresses, err := fleet.PickAddresses(len(members)-1, true)
	if err != nil {
		return nil, err
	}
	s := &site{members: members, addr: map[string]fleet.Address{}, place: func(p fleet.Process) fleet.Process { return p }, dial: new(net.Dialer).DialContext}
	for i, name := range members {
		s.addr[name] = addresses[i]
	}
	return s, nil
}

// behindBalancer is onLoopback with a load balancer before the routers. bed.close closes it.
func behindBalancer(members []string) (*site, error) {
	s, err := onLoopback(members)
	if err != nil {
		return nil, err
	}
	var routers []string
	for _, name := range members {
		if isRouter(name) {
			routers = append(routers, s.addr[name].HTTP)
		}
	}
	s.balancer, err = newBalancer(routers)
	return s, err
}

// entrance is the base URL at which clients begin.
func (s *site) entrance() string {
	if s.balancer != nil {
		return s.balancer.url()
	}
	return "http://" + s.addr[s.members[0]].HTTP
}

// Ports of members in namespaces; each has an address of its own.
const (
	siteHTTP   = 8080 // of routers, and the internal listener of game servers
	sitePlay   = 8081 // of game servers, for players
	siteGossip = 7946
)

// inNamespaces is a site as production has it: a cluster key, certificates, an operators' token, and tickets that are signed with a
// private key, all made here and left in dir.
func inNamespaces(n *namespaces, members []string, dir string) (*site, error) {
	secret := func(bytes int) string {
		b := make([]byte, bytes)
		_, _ = rand.Read(b) // never fails
		return base64.StdEncoding.EncodeToString(b)
	}
	private, public, err := ticket.GenerateKey()
	if err != nil {
		return nil, err
	}
	s := &site{members: members, addr: map[string]fleet.Address{}, token: secret(24), place: n.place, dial: n.dial, net: n}
	ca, err := certs.WriteCA(dir)
	if err != nil {
		return nil, fmt.Errorf("keys: %w", err)
	}
	files := map[string]string{"cluster.key": secret(32), "ticket.pem": string(private), "ticket.pub": string(public), "admin.token": s.token}
	for name, text := range files {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			return nil, fmt.Errorf("keys: %w", err)
		}
		files[name] = file
	}
	both := []string{"-cluster-key-file", files["cluster.key"], "-admin-token-file", files["admin.token"],
		"-fleet-cert", ca.Cert, "-fleet-key", ca.Key}
	s.routerArgs = append([]string{"-ticket-key", files["ticket.pem"]}, both...)
	s.serverArgs = append([]string{"-ticket-keys", files["ticket.pub"]}, both...)
	for _, name := range members {
		ip := n.address(name)
		s.addr[name] = fleet.Address{HTTP: net.JoinHostPort(ip, strconv.Itoa(siteHTTP)), Gossip: net.JoinHostPort(ip, strconv.Itoa(siteGossip))}
	}
	return s, nil
}
