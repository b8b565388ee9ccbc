package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/ticket"
)

// siege is a fleet under attack and its honest players: a router that redirects, one that tunnels, and three game servers, with keys and certificates as
// in production but on loopback. Processes may have few descriptors, so that a few hundred connections are many.
type siege struct {
	bed     *bed
	honest  *honest
	log     *fleet.Console
	lines   *countingWriter
	dir     string
	peers   map[string]string // host:port of game servers' peer ports
	cluster []byte            // the cluster key
	c       config
	tries   int // attacks so far: one that is tried again comes from other addresses
}

const (
	// siegeDescriptors is what each process of the fleet may open.
	siegeDescriptors = 1024
	redirecting      = "router-1"
	tunnelling       = "router-2"
	// proxyAddress is where strangers dial from: a trusted proxy, which says in its PROXY header who they are. So each stranger has an
	// address of its own, though loopback addresses have no limits.
	proxyAddress = "127.9.0.1"
)

// siegeLimits are what a router and a game server with so few descriptors let strangers have by default, by the kind of connection; see SECURITY.md.
// They are written down rather than asked for, so that a fleet without limits fails.
var siegeLimits = map[string]struct{ router, server int }{"idle": {112, 224}, "unentered": {56, 112}, "stream": {28, 0}}

// siegeShare is what one address may have of each.
const siegeShare = 64

func siegeLimit(member, kind string) int {
	if isRouter(member) {
		return siegeLimits[kind].router
	}
	return siegeLimits[kind].server
}

// undefended are flags that switch the limits of addresses and connections off, to see what the attacks then do.
var undefended = struct{ all, router, server []string }{
	all: []string{"-max-connections", "100000", "-max-entered", "100000", "-max-idle", "100000", "-max-unentered", "100000", "-address-share", "1", "-reserve-descriptors", "0",
		"-max-gossip-streams", "100000", "-max-gossip-streams-per-address", "100000"},
	router: []string{"-max-streams", "100000", "-tickets-per-address", "0", "-tickets-per-identity", "0", "-reservations-per-address", "0", "-party-seats-per-address", "0", "-lookups-per-address", "0"},
	server: []string{"-max-handshakes", "100000", "-max-handshakes-per-address", "100000", "-unplayed-room", "60s"},
}

