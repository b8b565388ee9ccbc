package testfleet

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// parlour is a walk whose host decides who comes in, and which does what its players say.
type parlour struct {
	walk
	About game.Properties[parlourAbout] `state:"hidden"`
}

type parlourAbout struct {
	Level uint16 `state:""`
}

func parlours() game.Definition {
	return game.Definition{Name: "parlour", New: func(json.RawMessage) (game.Game, game.Settings, error) {
		return &parlour{}, game.Settings{TickRate: 30, Seats: 4, Listed: true}, nil
	}}
}

func (*parlour) Admit(_ *game.Room, _ game.Player, claims json.RawMessage) error {
	var of struct{ Level int }
	if len(claims) > 0 {
		if err := json.Unmarshal(claims, &of); err != nil {
			return err
		}
	}
	if of.Level < 0 {
		return fmt.Errorf("level 0 is needed, yours is %d", of.Level)
	}
	return nil
}

func (p *parlour) Message(r *game.Room, by game.Player, payload []byte) {
	switch order := string(payload); order {
	case "lock":
		r.Lock()
	case "close":
		p.walk.Message(r, by, []byte("finish"))
		r.Close("good night")
	case "level":
		p.About.Get().Level++
	default:
		p.walk.Message(r, by, payload)
	}
}

func (p *parlour) Receive(r *game.Room, payload []byte) {
	p.About.Get().Level += uint16(len(payload))
}

// invited is the way into a parlour with claims of the backend.
func (f *Fleet) invited(room proto.RoomID, id proto.PlayerID, claims string) goclient.Config {
	return goclient.Config{URL: f.Home(room).Connect(room),
		Ticket: f.Ticket(ticket.Claims{Room: room, Game: "parlour", Player: id, Claims: json.RawMessage(claims)})}
}

// wantClose fails the test unless err is a close by the server with code and text.
func wantClose(t *testing.T, err error, code proto.CloseCode, text string) {
	t.Helper()
	var closed *goclient.CloseError
	if !errors.As(err, &closed) || closed.Code != code || closed.Text != text {
		t.Errorf("error %v, want close %v with %q", err, code, text)
	}
}

// The reason of a game that does not admit a player reaches the player.
func TestNotAdmitted(t *testing.T) {
	f := Start(t, Options{Servers: 1, Games: []game.Definition{parlours()}})
	join(t, f.invited("r", "ann", `{"level":1}`))
	_, err := tryJoin(t, f.invited("r", "bob", `{"level":-1}`))
	wantClose(t, err, proto.CloseRefused, "level 0 is needed, yours is -1")
}

// A locked room takes nobody in, and one that its game closes tells everybody why, after the outcome.
func TestLockAndClose(t *testing.T) {
	f := Start(t, Options{Servers: 2, Games: []game.Definition{parlours()}})
	ann := join(t, f.invited("r", "ann", ""))
	ann.client.SendCustom([]byte("lock"))
	var err error
	until(t, "the room is locked", func() bool {
		_, err = tryJoin(t, f.invited("r", proto.PlayerID(fmt.Sprint("bob", f.issued.Load())), ""))
		return err != nil
	})
	wantClose(t, err, proto.CloseFull, "room r is locked and takes no more players; choose another room")
	ann.client.SendCustom([]byte("close"))
	<-ann.ended
	wantClose(t, ann.err, proto.CloseEnded, "good night")
}

// Rooms are found by what their games say of them, wherever they are led and after they have moved; private, locked and unlisted ones are not.
func TestRoomsAreFound(t *testing.T) {
	f := Start(t, Options{Servers: 3, Games: []game.Definition{parlours(), Walk()}})
	var hosts []*player
	rooms := []proto.RoomID{"a", "b", "c", "d"}
	for _, room := range rooms {
		hosts = append(hosts, join(t, f.invited(room, "ann", "")))
	}
	private := ticket.PrivateRoom("a-code-of-16-signs")
	join(t, f.invited(private, "ann", ""))
	join(t, goclient.Config{URL: f.Home("w").Connect("w"), Ticket: f.Ticket(ticket.Claims{Room: "w", Player: "ann"})}) // a walk is not listed
	found := func(want string, where ...string) {
		t.Helper()
		until(t, "rooms "+want+" are found", func() bool {
			var got []string
			q := goclient.RoomQuery{Game: "parlour", Where: where, Limit: 2}
			for {
				page, err := goclient.Rooms(t.Context(), f.Routers[0].URL, q)
				if err != nil {
					t.Fatal(err)
				}
				for _, r := range page.Rooms {
					got = append(got, string(r.Room))
				}
				if q.After = page.Next; q.After == "" {
					return strings.Join(got, " ") == want
				}
			}
		})
	}
	found("a b c d")
	found("", "level>0")
	hosts[1].client.SendCustom([]byte("level"))
	hosts[2].client.SendCustom([]byte("level"))
	found("b c", "level>0")
	hosts[2].client.SendCustom([]byte("lock"))
	found("b", "level>0")
	leader := hosts[1].server()
	f.operate(0, http.MethodPost, "/v1/rooms/b/move", "", http.StatusOK)
	until(t, "b moves", func() bool { return hosts[1].server() != leader })
	found("b", "level>=1", "level<2")
	found("a b d")
}

