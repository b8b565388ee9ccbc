package goclient

import (
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Skill asks for a match in a room with a numeric property near a value. The property may be off by Range, and by Widen more for each second
// that the player has searched. Value is the client's word: where it counts, the game asks for the backend's claims in Admit.
type Skill struct {
	Property string
	Value    float64
	Range    float64
	Widen    float64       // a second
	Searched time.Duration // at most 10 minutes
}

// MarshalJSON implements json.Marshaler.
func (s Skill) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Property string  `json:"property"`
		Value    float64 `json:"value"`
		Range    float64 `json:"range"`
		Widen    float64 `json:"widen"`
		Searched float64 `json:"searched"`
	}{s.Property, s.Value, s.Range, s.Widen, s.Searched.Seconds()})
}

// SearchOn asks for a better match than the room Request.Waiting, in which the player of c waits for others; Skill.Searched is how long by now. If there is
// one, a seat is kept there for 5 s, and better is the configuration to Dial, after the first room was left. Otherwise ok is false: wait on, and ask
// again some seconds later. Of two players who wait for each other only one is told to move. A refusal is a *Problem.
func SearchOn(ctx context.Context, c Config) (better Config, ok bool, err error) {
	c = c.withDefaults()
	if err := c.Validate(); err != nil {
		return c, false, err
	}
	if r := c.Request; !c.Match || r.Waiting == "" || r.Player.Guest == "" && c.Identity == "" {
		return c, false, errors.New("goclient: SearchOn needs Match, Request.Waiting, and the player: Request.Player.Guest, see Client.Guest, or Identity")
	}
	a, err := ask(ctx, c, c.Request, true)
	if err != nil || a.Room == c.Request.Waiting {
		return c, false, err
	}
	exists := false
	c.Match, c.Request.Room, c.Request.Create = false, a.Room, &exists
	return c, true, nil
}
