package admission_test

import (
	"crypto/ed25519"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/admission"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// enterAll asks for a match for all players of a party.
func enterAll(t *testing.T, r *routertest.Router, players string) admission.PartyAnswer {
	t.Helper()
	return fake.Into[admission.PartyAnswer](t, r.Call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), http.StatusCreated)
}

// The first of a party gets a room with seats for all of it; with the invitation another router sends the others there.
func TestPartyByInvitation(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	kind := ticket.MatchKind("arena", []byte(`{"seats":8}`))
	s.Lead(fake.ByID(fake.Room(kind, "full", 6, 8), fake.Room(kind, "open", 3, 8))...)
	f, other := routertest.Start(t, nil, s.Member()), routertest.Start(t, nil, s.Member())
	first := enter(t, f, `{"game":"arena","options":{"seats":8},"party":{"size":3}}`)
	own := claims(t, first)
	if string(first.Room) != kind+"open" || first.Party == nil || first.Party.Size != 3 || own.Party == nil || own.Party.Size != 3 ||
		!own.Party.Until.Equal(first.Party.Until) || time.Until(own.Party.Until) > ticket.PartyHold {
		t.Fatalf("got %+v with party %+v, ticket %+v", first, first.Party, own.Party)
	}
	follow := fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, first.Party.Token)
	second := enter(t, other, follow)
	if c := claims(t, second); second.Room != first.Room || *c.Party != *own.Party || c.Player == own.Player || string(c.Options) != `{"seats":8}` {
		t.Errorf("the second is sent to %+v, ticket %+v", second, c)
	}
	if *second.Party != *first.Party {
		t.Errorf("the second has the invitation %+v, want %+v", second.Party, first.Party)
	}
	// Later the invitation is over. Who has entered with it asks again by the room's id.
	expired, err := f.Config.Signer.Invite(ticket.Invitation{Party: *own.Party, Room: first.Room, Game: "arena", Expires: time.Now().Add(-time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	late := strings.Replace(follow, first.Party.Token, expired, 1)
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", late), http.StatusForbidden, "ask whoever invited you for a new one")
	if a := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", strings.Replace(late, `"party"`, `"room":"`+string(first.Room)+`","party"`, 1)), 201); claims(t, a).Party != nil {
		t.Errorf("the ticket is of a party whose time is over: %+v", claims(t, a).Party)
	}
	if got := enter(t, other, `{"game":"arena","options":{"seats":8},"party":{"size":5}}`); got.Room != first.Room {
		t.Errorf("5 more are sent to %s: the other router promised a seat, which the room keeps", got.Room)
	}
	again := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", strings.Replace(follow, `"party"`, `"room":"`+string(first.Room)+`","party"`, 1)), 201)
	if c := claims(t, again); again.Room != first.Room || *c.Party != *own.Party || again.Party.Token != first.Party.Token {
		t.Errorf("asked again by the room's id: %+v, ticket %+v", again, c)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", strings.Replace(follow, `"party"`, `"room":"other","party"`, 1)), 400, "not to other")
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
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", body), http.StatusBadRequest, want)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","party":{"token":"x"}}`), http.StatusForbidden, "ask whoever invited you for a new one")
	for _, body := range []string{`{"game":"arena","party":{"size":2}}`, `{"game":"arena","players":[{},{}]}`} {
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", body), http.StatusBadRequest, "use POST /v1/match")
	}
}

func TestPartyAllAtOnce(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	s.Lead(fake.ByID(fake.Room(arena, "full", 6, 8), fake.Room(arena, "open", 3, 8))...)
	f := routertest.Start(t, nil, s.Member())
	const guest = "K7QZ4NBX2WMD5HT3VJRCYPFGLA"
	got := enterAll(t, f, `{"guest":"`+guest+`","name":"Ann"},{"name":"Bob"},{}`)
	if string(got.Room) != arena+"open" || len(got.Players) != 3 || got.Party.Size != 3 || got.URL == "" {
		t.Fatalf("got %+v", got)
	}
	var party *ticket.Party
	for i, m := range got.Players {
		c := claims(t, admission.Answer{Ticket: m.Ticket})
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
	if n := testutil.ToFloat64(f.Config.Metrics.Tickets.WithLabelValues("issued")); n != 3 {
		t.Errorf("%v tickets are counted, want 3", n)
	}
	if again := enter(t, f, fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, got.Party.Token)); again.Room != got.Room {
		t.Errorf("the invitation leads to %s", again.Room)
	}
}

// If one of them gets no ticket, nobody does, and nothing is kept for the others.
func TestPartyNobodyWithoutAll(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	s.Lead(fake.Room(arena, "open", 0, 8))
	f := routertest.Start(t, func(c *gateway.Config) { c.Quotas.TicketsPerIdentity = 2 }, s.Member())
	const ann, bob = "K7QZ4NBX2WMD5HT3VJRCYPFGLA", "K7QZ4NBX2WMD5HT3VJRCYPFGLB"
	banned, _ := ticket.Guest(bob)
	f.Call(t, "POST", "/v1/bans", `{"player":"`+string(banned)+`","seconds":3600,"reason":"rude"}`)
	refused := func(players string, status int, want ...string) {
		t.Helper()
		for _, want := range want {
			fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), status, want)
		}
	}
	refused(`{},{"guest":"`+bob+`"}`, http.StatusForbidden, "players[1]: ", "nobody of the party was given a seat")
	refused(`{},{},{"guest":"short"}`, http.StatusBadRequest, "players[2]: field \"player.guest\"")
	refused(`{},{"name":"\u0007"}`, http.StatusBadRequest, "players[1]: field \"name\"")
	refused(`{"guest":"`+ann+`"},{"guest":"`+ann+`"}`, http.StatusBadRequest, "players[1]: the same player as players[0]")
	refused(`{},{"identity":"x"}`, http.StatusBadRequest, "demands no identity tokens")
	f.Call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"guest":"`+ann+`"}}`)
	f.Call(t, "POST", "/v1/rooms", `{"game":"arena","player":{"guest":"`+ann+`"}}`)
	refused(`{},{"guest":"`+ann+`"}`, http.StatusTooManyRequests, "players[1]: player guest-")
	if n := testutil.ToFloat64(f.Config.Metrics.Tickets.WithLabelValues("issued")); n != 2 {
		t.Errorf("%v tickets were issued, want the 2 before", n)
	}
	if got := enterAll(t, f, `{},{},{},{},{},{},{},{}`); string(got.Room) != arena+"open" {
		t.Errorf("8 players are sent to %s; want the room with 8 seats, of which none is kept", got.Room)
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
	s := fake.NewServer(t, "game-1")
	s.Lead(fake.Room(arena, "open", 0, 64))
	f := routertest.Start(t, func(c *gateway.Config) {
		c.Identity, c.Quotas.PartySeatsPerAddress = ticket.NewIdentityVerifier(public), 1
	}, s.Member())
	// The seats are for players whom the backend names, so its address may ask for many.
	got := enterAll(t, f, fmt.Sprintf(`{"identity":%q},{"identity":%q},{"identity":%q}`, token("ann"), token("bob"), token("cid")))
	for i, want := range []proto.PlayerID{"ann", "bob", "cid"} {
		if c := claims(t, admission.Answer{Ticket: got.Players[i].Ticket}); c.Player != want || c.Name != strings.ToUpper(string(want)) || got.Players[i].Guest != "" {
			t.Errorf("player %d: %+v", i, c)
		}
	}
	for players, status := range map[string]int{
		fmt.Sprintf(`{"identity":%q},{}`, token("ann")):                                     http.StatusUnauthorized,
		fmt.Sprintf(`{"identity":%q},{"identity":"x"}`, token("ann")):                       http.StatusUnauthorized,
		fmt.Sprintf(`{"identity":%q},{"guest":"K7QZ4NBX2WMD5HT3VJRCYPFGLA"}`, token("ann")): http.StatusBadRequest,
	} {
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","players":[`+players+`]}`), status, "players[1]: ")
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
	f := routertest.Start(t, func(c *gateway.Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fake.NewServer(t, "game-1").Member())
	match := func(body, as string) *http.Response {
		t.Helper()
		if as == "" {
			return f.Call(t, "POST", "/v1/match", body)
		}
		return f.Call(t, "POST", "/v1/match", body, "Authorization", "Bearer "+as)
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
		first := fake.Into[admission.Answer](t, match(`{"game":"arena",`+c.firstBody+`"party":{"size":2}}`, c.first), 201)
		second := fake.Into[admission.Answer](t, match(fmt.Sprintf(`{"game":"arena","party":{"token":%q}}`, first.Party.Token), c.then), 201)
		if got := claims(t, second); string(got.Options) != c.options || got.Signed != c.signed {
			t.Errorf("%+v: the follower's ticket has options %s, signed %v", c, got.Options, got.Signed)
		}
	}
	all := func(first, second string) *http.Response {
		return match(fmt.Sprintf(`{"game":"arena","players":[{"identity":%q},{"identity":%q}]}`, first, second), "")
	}
	for i, p := range fake.Into[admission.PartyAnswer](t, all(token("ann", nil), token("bob", "ruins")), 201).Players {
		if got := claims(t, admission.Answer{Ticket: p.Ticket}); string(got.Options) != `{"map":"ruins"}` || !got.Signed {
			t.Errorf("players[%d]: options %s, signed %v", i, got.Options, got.Signed)
		}
	}
	fake.CheckProblem(t, all(token("ann", "ruins"), token("bob", "alps")), 400, "players[1]: field \"identity\": it has other options for the room than that of players[0]")
}

// One address has no more seats kept for it than its quota.
func TestPartySeatsOfAnAddressAreBounded(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	f := routertest.Start(t, func(c *gateway.Config) { c.Quotas.PartySeatsPerAddress = 4 }, s.Member())
	for _, body := range []string{`{"game":"arena","party":{"size":6}}`, `{"game":"arena","players":[{},{},{},{},{},{}]}`} { // takes nothing
		fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", body), http.StatusBadRequest, "4 other players of a party at most")
	}
	enter(t, f, `{"game":"arena","party":{"size":3}}`)
	enterAll(t, f, `{},{},{}`)
	for _, body := range []string{`{"game":"arena","party":{"size":2}}`, `{"game":"arena","players":[{},{}]}`} {
		resp := f.Call(t, "POST", "/v1/match", body)
		if resp.Header.Get("Retry-After") == "" {
			t.Error("no Retry-After")
		}
		fake.CheckProblem(t, resp, http.StatusTooManyRequests, "over 4 a minute")
	}
	if n := testutil.ToFloat64(f.Config.Metrics.Limited.WithLabelValues("party-seats-per-address")); n != 4 {
		t.Errorf("%v refusals are counted", n)
	}
	enter(t, f, `{"game":"arena"}`)
}
