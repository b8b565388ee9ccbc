package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
	"github.com/ringside-go/ringside/proto"
)

func fleetAttacks() []attack {
	return []attack{
		{row: "1h", short: true, run: throughProxy, did: "drain and operator's requests to a server and a router without a token on 127.0.0.1, as a proxy on that machine passes them on",
			must: "403 with a Forwarded, X-Forwarded-For, X-Real-IP or Via header, another Host, another Origin, or HTTP/1.0; only the bare request is of this machine"},
		{row: "1i", short: true, run: floodGossip, did: "60 gossip streams that claim 20 MB each, without the key",
			must: "a few MB at most; the fleet stays whole"},
		{row: "1i", short: true, run: poisonGossip, did: "members of a fleet without keys whose metadata has escapes in the name, a javascript: URL, a URL with a user, and numbers out of range",
			must: "none of them is seen; one that is well-formed is"},
		{row: "1j", short: true, run: floodPeers, did: "280 silent connections, and 280 with random bytes, to a peer port",
			must: "neither cluster nor name nor protocol is told; closed within 2 s; hardly a log line"},
		{row: "1j", run: floodRestart, did: "300 silent connections to each peer port, renewed all the time, while a server is killed and started again", harm: harm{gap: 10 * time.Second, moves: true},
			must: "the server is linked again, and has its rooms back, as without them"},
		{row: "1l", short: true, run: spyFleet, did: "GET of the fleet, events, metrics and all operators' paths by a stranger, through each public listener; a private room by its id",
			must: "no ids, names or addresses; 401, 403 or 404; 403 without the code"},
		{row: "ca", run: lureFleet, did: "a process with the cluster key and without a certificate announces itself as a game server, and an operator drains it, bans a player, and players ask for a room there",
			must: "it reads neither a token nor a ticket"},
	}
}

// spawn starts a process besides the fleet; it ends with f's caller calling end.
func (s *siege) spawn(name, program string, args ...string) (end func(), err error) {
	p := fleet.Process{Name: name, Program: filepath.Join(s.bed.builder.Bin, program), Args: append([]string{"-name", name, "-cluster", "bare"}, args...)}
	c, err := p.Start(s.log, 0, make(chan *fleet.Child, 1))
	if err != nil {
		return nil, err
	}
	return func() { fleet.Stop([]*fleet.Child{c}, 3*time.Second) }, nil
}

// bare starts a fleet of one game server and one router as development has it: no keys, no token, all on one loopback listener.
func (s *siege) bare(ctx context.Context, args ...string) (server, router, gossip string, end func(), err error) {
	if server, err = freeAddress(); err == nil {
		router, err = freeAddress()
	}
	if err != nil {
		return "", "", "", nil, err
	}
	gossip, held, err := fleet.FreeGossipPort()
	if err != nil {
		return "", "", "", nil, err
	}
	for _, h := range held {
		h.Close()
	}
	one, err := s.spawn("bare-1", "gameserver", append([]string{"-listen", server, "-gossip", gossip, "-seeds", gossip}, args...)...)
	if err != nil {
		return "", "", "", nil, err
	}
	two, err := s.spawn("bare-2", "router", "-drain", "0s", "-listen", router, "-seeds", gossip)
	if err != nil {
		one()
		return "", "", "", nil, err
	}
	end = func() { two(); one() }
	err = until(ctx, 20*time.Second, "the router of the bare fleet is not ready", func() bool {
		r, err := plain(ctx, http.MethodGet, router, "/readyz", "")
		return err == nil && r.status == http.StatusOK
	})
	if err != nil {
		end()
		return "", "", "", nil, err
	}
	return server, router, gossip, end, nil
}

// plain sends one request from this machine's own address.
func plain(ctx context.Context, method, addr, path, body string, lines ...string) (reply, error) {
	c, err := new(net.Dialer).DialContext(ctx, "tcp", addr)
	if err != nil {
		return reply{}, err
	}
	defer c.Close()
	return askOn(c, method, addr, path, body, lines...)
}

