package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// attacks are all of them, in the order in which they run: those that kill servers are last.
func attacks() []attack {
	all := append(append(playerAttacks(), entryAttacks()...), connectionAttacks()...)
	all = append(append(all, fleetAttacks()...), linkAttacks()...)
	return append(all, roomAttacks()...)
}

func playerAttacks() []attack {
	return []attack{
		{row: "1a", short: true, run: stealSeat, did: "took the victim's alias from the public state, as id, as guest's secret and as name; used a copy of its ticket",
			must: "no id, hand or secret is seen; 403; the thief gets 4014 or a seat of its own; the victim plays on, and only a newer ticket of its own replaces it"},
		{row: "1e", short: true, run: emptyPromises, did: "20 POST /v1/match a second from one address, never followed up",
			must: "two honest players who ask meanwhile meet"},
		{row: "1f", short: true, run: hoardSeats, did: "70 spectators with one ticket; 6 players who never send an input and hang up",
			must: "one place for one player; unused seats are free at once; others get in"},
		{row: "1g", run: litterRooms, did: "made rooms with one identity, and with many identities from one address, looked in and left",
			must: "429 beyond 30 for one identity and 300 for one address; the rooms end within 10 s"},
		{row: "1k", short: true, run: lieAboutSight, did: "sent inputs with an ack 60 ticks in the past",
			must: "believed by 2 ticks, the round trip and 50 ms at most"},
		{row: "jwt", short: true, run: forgeTickets, did: "hello with tickets of the development key, with another algorithm, of another room, and cut short",
			must: "4004"},
		{row: "ban", short: true, run: banPlayer, did: "an operator kicks a player, then bans them",
			must: "4023; the banned one gets 403 of each router, and 4023 with a ticket from before"},
		{row: "bytes", short: true, run: sendGarbage, did: "200 connections with random bytes, broken frames, and records of wild lengths as hello",
			must: "closed with 4001 or without an answer"},
	}
}

// entryFor is the body of a request for a room of the hostile game.
func entryFor(room proto.RoomID, more string) string {
	return fmt.Sprintf(`{"game":%q,"room":%q%s}`, hostile.Name, room, more)
}

// get asks for a ticket and fails on any other answer than 201.
func (s stranger) get(ctx context.Context, router, body string) (admission, error) {
	a, r, err := s.seek(ctx, router, "/v1/rooms", body)
	if err == nil && r.status != http.StatusCreated {
		err = fmt.Errorf("POST /v1/rooms: %d: %s", r.status, r.body)
	}
	return a, err
}

// emptyPromises is row 1e.
func emptyPromises(ctx context.Context, s *siege) (string, error) {
	const each = 50 * time.Millisecond
	liar, body := strangerAt(11_000+s.tries), fmt.Sprintf(`{"game":%q}`, hostile.Name)
	lying, stop := context.WithCancel(ctx)
	var liars sync.WaitGroup
	defer func() { stop(); liars.Wait() }()
	var sent, given atomic.Int32
	liars.Go(func() {
		for pauseFor(lying, each) == nil {
			liars.Go(func() { // a request may wait for the first report of a room
				sent.Add(1)
				if _, r, err := liar.seek(lying, s.router(redirecting), "/v1/match", body); err == nil && r.status == http.StatusCreated {
					given.Add(1)
				}
			})
		}
	})
	if err := pauseFor(ctx, time.Second); err != nil {
		return "", err
	}
	var rooms [2]proto.RoomID
	if err := meet(ctx, s, &rooms); err != nil {
		return "", err
	}
	text := fmt.Sprintf("%d requests, %d seats promised; the honest two were in %s and %s", sent.Load(), given.Load(), rooms[0], rooms[1])
	if rooms[0] != rooms[1] {
		return text, errors.New("two honest players did not meet")
	}
	return text, nil
}

// meet has two players ask for a match, one after the other, who stay until both are in.
func meet(ctx context.Context, s *siege, rooms *[2]proto.RoomID) error {
	for i := range rooms {
		c, err := goclient.Dial(ctx, goclient.Config{Router: s.router(redirecting), HTTP: s.honest.http, Match: true, Request: goclient.Request{Game: hostile.Name}})
		if err != nil {
			return fmt.Errorf("a match for an honest player: %w", err)
		}
		rooms[i] = c.Welcome().Room
		defer c.Close()
		if i == 0 {
			if err := pauseFor(ctx, time.Second); err != nil { // the router hears of the first one
				return err
			}
		}
	}
	return nil
}

