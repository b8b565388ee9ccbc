package goclient

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The first of a party asks for seats once; when it asks again it has the invitation, so that its ticket is of the party, as long as
// seats are kept. Later it asks like any other.
func TestAPartyIsAskedForOnce(t *testing.T) {
	for name, c := range map[string]struct {
		until time.Duration
		again string
	}{
		"in time": {time.Minute, `{"token":"invitation"}`},
		"late":    {-time.Second, `null`},
	} {
		t.Run(name, func(t *testing.T) {
			s, r := newServer(t), newRoom(t)
			var asked []string
			s.router = func(w http.ResponseWriter, q *http.Request) {
				var body struct{ Party json.RawMessage }
				if err := json.NewDecoder(q.Body).Decode(&body); err != nil {
					t.Error(err)
				}
				if body.Party == nil {
					body.Party = json.RawMessage("null")
				}
				asked = append(asked, q.URL.Path+" "+string(body.Party))
				w.WriteHeader(http.StatusCreated)
				fmt.Fprintf(w, `{"room":"r-1","url":"/v1/rooms/r-1/connect","ticket":"t","party":{"token":"invitation","size":3,"until":%q}}`,
					time.Now().Add(c.until).Format(time.RFC3339Nano))
			}
			s.script(func(p *peer) {
				p.hello()
				p.refuse(proto.Error{Code: proto.CloseOverloaded})
				p.wait()
			})
			s.script(func(p *peer) { p.enter(r, 0); p.wait() })
			config := s.config()
			config.Match, config.Request.Room, config.Request.Party = true, "", &Party{Size: 3}
			client, err := Dial(t.Context(), config)
			if err != nil {
				t.Fatal(err)
			}
			client.Close()
			want := []string{`/v1/match {"size":3}`, "/v1/rooms " + c.again}
			if strings.Join(asked, ", ") != strings.Join(want, ", ") {
				t.Errorf("asked %q, want %q", asked, want)
			}
			if i := client.Invitation(); i.Token != "invitation" || i.Size != 3 {
				t.Errorf("the invitation is %+v", i)
			}
		})
	}
}

func TestAPartyIsValidated(t *testing.T) {
	for _, c := range []Config{
		{Match: true, Request: Request{Party: &Party{}}},
		{Match: true, Request: Request{Party: &Party{Size: 2, Token: "x"}}},
		{Request: Request{Party: &Party{Size: 2}}},
	} {
		c.Router, c.Request.Game = "http://here", "test"
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "a party is for a match") {
			t.Errorf("%+v: %v", c.Request.Party, err)
		}
	}
}

func TestMatchParty(t *testing.T) {
	s := newServer(t)
	var asked map[string]any
	s.router = func(w http.ResponseWriter, q *http.Request) {
		_ = json.NewDecoder(q.Body).Decode(&asked)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"room":"r-1","url":"rooms/r-1/connect","party":{"token":"i","size":2},"players":[{"player":"ann","ticket":"t1"},{"player":"guest-x","guest":"g","ticket":"t2"}]}`)
	}
	got, err := MatchParty(t.Context(), s.config(), []PartyPlayer{{Identity: "token", Name: "Ann"}, {}})
	if err != nil || got.Room != "r-1" || got.URL != s.wsURL() || len(got.Players) != 2 ||
		got.Players[1] != (Admitted{Player: "guest-x", Guest: "g", Ticket: "t2"}) || got.Invitation.Token != "i" {
		t.Errorf("got %+v, %v", got, err)
	}
	b, _ := json.Marshal(asked)
	if want := `{"game":"test","players":[{"identity":"token","name":"Ann"},{}]}`; string(b) != want {
		t.Errorf("asked %s, want %s", b, want)
	}
	s.router = func(w http.ResponseWriter, _ *http.Request) { problem(w, http.StatusForbidden, "players[1]: banned") }
	if _, err := MatchParty(t.Context(), s.config(), nil); err == nil || !strings.Contains(err.Error(), "players[1]: banned") {
		t.Errorf("refused: %v", err)
	}
}
