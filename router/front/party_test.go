package front

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/bans"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// The first of a party gets a room with seats for all of it; with the invitation another router sends the others there.
func TestPartyByInvitation(t *testing.T) {
	s := newFakeServer(t, "game-1")
	kind := ticket.MatchKind("arena", []byte(`{"seats":8}`))
	s.lead(byID(reported(kind, "full", 6, 8), reported(kind, "open", 3, 8))...)
	f, other := newTestFront(t, nil, s.member()), newTestFront(t, nil, s.member())
	first := f.match(t, `{"game":"arena","options":{"seats":8},"party":{"size":3}}`)
	own := claims(t, first)
	if string(first.Room) != kind+"open" || first.Party == nil || first.Party.Size != 3 || own.Party == nil || own.Party.Size != 3 ||
		!own.Party.Until.Equal(first.Party.Until) || time.Until(own.Party.Until) > ticket.PartyHold {
		t.Fatalf("got %+v with party %+v, ticket %+v", first, first.Party, own.Party)
	}
	follow := fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, first.Party.Token)
	second := other.match(t, follow)
	if c := claims(t, second); second.Room != first.Room || *c.Party != *own.Party || c.Player == own.Player || string(c.Options) != `{"seats":8}` {
		t.Errorf("the second is sent to %+v, ticket %+v", second, c)
	}
	if *second.Party != *first.Party {
		t.Errorf("the second has the invitation %+v, want %+v", second.Party, first.Party)
	}
	// Later the invitation is over. Who has entered with it asks again by the room's id.
	expired, err := f.config.Signer.Invite(ticket.Invitation{Party: *own.Party, Room: first.Room, Game: "arena", Expires: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	late := strings.Replace(follow, first.Party.Token, expired, 1)
	checkProblem(t, f.call(t, "POST", "/v1/match", late), http.StatusForbidden, "ask whoever invited you for a new one")
	if a := into[admission](t, f.call(t, "POST", "/v1/rooms", strings.Replace(late, `"party"`, `"room":"`+string(first.Room)+`","party"`, 1)), 201); claims(t, a).Party != nil {
		t.Errorf("the ticket is of a party whose time is over: %+v", claims(t, a).Party)
	}
	if len(other.matches.promised) != 0 {
		t.Error("the other router promised a seat, which the room keeps")
	}
	again := into[admission](t, f.call(t, "POST", "/v1/rooms", strings.Replace(follow, `"party"`, `"room":"`+string(first.Room)+`","party"`, 1)), 201)
	if c := claims(t, again); again.Room != first.Room || *c.Party != *own.Party || again.Party.Token != first.Party.Token {
		t.Errorf("asked again by the room's id: %+v, ticket %+v", again, c)
	}
	checkProblem(t, f.call(t, "POST", "/v1/rooms", strings.Replace(follow, `"party"`, `"room":"other","party"`, 1)), 400, "not to other")
	for body, want := range map[string]string{
		strings.Replace(follow, "arena", "chess", 1):                                            `to a match of arena, not of chess`,
		strings.Replace(follow, `"party"`, `"options":{"seats":4},"party"`, 1):                  "other options",
		strings.Replace(follow, `"party"`, `"role":"spectator","party"`, 1):                     "spectators need none",
		strings.Replace(follow, `"token"`, `"size":2,"token"`, 1):                               "leave one of them out",
		`{"game":"arena","party":{"size":1}}`:                                                   "a party of 1 is not possible; use 2 to 64 players",
		`{"game":"arena","party":{}}`:                                                           "a party of 0 is not possible",
		`{"game":"arena","party":{"size":2},"players":[{},{}]}`:                                 "leave one of them out",
		`{"game":"arena","player":{"name":"Ann"},"players":[{},{}]}`:                            "leave one of them out",
		`{"game":"arena","players":[{}]}`:                                                       "a party of 1 is not possible",
		`{"game":"arena","options":{"seats":8},"party":{"size":9}}`:                             "a party of 9 does not fit: rooms of arena with these options have 8 seats",
		`{"game":"arena","options":{"seats":8},"players":[` + strings.Repeat(`{},`, 8) + `{}]}`: "a party of 9 does not fit",
	} {
		checkProblem(t, f.call(t, "POST", "/v1/match", body), http.StatusBadRequest, want)
	}
	checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena","party":{"token":"x"}}`), http.StatusForbidden, "ask whoever invited you for a new one")
	for _, body := range []string{`{"game":"arena","party":{"size":2}}`, `{"game":"arena","players":[{},{}]}`} {
		checkProblem(t, f.call(t, "POST", "/v1/rooms", body), http.StatusBadRequest, "use POST /v1/match")
	}
}

// matchAll asks for all of a party.
func (f *testFront) matchAll(t *testing.T, players string) partyAdmission {
	t.Helper()
	return into[partyAdmission](t, f.call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), http.StatusCreated)
}