// hoardSeats is row 1f.
func hoardSeats(ctx context.Context, s *siege) (string, error) {
	router := s.router(redirecting)
	hoarder := strangerAt(20)
	watch, err := hoarder.get(ctx, router, entryFor("hoard", `,"role":"spectator"`))
	if err != nil {
		return "", err
	}
	player, err := hoarder.get(ctx, router, entryFor("hoard", ""))
	if err != nil {
		return "", err
	}
	first, err := hoarder.enter(ctx, player.URL, player.Ticket)
	if err != nil {
		return "", err
	}
	defer first.Close()
	if _, _, err := first.await(proto.KindKeyframe, strangerTimeout); err != nil {
		return "", err
	}
	var all []net.Conn
	defer func() { closeAll(all) }()
	for range 70 {
		k, err := hoarder.enter(ctx, watch.URL, watch.Ticket)
		if err != nil {
			return "", err
		}
		all = append(all, k)
	}
	for _, k := range all {
		var end closeFrame // by a newer one of them
		if _, _, err := k.(*socket).await(proto.KindWelcome, strangerTimeout); err != nil && !errors.As(err, &end) {
			return "", fmt.Errorf("a spectator's welcome: %w", err)
		}
	}
	watching, players, err := s.roomCounts(ctx, player.Server, "hoard")
	if err != nil {
		return "", err
	}
	closeAll(all)
	// Seats that are never used.
	for n := range 6 {
		a, err := strangerAt(21+n).get(ctx, router, entryFor("hoard", ""))
		if err != nil {
			return "", err
		}
		k, err := strangerAt(21+n).enter(ctx, a.URL, a.Ticket)
		if err != nil {
			return "", err
		}
		if _, _, err = k.await(proto.KindWelcome, strangerTimeout); err != nil {
			return "", err
		}
		k.Close()
	}
	held := 0
	err = until(ctx, 3*time.Second, "seats that were never used are still held", func() bool {
		_, held, err = s.roomCounts(ctx, player.Server, "hoard")
		return err == nil && held <= players
	})
	text := fmt.Sprintf("70 connections with one ticket hold %d place; of 6 unused seats %d are held", watching, held-players)
	if err == nil && watching > 1 {
		err = fmt.Errorf("one ticket holds %d places", watching)
	}
	return text, err
}

// roomCounts gives the spectators and the seats taken of a room.
func (s *siege) roomCounts(ctx context.Context, server string, room proto.RoomID) (spectators, players int, err error) {
	var v struct{ Spectators, Players int }
	err = s.bed.api.call(ctx, http.MethodGet, server, "/v1/server/rooms/"+string(room), &v)
	return v.Spectators, v.Players, err
}

// litterRooms is row 1g.
func litterRooms(ctx context.Context, s *siege) (string, error) {
	before, err := s.rooms(ctx)
	if err != nil {
		return "", err
	}
	// litter makes rooms until a request is refused.
	litter := func(who stranger, more string) (given int, err error) {
		const most = 2000 // more than come back while this goes on
		for ; given < most; given++ {
			a, r, err := who.seek(ctx, s.router(redirecting), "/v1/rooms", fmt.Sprintf(`{"game":%q%s}`, hostile.Name, more))
			switch {
			case err != nil:
				return given, err
			case r.status == http.StatusTooManyRequests:
				return given, nil
			case r.status != http.StatusCreated:
				return given, fmt.Errorf("POST /v1/rooms: %d: %s", r.status, r.body)
			}
			k, err := who.enter(ctx, a.URL, a.Ticket)
			if err != nil {
				return given, err
			}
			_, _, err = k.await(proto.KindWelcome, strangerTimeout)
			k.Close()
			if code := (closeFrame{}); err != nil && !errors.As(err, &code) { // a server may be overloaded
				return given, err
			}
		}
		return given, fmt.Errorf("none of %d requests was refused", given)
	}
	one, err := litter(strangerAt(9000+2*s.tries), fmt.Sprintf(`,"player":{"guest":"ABCDEFGHIJKLMNOPQRSTUVWXYZ%d"}`, s.tries))
	if err != nil {
		return "", err
	}
	many, err := litter(strangerAt(9001+2*s.tries), "")
	if err != nil {
		return "", err
	}
	most, err := s.rooms(ctx)
	if err != nil {
		return "", err
	}
	begun, left := time.Now(), 0
	err = until(ctx, 20*time.Second, "empty rooms in which nobody has played still run", func() bool {
		var err error
		left, err = s.rooms(ctx)
		return err == nil && left <= before
	})
	return fmt.Sprintf("%d tickets for the one identity and %d for the one address, then 429; %d rooms before, %d then, %d after %v", one, many, before, most, left,
		time.Since(begun).Round(100*time.Millisecond)), err
}