func openSiege(ctx context.Context, c config, bin, dir string, lines *countingWriter, log *fleet.Console) (*siege, error) {
	members := []string{redirecting, tunnelling, "game-1", "game-2", "game-3", "game-4"}
	site, err := onLoopback(members)
	if err != nil {
		return nil, err
	}
	s := &siege{log: log, lines: lines, dir: dir, peers: map[string]string{}, c: c}
	if err := s.makeKeys(site, dir); err != nil {
		return nil, err
	}
	if c.undefended {
		site.routerArgs = append(append(site.routerArgs, undefended.all...), undefended.router...)
		site.serverArgs = append(append(site.serverArgs, undefended.all...), undefended.server...)
	}
	for _, name := range members[2:] {
		if s.peers[name], err = freeAddress(); err != nil {
			return nil, err
		}
	}
	site.place = func(p fleet.Process) fleet.Process {
		switch {
		case p.Name == tunnelling:
			p.Args = append(p.Args, "-mode", "proxy")
		case !isRouter(p.Name):
			p.Args = append(p.Args, "-peer", s.peers[p.Name], "-listen", fleet.Loopback(0), "-inside", site.addr[p.Name].HTTP)
		}
		p.Args = append([]string{"-c", `ulimit -n ` + strconv.Itoa(siegeDescriptors) + `; exec "$0" "$@"`, p.Program}, p.Args...)
		p.Program = "/bin/sh"
		return p
	}
	c.mode, c.logLevel = "redirect", "info"
	s.bed = newBed(site, c, bin, nil, log)
	s.bed.mixed = true
	s.honest = newHonest(s)
	for _, step := range []func(context.Context) error{s.bed.open, s.honest.enter} {
		if err := step(ctx); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// makeKeys makes the keys of a fleet in production.
func (s *siege) makeKeys(site *site, dir string) error {
	private, public, err := ticket.GenerateKey()
	if err != nil {
		return err
	}
	ca, err := certs.WriteCA(dir)
	if err != nil {
		return err
	}
	s.cluster = make([]byte, 32)
	token := make([]byte, 24)
	_, _ = rand.Read(s.cluster) // never fails
	_, _ = rand.Read(token)
	site.token = base64.StdEncoding.EncodeToString(token)
	file := func(name string) string { return filepath.Join(dir, name) }
	for name, text := range map[string]string{"cluster.key": base64.StdEncoding.EncodeToString(s.cluster), "ticket.pem": string(private), "ticket.pub": string(public), "admin.token": site.token} {
		if err := os.WriteFile(file(name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	both := []string{"-cluster-key-file", file("cluster.key"), "-admin-token-file", file("admin.token"), "-fleet-cert", ca.Cert, "-fleet-key", ca.Key,
		"-trusted-proxies", proxyAddress}
	// Inside a minute all the attacks of one address have to fit, or to be refused: the defaults but for tickets, which the bed sets to 0.
	site.routerArgs = append([]string{"-ticket-key", file("ticket.pem"), "-tickets-per-address", "300"}, both...)
	site.serverArgs = append([]string{"-ticket-keys", file("ticket.pub")}, both...)
	return nil
}

func (s *siege) close() {
	s.honest.close()
	s.bed.close()
}

// recover waits until the fleet is whole and the honest players play, as before each attack. A server that drains, since an attack has cost it a
// core, is started again once its rooms are gone.
func (s *siege) recover(ctx context.Context) error {
	for _, name := range s.bed.servers() {
		drained := func() bool {
			v, err := s.bed.api.server(ctx, name)
			return err == nil && v.Rooms == 0
		}
		if v, err := s.bed.api.server(ctx, name); err != nil || v.State == "serving" {
			continue // wait tells what is wrong
		}
		if err := until(ctx, 30*time.Second, name+" drains and keeps its rooms", drained); err != nil {
			return err
		}
		s.bed.kill(name)
		if err := s.bed.start(name); err != nil {
			return err
		}
	}
	if _, _, err := s.bed.wait(ctx); err != nil {
		return err
	}
	return until(ctx, 30*time.Second, "honest players get no frames", func() bool { return s.honest.playing() })
}

// router is the base URL of a router's public listener.
func (s *siege) router(name string) string { return "http://" + s.bed.site.addr[name].HTTP }

// public is the host:port of a game server's public listener.
func (s *siege) public(ctx context.Context, server string) (string, error) {
	var v struct {
		Members []struct{ Name, URL string }
	}
	if err := s.bed.api.call(ctx, http.MethodGet, redirecting, "/v1/fleet", &v); err != nil {
		return "", err
	}
	for _, m := range v.Members {
		if m.Name == server {
			return strings.TrimPrefix(m.URL, "http://"), nil
		}
	}
	return "", fmt.Errorf("the fleet has no %s", server)
}

// metric sums the series of a member whose name and labels begin with prefix.
func (s *siege) metric(ctx context.Context, member, prefix string) (sum float64, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.bed.site.addr[member].HTTP+"/metrics", nil)
	if err != nil {
		return 0, err
	}
	req.Header.Set("Authorization", "Bearer "+s.bed.site.token)
	resp, err := s.bed.api.http.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("%s: metrics: %s", member, resp.Status)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if at := strings.LastIndexByte(lines.Text(), ' '); at > 0 && strings.HasPrefix(lines.Text(), prefix) {
			n, _ := strconv.ParseFloat(lines.Text()[at+1:], 64)
			sum += n
		}
	}
	return sum, lines.Err()
}

// memory is what a member has from the system, in MB.
func (s *siege) memory(ctx context.Context, member string) float64 {
	n, _ := s.metric(ctx, member, "process_resident_memory_bytes")
	return n / (1 << 20)
}

// until polls for a condition, and fails after limit with what was waited for.
func until(ctx context.Context, limit time.Duration, what string, f func() bool) error {
	for begun := time.Now(); !f(); {
		if time.Since(begun) > limit {
			return fmt.Errorf("after %v: %s", limit, what)
		}
		if err := pauseFor(ctx, 50*time.Millisecond); err != nil {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
	return nil
}

// freeAddress finds a free TCP port.
func freeAddress() (string, error) {
	l, err := net.Listen("tcp", fleet.Loopback(0))
	if err != nil {
		return "", err
	}
	defer l.Close()
	return l.Addr().String(), nil
}

// countingWriter counts lines on their way to w.
type countingWriter struct {
	w     io.Writer
	lines atomic.Int64
}

func (c *countingWriter) Write(b []byte) (int, error) {
	c.lines.Add(int64(bytes.Count(b, []byte("\n"))))
	return c.w.Write(b)
}