func TestPartyAllAtOnce(t *testing.T) {
	s := newFakeServer(t, "game-1")
	s.lead(byID(reported(arena, "full", 6, 8), reported(arena, "open", 3, 8))...)
	f := newTestFront(t, nil, s.member())
	const guest = "K7QZ4NBX2WMD5HT3VJRCYPFGLA"
	got := f.matchAll(t, `{"guest":"`+guest+`","name":"Ann"},{"name":"Bob"},{}`)
	if string(got.Room) != arena+"open" || len(got.Players) != 3 || got.Party.Size != 3 || got.URL == "" {
		t.Fatalf("got %+v", got)
	}
	var party *ticket.Party
	for i, m := range got.Players {
		c := claims(t, admission{Ticket: m.Ticket})
		if party == nil {
			party = c.Party
		}
		if c.Room != got.Room || c.Player != m.Player || c.Party == nil || *c.Party != *party || c.Name != [...]string{"Ann", "Bob", ""}[i] || (m.Guest == "") != (i == 0) {
			t.Errorf("player %d: %+v, ticket %+v", i, m, c)
		}
	}
	if id, _ := ticket.Guest(guest); got.Players[0].Player != id || party.Size != 3 {
		t.Errorf("player 0 is %s in a party of %d", got.Players[0].Player, party.Size)
	}
	if n := testutil.ToFloat64(f.config.Metrics.Tickets.WithLabelValues("issued")); n != 3 {
		t.Errorf("%v tickets are counted, want 3", n)
	}
	if again := f.match(t, fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, got.Party.Token)); again.Room != got.Room {
		t.Errorf("the invitation leads to %s", again.Room)
	}
}

// If one of them gets no ticket, nobody does, and nothing is kept for the others.
func TestPartyNobodyWithoutAll(t *testing.T) {
	s := newFakeServer(t, "game-1")
	s.lead(reported(arena, "open", 0, 8))
	f := newTestFront(t, func(c *Config) { c.Quotas.TicketsPerIdentity = 2 }, s.member())
	const ann, bob = "K7QZ4NBX2WMD5HT3VJRCYPFGLA", "K7QZ4NBX2WMD5HT3VJRCYPFGLB"
	banned, _ := ticket.Guest(bob)
	f.bans.Merge([]bans.Ban{{Player: banned, Until: time.Now().Add(time.Hour), Reason: "rude"}})
	refused := func(players string, status int, want ...string) {
		t.Helper()
		for _, want := range want {
			checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), status, want)
		}
		if n := len(f.matches.promised); n != 0 {
			t.Errorf("%s: %d promises", players, n)
		}
	}
	refused(`{},{"guest":"`+bob+`"}`, http.StatusForbidden, "players[1]: ", "nobody of the party was given a seat")
	refused(`{},{},{"guest":"short"}`, http.StatusBadRequest, "players[2]: field \"player.guest\"")
	refused(`{},{"name":"\u0007"}`, http.StatusBadRequest, "players[1]: field \"name\"")
	refused(`{"guest":"`+ann+`"},{"guest":"`+ann+`"}`, http.StatusBadRequest, "players[1]: the same player as players[0]")
	refused(`{},{"identity":"x"}`, http.StatusBadRequest, "demands no identity tokens")
	f.call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"guest":"`+ann+`"}}`)
	f.call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"guest":"`+ann+`"}}`)
	refused(`{},{"guest":"`+ann+`"}`, http.StatusTooManyRequests, "players[1]: player guest-")
	if n := testutil.ToFloat64(f.config.Metrics.Tickets.WithLabelValues("issued")); n != 2 {
		t.Errorf("%v tickets were issued, want the 2 before", n)
	}
}

