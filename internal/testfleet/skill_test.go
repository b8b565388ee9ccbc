package testfleet

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/game"
)

// ranked is a walk in rooms for players of about one rating, which whoever makes the room gives.
type ranked struct {
	walk
	About game.Properties[rankedAbout] `state:"hidden"`

	rating uint16
}

type rankedAbout struct {
	Rating uint16 `state:""`
}

func (g *ranked) Start(r *game.Room) {
	g.walk.Start(r)
	g.About.Get().Rating = g.rating
}

func rankedGame() game.Definition {
	return game.Definition{Name: "ranked", New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		var o struct{ Rating uint16 }
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, err
			}
		}
		return &ranked{rating: o.Rating}, game.Settings{TickRate: 30, Seats: 2}, nil
	}}
}

// search is the way into a match near a rating, by one of the routers.
func (f *Fleet) search(router int, options string, rating float64) goclient.Config {
	return goclient.Config{Router: f.Routers[router].URL, Match: true, Request: goclient.Request{Game: "ranked", Options: json.RawMessage(options),
		Skill: &goclient.Skill{Property: "rating", Value: rating, Range: 50, Widen: 25}}}
}

// Players are matched by a property of rooms that were made with other options, by any router. Two who are far apart wait in rooms of their own;
// when their ranges have widened, exactly one of them moves.
func TestMatchBySkill(t *testing.T) {
	f := Start(t, Options{Servers: 2, Routers: 2, Games: []game.Definition{rankedGame()}})
	ann := join(t, f.search(0, `{"rating":1200}`, 1200))
	room := ann.welcome.Load().Room
	var bob *player
	until(t, "router 1 sees ann's room, and bob is matched with her", func() bool {
		bob = join(t, f.search(1, `{"rating":1240}`, 1240))
		if bob.welcome.Load().Room == room {
			return true
		}
		bob.client.Leave("")
		<-bob.ended
		return false
	})
	cleo, dan := join(t, f.search(0, `{"rating":2000}`, 2000)), join(t, f.search(1, `{"rating":2200}`, 2200))
	players := []*player{cleo, dan}
	for _, p := range players {
		if got := p.welcome.Load().Room; got == room || p == dan && got == cleo.welcome.Load().Room {
			t.Fatalf("a player far from all others is in room %s", got)
		}
	}
	on := func(i int, searched time.Duration) (goclient.Config, bool) {
		c := f.search(i, "", []float64{2000, 2200}[i])
		c.Request.Waiting, c.Request.Player.Guest, c.Request.Skill.Searched = players[i].welcome.Load().Room, players[i].client.Guest(), searched
		better, ok, err := goclient.SearchOn(t.Context(), c)
		var p *goclient.Problem
		if errors.As(err, &p) && p.Status == http.StatusTooManyRequests { // until asks more often than players do
			return better, false
		} else if err != nil {
			t.Fatal(err)
		}
		return better, ok
	}
	for i := range players {
		if better, ok := on(i, time.Second); ok {
			t.Errorf("player %d is sent to %s after a second", i, better.Request.Room)
		}
	}
	moves := 0
	until(t, "one of them moves", func() bool {
		for i, p := range players {
			if better, ok := on(i, 10*time.Second); ok {
				p.client.Leave("")
				<-p.ended
				moves++
				players[i] = join(t, better)
			}
		}
		return moves > 0
	})
	if a, b := players[0].welcome.Load().Room, players[1].welcome.Load().Room; a != b || moves != 1 {
		t.Errorf("they are in %s and %s after %d moves", a, b, moves)
	}
}