// rooms counts the rooms that all servers lead.
func (s *siege) rooms(ctx context.Context) (n int, err error) {
	for _, name := range s.bed.servers() {
		v, err := s.bed.api.server(ctx, name)
		if err != nil {
			return 0, err
		}
		n += v.Rooms
	}
	return n, nil
}

// lieAboutSight is row 1k.
func lieAboutSight(ctx context.Context, s *siege) (string, error) {
	const rate, back = 60, 60 // ticks a second; ticks of the lie
	liar := strangerAt(50)
	a, err := liar.get(ctx, s.router(redirecting), entryFor("sight", fmt.Sprintf(`,"options":{"tick_rate":%d}`, rate)))
	if err != nil {
		return "", err
	}
	k, err := liar.enter(ctx, a.URL, a.Ticket)
	if err != nil {
		return "", err
	}
	defer k.Close()
	body, _, err := k.await(proto.KindKeyframe, strangerTimeout)
	if err != nil {
		return "", err
	}
	frame, err := proto.ParseKeyframe(body)
	if err != nil {
		return "", err
	}
	codec, err := state.NewCodec[hostile.Input]()
	if err != nil {
		return "", err
	}
	frames, most := 0, uint16(0) // of Run's goroutine
	watch := func(c *goclient.Client) {
		rows, err := state.RowsOf[struct{ Back uint16 }](c.State(), "players")
		if err != nil {
			return
		}
		frames++
		for _, row := range rows.All() {
			most = max(most, row.Back)
		}
	}
	watcher, err := goclient.Dial(ctx, goclient.Config{Router: s.router(redirecting), HTTP: s.honest.http, Events: goclient.Events{Frame: watch},
		Request: goclient.Request{Game: hostile.Name, Room: "sight", Role: goclient.SpectatorRole, Options: json.RawMessage(fmt.Sprintf(`{"tick_rate":%d}`, rate))}})
	if err != nil {
		return "", err
	}
	watching, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	var lying sync.WaitGroup
	lying.Go(func() { // by the clock: the tick that it names is below the room's
		for n := proto.Seq(1); pauseFor(watching, time.Second/rate) == nil; n++ {
			ack := frame.Tick + proto.Tick(n)
			ack -= min(back, ack-1)
			in := proto.Input{First: n, Ack: max(ack, 1), Count: 1, Samples: codec.Append(nil, &hostile.Input{}, &hostile.Input{Press: true})}
			if k.send(in.Append(nil)) != nil {
				return
			}
			open(k.Conn) // reads what came, so that the server can write
		}
	})
	_ = watcher.Run(watching) // until then
	lying.Wait()
	// The tolerance in ticks, two ticks, and the round trip that a busy machine may show: it is measured by pings that a raw client answers late.
	allowed := uint16(2 + rate*int(proto.AckTolerance/time.Millisecond)/1000 + 10)
	text := fmt.Sprintf("%d frames; an ack %d ticks old was believed by %d at most, %d are allowed", frames, back, most, allowed)
	switch {
	case most == 0:
		return text, errors.New("no input of the liar was seen, so nothing is shown")
	case most > allowed:
		return text, errors.New("the lie was believed")
	}
	return text, nil
}

// sendGarbage is what no client sends.
func sendGarbage(ctx context.Context, s *siege) (string, error) {
	a, err := strangerAt(80).get(ctx, s.router(redirecting), entryFor("garbage", ""))
	if err != nil {
		return "", err
	}
	rng := newNoise()
	codes := map[proto.CloseCode]int{}
	for n := range 200 {
		who := strangerAt(80 + n)
		k, err := who.upgrade(ctx, a.URL)
		if err != nil {
			return "", err
		}
		b := make([]byte, 1+rng.IntN(120))
		for i := range b {
			b[i] = byte(rng.Uint32())
		}
		switch n % 4 {
		case 0: // not a frame
			_, _ = k.Write(b)
		case 1: // a message of nothing that is known
			_ = k.send(b)
		case 2: // a record that says to be longer, or endless
			_ = k.send(append([]byte{byte(proto.KindHello), 0xff, 0xff, 0xff, 0xff, 0x7f}, b...))
		case 3: // a frame of 2^62 bytes
			_, _ = k.Write(append([]byte{0x82, 0xff, 0x40, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, b...))
		}
		if n%4 == 1 && n%8 == 1 { // half of a hello, and then the end
			_ = k.Conn.(*net.TCPConn).CloseWrite()
		}
		code := k.closes(7 * time.Second)
		k.Close()
		codes[code]++
		switch code {
		case 0, proto.CloseMalformed, proto.CloseTooLarge, proto.CloseNoHello:
		default:
			return "", fmt.Errorf("garbage %d (%x) was closed with %d", n%4, b, code)
		}
	}
	return fmt.Sprintf("by close code: %v", codes), nil
}