func TestPartyOfKnownPlayers(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	token := func(id string) string {
		c := jwt.MapClaims{"aud": ticket.IdentityAudience, "sub": id, "exp": time.Now().Add(time.Minute).Unix(), "name": strings.ToUpper(id)}
		s, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	s := newFakeServer(t, "game-1")
	s.lead(reported(arena, "open", 0, 64))
	f := newTestFront(t, func(c *Config) { c.Identity, c.Quotas.PartySeatsPerAddress = ticket.NewIdentityVerifier(public), 1 }, s.member())
	// The seats are for players whom the backend names, so its address may ask for many.
	got := f.matchAll(t, fmt.Sprintf(`{"identity":%q},{"identity":%q},{"identity":%q}`, token("ann"), token("bob"), token("cid")))
	for i, want := range []proto.PlayerID{"ann", "bob", "cid"} {
		if c := claims(t, admission{Ticket: got.Players[i].Ticket}); c.Player != want || c.Name != strings.ToUpper(string(want)) || got.Players[i].Guest != "" {
			t.Errorf("player %d: %+v", i, c)
		}
	}
	for players, status := range map[string]int{
		fmt.Sprintf(`{"identity":%q},{}`, token("ann")):                                     http.StatusUnauthorized,
		fmt.Sprintf(`{"identity":%q},{"identity":"x"}`, token("ann")):                       http.StatusUnauthorized,
		fmt.Sprintf(`{"identity":%q},{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA"}`, token("ann")): http.StatusBadRequest,
	} {
		checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), status, "players[1]: ")
	}
}

// Whoever of a party comes first makes its room: what the backend has signed for one of them is signed for all, and what it has signed for
// somebody else's options is not.
func TestPartyOfSignedOptions(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	token := func(id string, options any) string {
		c := jwt.MapClaims{"aud": ticket.IdentityAudience, "sub": id, "exp": time.Now().Add(time.Minute).Unix()}
		switch options {
		case nil:
		case "default":
			c["create"] = map[string]any{"game": "arena"}
		default:
			c["create"] = map[string]any{"game": "arena", "options": map[string]any{"map": options}}
		}
		s, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, c).SignedString(private)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	f := newTestFront(t, func(c *Config) { c.Identity = ticket.NewIdentityVerifier(public) }, newFakeServer(t, "game-1").member())
	match := func(body, as string) *http.Response {
		t.Helper()
		if as == "" {
			return f.call(t, "POST", "/v1/match", body)
		}
		return f.call(t, "POST", "/v1/match", body, "Authorization", "Bearer "+as)
	}
	for _, c := range []struct {
		first, firstBody string // who asks for the party
		then             string // who follows
		options          string // of the follower's ticket
		signed           bool
	}{
		{token("ann", "ruins"), ``, token("bob", nil), `{"map":"ruins"}`, true},
		{token("ann", nil), `"options":{"map":"ruins"},`, token("bob", "ruins"), `{"map":"ruins"}`, true},
		{token("ann", nil), `"options":{"map":"ruins"},`, token("bob", nil), `{"map":"ruins"}`, false},
		{token("ann", nil), `"options":{"map":"ruins"},`, token("bob", "default"), `{"map":"ruins"}`, false},
	} {
		first := into[admission](t, match(`{"game":"arena",`+c.firstBody+`"party":{"size":2}}`, c.first), 201)
		second := into[admission](t, match(fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, first.Party.Token), c.then), 201)
		if got := claims(t, second); string(got.Options) != c.options || got.Signed != c.signed {
			t.Errorf("%+v: the follower's ticket has options %s, signed %v", c, got.Options, got.Signed)
		}
	}
	all := func(first, second string) *http.Response {
		return match(fmt.Sprintf(`{"game":"arena","players":[{"identity":%q},{"identity":%q}]}`, first, second), "")
	}
	for i, p := range into[partyAdmission](t, all(token("ann", nil), token("bob", "ruins")), 201).Players {
		if got := claims(t, admission{Ticket: p.Ticket}); string(got.Options) != `{"map":"ruins"}` || !got.Signed {
			t.Errorf("players[%d]: options %s, signed %v", i, got.Options, got.Signed)
		}
	}
	checkProblem(t, all(token("ann", "ruins"), token("bob", "alps")), 400, "players[1]: field \"identity\": it has other options for the room than that of players[0]")
}

