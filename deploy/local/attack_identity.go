package main

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/deploy/local/hostile"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// stealSeat is row 1a.
func stealSeat(ctx context.Context, s *siege) (string, error) {
	victim, thief, router := strangerAt(1), strangerAt(3), s.router(redirecting)
	v, err := victim.get(ctx, router, entryFor("theft", ""))
	if err != nil {
		return "", err
	}
	seat, err := victim.enter(ctx, v.URL, v.Ticket)
	if err != nil {
		return "", err
	}
	defer seat.Close()
	body, _, err := seat.await(proto.KindWelcome, strangerTimeout)
	if err != nil {
		return "", err
	}
	w, err := proto.ParseWelcome(body)
	if err != nil {
		return "", err
	}
	hands, aliases, err := lookAround(ctx, s, router)
	if err != nil {
		return "", err
	}
	if err := spectate(ctx, router, v); err != nil {
		return "", err
	}
	if !strings.Contains(strings.Join(aliases, " "), string(w.Alias)) {
		return "", fmt.Errorf("the victim's alias %s is not among %v, so this attack looks at the wrong place", w.Alias, aliases)
	}
	if err := impersonate(ctx, thief, router, v, w.Alias); err != nil {
		return "", err
	}
	if _, _, err := seat.await(proto.KindDelta, strangerTimeout); err != nil {
		return "", fmt.Errorf("the victim does not play on: %w", err)
	}
	if err := replaceSelf(ctx, victim, router, v.Guest, seat); err != nil {
		return "", err
	}
	return fmt.Sprintf("%d rows of %d others' hands seen empty; 403 and 403; 4014 with the copied ticket; 4015 only by the victim itself", hands, len(aliases)), nil
}

// lookAround enters the room as a spectator and as a player. It gives how many rows of others it saw, and the aliases.
func lookAround(ctx context.Context, s *siege, router string) (rows int, aliases []string, err error) {
	for _, role := range []goclient.Role{goclient.SpectatorRole, goclient.PlayerRole} {
		c, err := goclient.Dial(ctx, goclient.Config{Router: router, HTTP: s.honest.http, Request: goclient.Request{Game: hostile.Name, Room: "theft", Role: role}})
		if err != nil {
			return 0, nil, fmt.Errorf("look as %s: %w", role, err)
		}
		n, names, err := readOthers(c)
		c.Close()
		if err != nil {
			return 0, nil, err
		}
		rows, aliases = rows+n, append(aliases, names...)
	}
	return rows, aliases, nil
}

// readOthers counts the rows of other players, in which nothing private may be, and gives the aliases.
func readOthers(c *goclient.Client) (rows int, aliases []string, err error) {
	players, err := state.RowsOf[struct{ Hand uint32 }](c.State(), "players")
	if err != nil {
		return 0, nil, err
	}
	for id, row := range players.All() {
		if proto.Seat(id) == c.Seat() {
			continue
		}
		if rows++; row.Hand != 0 {
			return 0, nil, fmt.Errorf("another one's hand is seen: %x", row.Hand)
		}
	}
	seats, err := state.RowsOf[struct{ Alias string }](c.State(), "seats")
	if err != nil {
		return 0, nil, err
	}
	for _, row := range seats.All() {
		aliases = append(aliases, row.Alias)
	}
	return rows, aliases, nil
}

// spectate looks for the victim's secrets in all that a spectator is sent.
func spectate(ctx context.Context, router string, v admission) error {
	spy := strangerAt(2)
	watcher, err := spy.get(ctx, router, entryFor("theft", `,"role":"spectator"`))
	if err != nil {
		return err
	}
	eye, err := spy.enter(ctx, watcher.URL, watcher.Ticket)
	if err != nil {
		return err
	}
	_, seen, err := eye.await(proto.KindDelta, strangerTimeout)
	eye.Close()
	if err != nil {
		return err
	}
	if found := contains(seen, v.Player, v.Guest); len(found) > 0 {
		return fmt.Errorf("a spectator sees the victim's %v", found)
	}
	return nil
}

