package goclient

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// What a match is searched by is in requests for a match and in no others. The player moves where the answer is another room, and only then.
func TestSearchOn(t *testing.T) {
	s := newServer(t)
	var path string
	var asked map[string]any
	room := "q-a"
	s.router = func(w http.ResponseWriter, q *http.Request) {
		path, asked = q.URL.Path, nil
		_ = json.NewDecoder(q.Body).Decode(&asked)
		w.WriteHeader(http.StatusCreated)
		fmt.Fprintf(w, `{"room":%q,"url":"rooms/x/connect","ticket":"t"}`, room)
	}
	c := s.config()
	c.Request.Room = ""
	c.Match, c.Request.Waiting, c.Request.Where, c.Request.Player.Guest = true, "q-a", []string{"map=alps"}, "a-secret-of-22-letters"
	c.Request.Skill = &Skill{Property: "rating", Value: 1200, Range: 50, Widen: 25, Searched: 1500 * time.Millisecond}
	if _, ok, err := SearchOn(t.Context(), c); ok || err != nil {
		t.Errorf("the same room: %v, %v", ok, err)
	}
	b, _ := json.Marshal(asked)
	if want := `{"game":"test","player":{"guest":"a-secret-of-22-letters"},"skill":{"property":"rating","range":50,"searched":1.5,"value":1200,"widen":25},` +
		`"waiting":"q-a","where":["map=alps"]}`; string(b) != want || path != "/v1/match" {
		t.Errorf("asked %s %s, want %s", path, b, want)
	}
	room = "q-b"
	better, ok, err := SearchOn(t.Context(), c)
	if !ok || err != nil || better.Match || better.Request.Room != "q-b" || better.Request.Create == nil || *better.Request.Create {
		t.Errorf("another room: %+v, %v, %v", better, ok, err)
	}
	if _, err := ask(t.Context(), better, better.Request, better.Match); err != nil {
		t.Fatal(err)
	}
	b, _ = json.Marshal(asked)
	if want := `{"create":false,"game":"test","player":{"guest":"a-secret-of-22-letters"},"room":"q-b"}`; string(b) != want || path != "/v1/rooms" {
		t.Errorf("asked %s %s, want %s", path, b, want)
	}
	c.Request.Player.Guest = ""
	if _, _, err := SearchOn(t.Context(), c); err == nil || !strings.Contains(err.Error(), "needs Match, Request.Waiting, and the player") {
		t.Errorf("a player whom the router cannot know: %v", err)
	}
	c = s.config()
	c.Request.Room, c.Request.Where = "", []string{"map=alps"}
	if err := c.Validate(); err == nil || !strings.Contains(err.Error(), "give Match too") {
		t.Errorf("a search without a match: %v", err)
	}
}
