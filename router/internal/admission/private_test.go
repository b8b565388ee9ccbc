package admission_test

import (
	"crypto/ed25519"
	"net/http"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/admission"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// A private room is entered with its code, at any router; its id alone opens it for nobody.
func TestPrivateRoom(t *testing.T) {
	f, other := routertest.Start(t, nil, fake.FleetOf(3)...), routertest.Start(t, nil, fake.FleetOf(3)...)
	made := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", `{"game":"arena","private":true}`), http.StatusCreated)
	if made.Room != ticket.PrivateRoom(made.Code) || claims(t, made).Room != made.Room {
		t.Fatalf("made %+v; want a private room and its code", made)
	}
	home, _ := f.Table.Fleet().Home(made.Room)
	if made.Server != home.Name {
		t.Errorf("it is said to be at %s, its home is %s", made.Server, home.Name)
	}
	code, id := made.Code, string(made.Room)
	for what, body := range map[string]string{
		"by its code":          `{"game":"arena","code":"` + code + `"}`,
		"by its code and id":   `{"game":"arena","room":"` + id + `","code":"` + code + `"}`,
		"by its code, to look": `{"game":"arena","code":"` + code + `","role":"spectator"}`,
	} {
		if a := fake.Into[admission.Answer](t, other.Call(t, "POST", "/v1/rooms", body), http.StatusCreated); a.Room != made.Room || a.Code != code {
			t.Errorf("%s: entered %+v", what, a)
		}
	}
	wrong := ticket.NewCode()
	for _, tt := range []struct {
		path, body string
		status     int
		want       string
	}{
		{"/v1/rooms", `{"game":"arena","room":"` + id + `"}`, 403, "is private"},
		{"/v1/rooms", `{"game":"arena","room":"` + id + `","role":"spectator"}`, 403, "is private"},
		{"/v1/rooms", `{"game":"arena","room":"` + id + `","code":"` + wrong + `"}`, 403, "not that of room"},
		{"/v1/rooms", `{"game":"arena","room":"lobby","code":"` + code + `"}`, 400, "not private"},
		{"/v1/rooms", `{"game":"arena","room":"lobby","private":true}`, 400, "picks its id"},
		{"/v1/rooms", `{"game":"arena","code":"` + code + `","private":true}`, 400, "picks its id"},
		{"/v1/rooms", `{"game":"arena","code":"short"}`, 400, "short"},
		{"/v1/match", `{"game":"arena","code":"` + code + `"}`, 400, "strangers"},
		{"/v1/match", `{"game":"arena","private":true}`, 400, "strangers"},
	} {
		fake.CheckProblem(t, f.Call(t, "POST", tt.path, tt.body), tt.status, tt.want)
	}
}

// The game's backend lets players into a private room without its code.
func TestPrivateRoomByIdentity(t *testing.T) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	sign := func(key ed25519.PrivateKey, room proto.RoomID) string {
		token, err := jwt.NewWithClaims(jwt.SigningMethodEdDSA, jwt.MapClaims{
			"aud": ticket.IdentityAudience, "sub": "ann", "exp": time.Now().Add(time.Hour).Unix(), "room": room,
		}).SignedString(key)
		if err != nil {
			t.Fatal(err)
		}
		return "Bearer " + token
	}
	f := routertest.Start(t, func(c *gateway.Config) { c.Identity = ticket.NewIdentityVerifier(public) }, fake.FleetOf(3)...)
	const body = `{"game":"arena","room":"p-finals"}`
	a := fake.Into[admission.Answer](t, f.Call(t, "POST", "/v1/rooms", body, "Authorization", sign(private, "p-finals")), http.StatusCreated)
	if a.Room != "p-finals" || a.Player != "ann" || a.Code != "" {
		t.Errorf("entered %+v", a)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", body, "Authorization", sign(private, "p-other")), 403, "is private")
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/rooms", body, "Authorization", sign(ticket.DevKey(), "p-finals")), 401, "forged")
}

// Quick match sends nobody into a private room, and shows none to those who watch.
func TestMatchLeavesPrivateRoomsAlone(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	code := ticket.NewCode()
	hidden := fake.Room("", string(ticket.PrivateRoom(code)), 1, 8)
	hidden.Connected = 1
	s.Lead(hidden)
	f := routertest.Start(t, nil, s.Member())
	if a := enter(t, f, `{"game":"arena"}`); ticket.Private(a.Room) {
		t.Errorf("sent to %s", a.Room)
	}
	fake.CheckProblem(t, f.Call(t, "POST", "/v1/match", `{"game":"arena","role":"spectator"}`), http.StatusNotFound, "nobody plays")
}