// throughProxy is row 1h.
func throughProxy(ctx context.Context, s *siege) (string, error) {
	server, router, _, end, err := s.bare(ctx)
	if err != nil {
		return "", err
	}
	defer end()
	tried := 0
	for addr, path := range map[string]string{server: "/v1/server/drain", router: "/v1/fleet/servers/bare-1/drain"} {
		for _, line := range []string{"X-Forwarded-For: 203.0.113.7", "X-Forwarded-Host: play.example.com", "Forwarded: for=203.0.113.7", "X-Real-IP: 203.0.113.7", "Via: 1.1 proxy",
			"Host: play.example.com", "Host: 203.0.113.7", "Origin: https://evil.example.com", "Origin: null"} {
			r, err := plain(ctx, http.MethodPost, addr, path, "", line)
			if err != nil || r.status != http.StatusForbidden {
				return "", fmt.Errorf("POST %s with %q: %d, %v", path, line, r.status, err)
			}
			tried++
		}
		c, err := net.Dial("tcp", addr)
		if err != nil {
			return "", err
		}
		fmt.Fprintf(c, "POST %s HTTP/1.0\r\nHost: %s\r\nContent-Length: 0\r\n\r\n", path, addr)
		answer, _ := io.ReadAll(c)
		c.Close()
		if !strings.HasPrefix(string(answer), "HTTP/1.0 403") {
			return "", fmt.Errorf("POST %s with HTTP/1.0: %.40q", path, answer)
		}
		if r, err := plain(ctx, http.MethodPost, addr, path, ""); err != nil || r.status/100 != 2 {
			return "", fmt.Errorf("POST %s of this machine itself: %d %s, %v", path, r.status, r.body, err)
		}
		if r, err := plain(ctx, http.MethodPost, addr, strings.Replace(path, "drain", "undrain", 1), ""); err != nil || r.status/100 != 2 {
			return "", fmt.Errorf("undrain of this machine itself: %d, %v", r.status, err)
		}
	}
	return fmt.Sprintf("%d requests refused with 403, 2 of this machine itself obeyed", tried+2), nil
}

// floodPeers is the first half of row 1j.
func floodPeers(ctx context.Context, s *siege) (string, error) {
	const target, n = "game-1", 280
	lines := s.lines.lines.Load()
	var all []net.Conn
	defer func() { closeAll(all) }()
	noise := newNoise()
	for i := range 2 * n {
		d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 8, 1, byte(1+i%5))}}
		c, err := d.DialContext(ctx, "tcp", s.peers[target])
		if err != nil {
			return "", err
		}
		all = append(all, c)
		if i >= n {
			b := make([]byte, 100)
			for j := range b {
				b[j] = byte(noise.Uint32())
			}
			_, _ = c.Write(b) // it may be closed at a limit
		}
	}
	begun := time.Now()
	told, most := "", 0
	var closing sync.WaitGroup
	var mu sync.Mutex
	for _, c := range all {
		closing.Go(func() {
			_ = c.SetReadDeadline(begun.Add(10 * time.Second))
			b, _ := io.ReadAll(c) // to the end, or as far as the deadline
			mu.Lock()
			defer mu.Unlock()
			most = max(most, len(b))
			if found := contains(b, "ringside", "game-", "gameserver", "router"); len(found) > 0 {
				told = fmt.Sprint(found)
			}
		})
	}
	closing.Wait()
	took := time.Since(begun)
	logged := s.lines.lines.Load() - lines
	failed, err := s.metric(ctx, target, "ringside_link_handshakes_failed_total")
	if err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d connections, the last one closed after %v; at most %d bytes told; %.0f counted, %d log lines", 2*n, took.Round(100*time.Millisecond), most, failed, logged)
	switch {
	case told != "":
		return text, fmt.Errorf("a stranger was told %s", told)
	case took > 6*time.Second:
		return text, errors.New("connections stay open that prove nothing")
	case logged > n/4:
		return text, errors.New("each bad connection logs a line")
	}
	return text, s.calm(ctx)
}

// floodRestart is the second half of row 1j.
func floodRestart(ctx context.Context, s *siege) (string, error) {
	flood, stop := context.WithCancel(ctx)
	var flooding sync.WaitGroup
	defer func() { stop(); flooding.Wait() }()
	dialled := make(chan struct{}, 1<<20)
	for _, server := range s.bed.servers() {
		for i := range 300 {
			flooding.Go(func() {
				d := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 8, 2, byte(1+i%10))}}
				for flood.Err() == nil {
					c, err := d.DialContext(flood, "tcp", s.peers[server])
					if err != nil {
						_ = pauseFor(flood, 100*time.Millisecond)
						continue
					}
					dialled <- struct{}{}
					_ = c.SetReadDeadline(time.Now().Add(time.Second))
					_, _ = io.Copy(io.Discard, c)
					c.Close()
					_ = pauseFor(flood, 300*time.Millisecond)
				}
			})
		}
	}
	s.bed.kill("game-3")
	if err := s.bed.start("game-3"); err != nil {
		return "", err
	}
	took, lacked, err := s.bed.wait(ctx)
	text := fmt.Sprintf("%d connections; whole again after %v, lacking last: %s", len(dialled), took.Round(100*time.Millisecond), lacked)
	if err == nil && took > 20*time.Second {
		err = errors.New("the fleet is whole too late")
	}
	return text, err
}