// The game's backend reaches a room by any router; a game that takes no messages says so.
func TestMessageOfTheBackend(t *testing.T) {
	f := Start(t, Options{Servers: 2, Routers: 2, Games: []game.Definition{parlours(), Walk()}})
	join(t, f.invited("r", "ann", ""))
	join(t, goclient.Config{URL: f.Home("w").Connect("w"), Ticket: f.Ticket(ticket.Claims{Room: "w", Player: "ann"})})
	if doc := f.operate(1, http.MethodPost, "/v1/rooms/r/message", "four", http.StatusOK); doc["tick"] == 0.0 {
		t.Errorf("the answer is %v", doc)
	}
	until(t, "the room has the message", func() bool {
		page, err := goclient.Rooms(t.Context(), f.Routers[0].URL, goclient.RoomQuery{Where: []string{"level=4"}})
		return err == nil && len(page.Rooms) == 1
	})
	f.operate(0, http.MethodPost, "/v1/rooms/w/message", "four", http.StatusUnprocessableEntity)
	f.operate(0, http.MethodPost, "/v1/rooms/gone/message", "four", http.StatusNotFound)
	f.operate(0, http.MethodPost, "/v1/rooms/r/message", strings.Repeat("x", game.MaxReceived+1), http.StatusRequestEntityTooLarge)
}

// A router refuses what the room's server would, and says whether the room lives.
func TestEntryIsForeseen(t *testing.T) {
	f := Start(t, Options{Servers: 3, Games: []game.Definition{parlours(), Walk()}})
	post := func(body string, status int) map[string]any {
		t.Helper()
		return f.operate(0, http.MethodPost, "/v1/rooms", body, status)
	}
	if doc := post(`{"game":"walk","room":"r"}`, http.StatusCreated); doc["live"] != false {
		t.Errorf("a new room: %v", doc["live"])
	}
	if doc := post(`{"game":"walk"}`, http.StatusCreated); doc["live"] != false {
		t.Errorf("a room without a name: %v", doc["live"])
	}
	join(t, f.invited("r", "ann", ""))
	if doc := post(`{"game":"parlour","room":"r"}`, http.StatusCreated); doc["live"] != true {
		t.Errorf("a room that lives: %v", doc["live"])
	}
	for body, want := range map[string][2]string{
		`{"game":"chess"}`:                          {"game", `game "chess"`},
		`{"game":"walk","room":"r"}`:                {"game", "room r runs parlour"},
		`{"game":"walk","options":{"rate":"fast"}}`: {"options", "walk"},
		`{"game":"walk","options":{"rate":1000}}`:   {"options", "tick rate 1000"},
	} {
		doc := post(body, http.StatusUnprocessableEntity)
		if detail, _ := doc["detail"].(string); doc["field"] != want[0] || !strings.Contains(detail, want[1]) {
			t.Errorf("%s: %v; want field %q and %q", body, doc, want[0], want[1])
		}
	}
}

// Quick match refuses what it can know to be wrong with a new room, for one player, a party's first and all of a party; a room that
// lives is entered whatever its game wants of new ones.
func TestMatchIsForeseen(t *testing.T) {
	closed := Walk()
	closed.Name, closed.SignedOptions = "closed", true
	f := Start(t, Options{Servers: 3, Games: []game.Definition{Walk(), closed}})
	for body, want := range map[string][2]string{
		`"game":"chess"`: {"game", `game "chess"`},
		`"game":"walk","options":{"rate":"fast"}`: {"options", "walk"},
		`"game":"closed"`:                         {"options", "the backend must sign the options of a closed room"},
	} {
		for _, party := range []string{``, `,"party":{"size":2}`, `,"players":[{},{}]`} {
			doc := f.operate(0, http.MethodPost, "/v1/match", "{"+body+party+"}", http.StatusUnprocessableEntity)
			if detail, _ := doc["detail"].(string); doc["field"] != want[0] || !strings.Contains(detail, want[1]) {
				t.Errorf("%s%s: %v; want field %q and %q", body, party, doc, want[0], want[1])
			}
		}
	}
	f.operate(0, http.MethodPost, "/v1/match", `{"game":"walk"}`, http.StatusCreated)
}
