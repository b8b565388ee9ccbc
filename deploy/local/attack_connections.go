package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

func connectionAttacks() []attack {
	return []attack{
		{row: "1b", short: true, run: func(ctx context.Context, s *siege) (string, error) { return s.idle(ctx, "game-1", 1100, 1) },
			did:  "1,100 keep-alive connections to a game server that has 1,024 descriptors, each from another address",
			must: "the oldest go; honest players get in; the server takes nobody for gone and suspends nothing"},
		{row: "1b", run: func(ctx context.Context, s *siege) (string, error) { return s.idle(ctx, "game-2", 400, 400) },
			did:  "400 keep-alive connections to a game server from one address",
			must: "one address holds its share at most"},
		{row: "1c", short: true, run: func(ctx context.Context, s *siege) (string, error) { return s.idle(ctx, redirecting, 1100, 1) },
			did:  "1,100 keep-alive connections to a router that has 1,024 descriptors, each from another address",
			must: "the oldest go; honest players get in; a few MB at most"},
		{row: "1d", short: true, run: func(ctx context.Context, s *siege) (string, error) { return s.upgrades(ctx, "game-1", 1000) },
			did:  "1,000 upgrades to a game server without a hello, each from another address",
			must: "the oldest go; nobody honest is refused"},
		{row: "1d", short: true, run: func(ctx context.Context, s *siege) (string, error) { return s.upgrades(ctx, tunnelling, 1000) },
			did:  "1,000 upgrades to a router that tunnels, without a hello, each from another address",
			must: "the oldest go; nobody honest is refused; game servers see none of them"},
		{row: "1d", run: func(ctx context.Context, s *siege) (string, error) { return s.slowHeaders(ctx) },
			did:  "300 connections to a router that send their header a byte a second, and 10 requests with 1 MB of headers or body",
			must: "closed within seconds; 400, 413 or 431"},
		{row: "sse", short: true, run: func(ctx context.Context, s *siege) (string, error) { return s.streams(ctx) },
			did:  "300 streams of the fleet's events from 300 addresses",
			must: "503 beyond -max-streams"},
	}
}

// newNoise is a source of bytes that is the same each time.
func newNoise() *rand.Rand { return rand.New(rand.NewPCG(1, 2)) }

// addressOf is the public listener of a member.
func (s *siege) addressOf(ctx context.Context, member string) (string, error) {
	if isRouter(member) {
		return s.bed.site.addr[member].HTTP, nil
	}
	return s.public(ctx, member)
}

// calm says that no server suspends rooms or takes another one for gone.
func (s *siege) calm(ctx context.Context) error {
	for _, name := range s.bed.servers() {
		v, err := s.bed.api.server(ctx, name)
		if err != nil {
			return err
		}
		if v.Suspended {
			return fmt.Errorf("%s has suspended its rooms", name)
		}
		n, err := s.metric(ctx, name, `ringside_members{role="gameserver",state="serving"}`)
		if err != nil {
			return err
		}
		if int(n) != len(s.bed.servers()) {
			return fmt.Errorf("%s sees %v game servers, there are %d", name, n, len(s.bed.servers()))
		}
	}
	return nil
}

// idle keeps HTTP connections open after a request each, so many from one address.
func (s *siege) idle(ctx context.Context, member string, n, each int) (string, error) {
	addr, err := s.addressOf(ctx, member)
	if err != nil {
		return "", err
	}
	before := s.memory(ctx, member)
	var all []net.Conn
	defer func() { closeAll(all) }()
	refused := 0
	for i := range n {
		r, c, err := strangerAt(1000+i/each).ask(ctx, http.MethodGet, addr, "/livez", "")
		if err != nil || r.status != http.StatusOK {
			refused++ // at a limit connections are closed
		}
		if c != nil {
			all = append(all, c)
		}
	}
	if err := s.calm(ctx); err != nil {
		return "", err
	}
	stay, after := countOpen(all), s.memory(ctx, member)
	if err := s.honest.newcomers(ctx); err != nil {
		return "", err
	}
	limit := siegeLimit(member, "idle")
	if each > 1 {
		limit = siegeShare
	}
	text := fmt.Sprintf("%d opened, %d refused, %d stay open, the limit is %d; %.0f MB before, %.0f MB after", len(all), refused, stay, limit, before, after)
	if stay > limit+1 {
		return text, errors.New("more connections stay open than the limit says")
	}
	return text, nil
}