// spyFleet is row 1l.
func spyFleet(ctx context.Context, s *siege) (string, error) {
	spy := strangerAt(7000)
	listeners := map[string]string{redirecting: s.bed.site.addr[redirecting].HTTP, tunnelling: s.bed.site.addr[tunnelling].HTTP}
	for _, name := range s.bed.servers() {
		addr, err := s.public(ctx, name)
		if err != nil {
			return "", err
		}
		listeners[name] = addr
	}
	secrets := []string{"honest-", "game-1", "game-2", "game-3", "router-1", "router-2"}
	for _, addr := range s.bed.site.addr {
		secrets = append(secrets, addr.Gossip)
	}
	for _, addr := range s.peers {
		secrets = append(secrets, addr)
	}
	asked := 0
	for name, addr := range listeners {
		for _, path := range []string{"/v1/fleet", "/fleet", "/metrics", "/v1/server", "/v1/server/details", "/v1/server/rooms", "/v1/server/rooms/" + string(s.honest.rooms[0]), "/v1/rooms/" + string(s.honest.rooms[0]) + "/players",
			"/v1/bans", "/v1/fleet/operator", "/debug/pprof/", "/debug/vars", "//metrics", "/v1/../metrics", "/%6detrics", "/v1/servers/x/metrics"} {
			r, err := spy.once(ctx, http.MethodGet, addr, path, "", "Accept: text/plain")
			if err != nil {
				return "", err
			}
			asked++
			if found := contains(r.body, secrets...); len(found) > 0 && !strings.HasPrefix(path, "/v1/server/rooms/") && !strings.HasSuffix(path, "/players") {
				return "", fmt.Errorf("GET %s of %s (%d) shows %q", path, name, r.status, found)
			}
			if r.status == http.StatusOK && (strings.Contains(path, "metrics") || strings.Contains(path, "/v1/server") || strings.HasSuffix(path, "/players") || path == "/v1/bans") {
				return "", fmt.Errorf("GET %s of %s is answered", path, name)
			}
		}
		for _, path := range []string{"/v1/server/drain", "/v1/server/forget?server=game-2", "/v1/server/bans", "/v1/fleet/servers/game-1/drain", "/v1/rooms/" + string(s.honest.rooms[0]) + "/move", "/v1/rooms/" + string(s.honest.rooms[0]) + "/kick", "/v1/bans"} {
			for _, line := range []string{"X-A: b", "Authorization: Bearer ", "X-Forwarded-For: 127.0.0.1", "Host: 127.0.0.1"} {
				r, err := spy.once(ctx, http.MethodPost, addr, path, "{}", line)
				asked++
				if err != nil || r.status != http.StatusUnauthorized && r.status != http.StatusForbidden && r.status != http.StatusNotFound && r.status != http.StatusMethodNotAllowed {
					return "", fmt.Errorf("POST %s of %s with %q: %d, %v", path, name, line, r.status, err)
				}
			}
		}
	}
	// The stream of events.
	c, err := spy.dial(ctx, listeners[redirecting])
	if err != nil {
		return "", err
	}
	defer c.Close()
	fmt.Fprintf(c, "GET /v1/fleet/events HTTP/1.1\r\nHost: x\r\n\r\n")
	_ = c.SetReadDeadline(time.Now().Add(3 * time.Second))
	events, _ := io.ReadAll(c)
	if found := contains(events, secrets...); len(found) > 0 || len(events) < 200 {
		return "", fmt.Errorf("%d bytes of events show %q", len(events), found)
	}
	// A private room.
	owner := strangerAt(7001)
	a, err := owner.get(ctx, s.router(redirecting), `{"game":"hostile","private":true}`)
	if err != nil {
		return "", err
	}
	for _, more := range []string{"", `,"code":"abcdefgh234567ab"`, `,"role":"spectator"`} {
		if _, r, err := spy.seek(ctx, s.router(redirecting), "/v1/rooms", entryFor(proto.RoomID(a.Room), more)); err != nil || r.status != http.StatusForbidden {
			return "", fmt.Errorf("a private room with %q: %d, %v", more, r.status, err)
		}
	}
	if _, err := spy.get(ctx, s.router(redirecting), entryFor(proto.RoomID(a.Room), `,"code":"`+a.Code+`"`)); err != nil {
		return "", fmt.Errorf("a private room with its code: %w", err)
	}
	// With the token all of that is there, so the words above are the right ones.
	r, err := spy.once(ctx, http.MethodGet, listeners[redirecting], "/v1/fleet", "", "Authorization: Bearer "+s.bed.site.token)
	if err != nil || len(contains(r.body, "honest-", "game-1")) != 2 {
		return "", fmt.Errorf("the whole fleet view with the token: %d, %v", r.status, err)
	}
	return fmt.Sprintf("%d requests to 5 listeners and %d bytes of events show nothing; a private room opens with its code only", asked, len(events)), nil
}