// impersonate asks for tickets and seats as the victim, with all that others know of it.
func impersonate(ctx context.Context, thief stranger, router string, v admission, alias proto.Alias) error {
	for _, id := range []string{string(alias), v.Player} {
		if _, r, err := thief.seek(ctx, router, "/v1/rooms", entryFor("theft", `,"player":{"id":"`+id+`"}`)); err != nil || r.status != http.StatusForbidden {
			return fmt.Errorf("a request as %s was answered with %d, %v", id, r.status, err)
		}
	}
	if a, r, err := thief.seek(ctx, router, "/v1/rooms", entryFor("theft", `,"player":{"guest":"`+v.Player+`"}`)); err != nil || r.status == http.StatusCreated && a.Player == v.Player {
		return fmt.Errorf("with the victim's id as secret the thief is %s, %d, %v", a.Player, r.status, err)
	}
	own, err := thief.get(ctx, router, entryFor("theft", `,"player":{"name":"`+string(alias)+`"}`))
	if err != nil {
		return err
	}
	for what, c := range map[string]struct {
		ticket string
		want   proto.CloseCode
	}{"a copy of the victim's ticket": {v.Ticket, proto.CloseSeat}, "a ticket of its own": {own.Ticket, 0}} {
		k, err := thief.enter(ctx, v.URL, c.ticket)
		if err != nil {
			return err
		}
		code := k.closes(time.Second)
		k.Close()
		if code != c.want {
			return fmt.Errorf("with %s the thief was closed with %d, not %d", what, code, c.want)
		}
	}
	return nil
}

// replaceSelf takes the victim's seat with a newer ticket of its own: the attacks would have been noticed if they could do that.
func replaceSelf(ctx context.Context, victim stranger, router, guest string, seat *socket) error {
	if err := pauseFor(ctx, 1100*time.Millisecond); err != nil { // tickets count in seconds
		return err
	}
	newer, err := victim.get(ctx, router, entryFor("theft", `,"player":{"guest":"`+guest+`"}`))
	if err != nil {
		return err
	}
	k, err := victim.enter(ctx, newer.URL, newer.Ticket)
	if err != nil {
		return err
	}
	defer k.Close()
	if code := seat.closes(strangerTimeout); code != proto.CloseReplaced {
		return fmt.Errorf("the victim's own newer ticket closed the older connection with %d, not %d", code, proto.CloseReplaced)
	}
	return nil
}

// forgeTickets are tickets that nobody signed.
func forgeTickets(ctx context.Context, s *siege) (string, error) {
	forger := strangerAt(60)
	a, err := forger.get(ctx, s.router(redirecting), entryFor("forged", ""))
	if err != nil {
		return "", err
	}
	other, err := forger.get(ctx, s.router(redirecting), entryFor("another", ""))
	if err != nil {
		return "", err
	}
	dev, err := ticket.NewSigner(ticket.DevKey()).Sign(ticket.Claims{Room: "forged", Game: hostile.Name, Player: "admin", Role: ticket.Player, Expires: time.Now().Add(time.Minute)})
	if err != nil {
		return "", err
	}
	parts := strings.Split(a.Ticket, ".")
	none := "eyJhbGciOiJub25lIiwidHlwIjoiSldUIn0." + parts[1] + "."
	tried := map[string]string{"the development key": dev, "alg none": none, "another room": other.Ticket, "a cut signature": a.Ticket[:len(a.Ticket)-8], "another's claims": parts[0] + "." + strings.Split(other.Ticket, ".")[1] + "." + parts[2]}
	for what, t := range tried {
		k, err := forger.enter(ctx, a.URL, t)
		if err != nil {
			return "", err
		}
		code := k.closes(strangerTimeout)
		k.Close()
		if code != proto.CloseTicket {
			return "", fmt.Errorf("%s: closed with %d, not %d", what, code, proto.CloseTicket)
		}
	}
	k, err := forger.enter(ctx, a.URL, a.Ticket)
	if err != nil {
		return "", err
	}
	defer k.Close()
	if _, _, err := k.await(proto.KindWelcome, strangerTimeout); err != nil {
		return "", fmt.Errorf("the true ticket: %w", err)
	}
	return fmt.Sprintf("%d forged tickets refused, the true one taken", len(tried)), nil
}

