package bots_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/clients/goclient/bots"
	"github.com/ringside-go/ringside/internal/testfleet"
)

// walker is a bot that calls played for each tick.
func walker(played func()) func(*rand.Rand) bots.Bot[testfleet.Step] {
	return func(rng *rand.Rand) bots.Bot[testfleet.Step] {
		return func(*goclient.Client) (testfleet.Step, bool) {
			played()
			return testfleet.Step{Right: rng.IntN(2) == 0}, true
		}
	}
}

// Bots fill rooms, play on through a move of their room, and report it.
func TestRun(t *testing.T) {
	fleet := testfleet.Start(t, testfleet.Options{Servers: 2})
	ctx, cancel := context.WithTimeout(t.Context(), testfleet.Patience)
	defer cancel()
	var ticks atomic.Int64
	played := func() {
		switch ticks.Add(1) {
		case 100:
			fleet.Servers[0].Node.Drain()
		case 1000:
			cancel()
		}
	}
	c := bots.Config{Router: fleet.Routers[0].URL, Game: testfleet.WalkName, Rooms: 4, Players: 3, Seed: 1}
	r, err := bots.Run(ctx, c, walker(played))
	if err != nil || r.Broken() {
		t.Fatalf("%v\n%v", err, r)
	}
	if r.Players != 12 || r.Ticks < 900 || r.Acked == 0 || r.BytesDown == 0 || r.Moves[goclient.Handoff] == 0 || r.Missed+r.Replayed > 0 {
		t.Errorf("%v", r)
	}
}

// A player who gets no seat is reported; the others play.
func TestRunReportsWhoCannotEnter(t *testing.T) {
	fleet := testfleet.Start(t, testfleet.Options{Servers: 1})
	ctx, cancel := context.WithTimeout(t.Context(), testfleet.Patience)
	defer cancel()
	var ticks atomic.Int64
	c := bots.Config{Router: fleet.Routers[0].URL, Game: testfleet.WalkName, Room: "small", Rooms: 1, Players: 9, Seed: 1}
	r, err := bots.Run(ctx, c, walker(func() {
		if ticks.Add(1) > 100 {
			cancel()
		}
	}))
	if ctx.Err() != context.Canceled || err != nil || r.Players != 8 || len(r.Failed) != 1 || !strings.HasPrefix(r.Failed[0], "bot-1-9: ") || !r.Broken() {
		t.Errorf("%v, %v\n%v", ctx.Err(), err, r)
	}
	if !strings.Contains(r.String(), "failed: bot-1-9") {
		t.Errorf("the report does not say who failed:\n%v", r)
	}
}

func TestValidate(t *testing.T) {
	for want, c := range map[string]bots.Config{
		"-rooms is 0":    {Players: 1},
		"-players is 0":  {Rooms: 1},
		"-players is 99": {Rooms: 1, Players: 99},
		"-for is -1ns":   {Rooms: 1, Players: 1, For: -1},
		`-options is "{`: {Rooms: 1, Players: 1, Options: json.RawMessage("{")},
	} {
		if err := c.Validate(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", c, err, want)
		}
	}
}