// One address has no more seats kept for it than its quota.
func TestPartySeatsOfAnAddressAreBounded(t *testing.T) {
	s := newFakeServer(t, "game-1")
	f := newTestFront(t, func(c *Config) { c.Quotas.PartySeatsPerAddress = 4 }, s.member())
	for _, body := range []string{`{"game":"arena","party":{"size":6}}`, `{"game":"arena","players":[{},{},{},{},{},{}]}`} { // takes nothing
		checkProblem(t, f.call(t, "POST", "/v1/match", body), http.StatusBadRequest, "4 other players of a party at most")
	}
	f.match(t, `{"game":"arena","party":{"size":3}}`)
	f.matchAll(t, `{},{},{}`)
	for _, body := range []string{`{"game":"arena","party":{"size":2}}`, `{"game":"arena","players":[{},{}]}`} {
		resp := f.call(t, "POST", "/v1/match", body)
		if resp.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		checkProblem(t, resp, http.StatusTooManyRequests, "over 4 a minute")
	}
	if n := testutil.ToFloat64(f.config.Metrics.Limited.WithLabelValues("party-seats-per-address")); n != 4 {
		t.Errorf("%v refusals are counted", n)
	}
	f.match(t, `{"game":"arena"}`)
}

// Seats of a party are promised together, and those that a room keeps count as taken.
func TestPartyPromises(t *testing.T) {
	m := newMatches()
	now := time.Unix(1e9, 0)
	made := 0
	ask := func(open *openRooms, player proto.PlayerID, seats int) string {
		t.Helper()
		s, ok := m.seat(open, seatRequest{player: player, seats: seats, kind: arena, soft: never, pick: func() (proto.RoomID, bool) {
			made++
			return proto.RoomID(fmt.Sprint(arena, "new-", made)), true
		}}, now)
		if !ok || s.wait || s.most != 0 {
			t.Fatalf("%s got %+v, %v", player, s, ok)
		}
		return strings.TrimPrefix(string(s.room), arena)
	}
	check := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("sent to %s, want %s", got, want)
		}
	}
	open := listOf(membership.Serving, reported(arena, "a", 4, 8))
	check(ask(open, "ann", 3), "a")
	check(ask(open, "ann", 3), "a") // renewed, not promised twice
	check(ask(open, "bob", 2), "new-1")
	check(ask(open, "cid", 1), "a") // the last seat
	check(ask(open, "dan", 1), "new-1")
	// Ann has come, and the room keeps two seats: nothing is counted twice.
	kept := reported(arena, "a", 5, 8)
	kept.Reserved = 2
	open = listOf(membership.Serving, kept)
	if n := len(m.kinds[arena].rooms[proto.RoomID(arena+"a")].promises); n != 2 {
		t.Fatalf("%d promises before the report", n)
	}
	check(ask(open, "eve", 1), "new-1")
	if r := m.kinds[arena].rooms[proto.RoomID(arena+"a")]; len(r.promises) != 1 || r.promises[0].player != "cid" {
		t.Errorf("promises %+v; want cid's, who has not come", r.promises)
	}
	// A party that has not been seen keeps its room, however many it is, until it fits no more.
	check(ask(open, "fay", 5), "new-2")
	check(ask(open, "fay", 5), "new-2")
	open = listOf(membership.Serving, reported(arena, "new-2", 4, 8), kept)
	check(ask(open, "fay", 5), "new-3")
}