// banPlayer is how an operator acts on a player.
func banPlayer(ctx context.Context, s *siege) (string, error) {
	rogue := strangerAt(70)
	router := s.router(redirecting)
	a, err := rogue.get(ctx, router, entryFor("court", ""))
	if err != nil {
		return "", err
	}
	again := func() (admission, reply, error) {
		return rogue.seek(ctx, router, "/v1/rooms", entryFor("court", `,"player":{"guest":"`+a.Guest+`"}`))
	}
	enter := func(t string) (*socket, error) {
		k, err := rogue.enter(ctx, a.URL, t)
		if err == nil {
			_, _, err = k.await(proto.KindWelcome, strangerTimeout)
		}
		return k, err
	}
	k, err := enter(a.Ticket)
	if err != nil {
		return "", err
	}
	defer k.Close()
	operate := func(path, body string, lines ...string) (reply, error) {
		return strangerAt(71).once(ctx, http.MethodPost, s.bed.site.addr[redirecting].HTTP, path, body, lines...)
	}
	token := "Authorization: Bearer " + s.bed.site.token
	if r, err := operate("/v1/rooms/court/kick", `{"player":"`+a.Player+`"}`); err != nil || r.status/100 == 2 {
		return "", fmt.Errorf("a kick without a token: %d, %v", r.status, err)
	}
	if r, err := operate("/v1/bans", `{"player":"`+a.Player+`","seconds":60}`, "Authorization: Bearer x"); err != nil || r.status/100 == 2 {
		return "", fmt.Errorf("a ban with a wrong token: %d, %v", r.status, err)
	}
	if r, err := operate("/v1/rooms/court/kick", `{"player":"`+a.Player+`","reason":"test"}`, token); err != nil || r.status/100 != 2 {
		return "", fmt.Errorf("the operator's kick: %d %s, %v", r.status, r.body, err)
	}
	if code := k.closes(strangerTimeout); code != proto.CloseKicked {
		return "", fmt.Errorf("the kicked one was closed with %d, not %d", code, proto.CloseKicked)
	}
	back, r, err := again()
	if err != nil || r.status != http.StatusCreated {
		return "", fmt.Errorf("the kicked one cannot come back: %d %s, %v", r.status, r.body, err)
	}
	if r, err := operate("/v1/bans", `{"player":"`+a.Player+`","seconds":60,"reason":"test"}`, token); err != nil || r.status/100 != 2 {
		return "", fmt.Errorf("the operator's ban: %d %s, %v", r.status, r.body, err)
	}
	refused := 0
	err = until(ctx, 5*time.Second, "a router gives the banned one tickets", func() bool {
		refused = 0
		for _, name := range []string{redirecting, tunnelling} {
			if _, r, err := rogue.seek(ctx, s.router(name), "/v1/rooms", entryFor("court", `,"player":{"guest":"`+a.Guest+`"}`)); err == nil && r.status == http.StatusForbidden {
				refused++
			}
		}
		return refused == 2
	})
	if err != nil {
		return "", err
	}
	k, err = rogue.enter(ctx, a.URL, back.Ticket)
	if err != nil {
		return "", err
	}
	defer k.Close()
	if code := k.closes(strangerTimeout); code != proto.CloseKicked {
		return "", fmt.Errorf("with a ticket from before the ban: closed with %d, not %d", code, proto.CloseKicked)
	}
	return "4023 by the kick, 403 of 2 routers, 4023 with an older ticket; 401 or 403 without the token", nil
}