// upgrades opens WebSockets and says nothing.
func (s *siege) upgrades(ctx context.Context, member string, n int) (string, error) {
	addr, err := s.addressOf(ctx, member)
	if err != nil {
		return "", err
	}
	var all []net.Conn
	defer func() { closeAll(all) }()
	refused := 0
	for i := range n {
		k, err := strangerAt(3000+i).upgrade(ctx, "ws://"+addr+"/v1/rooms/nowhere/connect")
		if err != nil {
			refused++
			continue
		}
		all = append(all, k)
	}
	if err := s.calm(ctx); err != nil {
		return "", err
	}
	limit := siegeLimit(member, "unentered")
	stay := countOpen(all)
	for try := 0; stay > limit && try < 3; try++ { // one that was closed stays open until its reader has run; each count takes 0.1 s
		stay = countOpen(all)
	}
	if err := s.honest.newcomers(ctx); err != nil {
		return "", err
	}
	dialled := 0.0
	if member == tunnelling {
		for _, server := range s.bed.servers() {
			n, err := s.metric(ctx, server, `ringside_edge_connections{kind="unentered"}`)
			if err != nil {
				return "", err
			}
			dialled += n
		}
	}
	text := fmt.Sprintf("%d upgraded, %d refused, %d stay open, the limit is %d; game servers have %.0f without a hello", len(all), refused, stay, limit, dialled)
	switch {
	case stay > limit:
		return text, errors.New("more connections stay open than the limit says")
	case dialled > 10: // honest ones come and go
		return text, errors.New("the router has dialled game servers before a hello")
	}
	return text, nil
}

// slowHeaders is slowloris, and what is too large.
func (s *siege) slowHeaders(ctx context.Context) (string, error) {
	addr := s.bed.site.addr[redirecting].HTTP
	var all []net.Conn
	defer func() { closeAll(all) }()
	for i := range 300 {
		c, err := strangerAt(5000+i).dial(ctx, addr)
		if err != nil {
			return "", err
		}
		if _, err := c.Write([]byte("GET /livez HTTP/1.1\r\nHost: x\r\nX-Slow: ")); err != nil {
			return "", err
		}
		all = append(all, c)
	}
	begun := time.Now()
	err := until(ctx, 12*time.Second, "slow connections stay open", func() bool {
		for _, c := range all {
			_, _ = c.Write([]byte("a"))
		}
		_ = pauseFor(ctx, time.Second)
		return countOpen(all) == 0
	})
	took := time.Since(begun)
	if err != nil {
		return "", err
	}
	status := map[int]int{}
	large := string(bytes.Repeat([]byte("a"), 1<<20))
	for i := range 10 {
		line, body := "X-Large: "+large, ""
		if i%2 == 1 {
			line, body = "X-Small: a", `{"game":"`+large+`"}`
		}
		r, err := strangerAt(5500+i).once(ctx, http.MethodPost, addr, "/v1/rooms", body, line)
		if err == nil && r.status < 400 {
			return "", fmt.Errorf("1 MB was answered with %d", r.status)
		}
		status[r.status]++ // 0: closed in the middle of it
	}
	return fmt.Sprintf("all slow ones closed after %v; statuses of the large ones %v", took.Round(100*time.Millisecond), status), nil
}

// streams follows the fleet's events.
func (s *siege) streams(ctx context.Context) (string, error) {
	addr := s.bed.site.addr[redirecting].HTTP
	var all []net.Conn
	defer func() { closeAll(all) }()
	given, refused := 0, 0
	for i := range 300 {
		c, err := strangerAt(6000+i).dial(ctx, addr)
		if err != nil {
			return "", err
		}
		all = append(all, c)
		if _, err := fmt.Fprintf(c, "GET /v1/fleet/events HTTP/1.1\r\nHost: %s\r\n\r\n", addr); err != nil {
			return "", err
		}
		head := make([]byte, 12) // HTTP/1.1 200
		_ = c.SetReadDeadline(time.Now().Add(strangerTimeout))
		if _, err := c.Read(head); err != nil {
			return "", err
		}
		switch string(head[9:]) {
		case "200":
			given++
		case "503":
			refused++
		default:
			return "", fmt.Errorf("a stream was answered with %q", head)
		}
	}
	limit := siegeLimit(redirecting, "stream")
	if err := s.honest.newcomers(ctx); err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d streams, %d refused, the limit is %d", given, refused, limit)
	if given > limit || refused == 0 {
		return text, errors.New("more streams than the limit says")
	}
	return text, nil
}
