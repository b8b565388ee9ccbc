package main

import (
	"context"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/gameserver/arena"
	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/testfleet"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

func TestWantedPartners(t *testing.T) {
	type counts = map[proto.RoomID]int
	type seen = map[proto.RoomID]ring
	for _, c := range []struct {
		what  string
		rings seen
		mine  counts
		want  counts
	}{
		{"nobody anywhere: one room goes on", seen{"a": {Seats: 8}, "b": {Seats: 8, Players: 2}}, counts{"b": 2}, counts{"a": 0, "b": 5}},
		{"of equal ones the first", seen{"b": {Seats: 8}, "a": {Seats: 8}}, nil, counts{"a": 5, "b": 0}},
		{"the house is left for a person elsewhere", seen{"a": {Seats: 8, Players: 5}, "b": {Seats: 8, Players: 1}}, counts{"a": 5}, counts{"a": 0, "b": 4}},
		{"partners make way", seen{"a": {Seats: 8, Players: 8}}, counts{"a": 5}, counts{"a": 2}},
		{"more people than wanted players", seen{"a": {Seats: 8, Players: 7}}, counts{"a": 1}, counts{"a": 0}},
		{"the last seat of a small room stays free", seen{"a": {Seats: 3, Players: 1}}, nil, counts{"a": 1}},
		{"seats that are not reported yet are no people", seen{"a": {Seats: 8, Players: 1}}, counts{"a": 5}, counts{"a": 5}},
	} {
		if got := wanted(c.rings, c.mine, 5); !maps.Equal(got, c.want) {
			t.Errorf("%s: %v, want %v", c.what, got, c.want)
		}
	}
}

// TestSpar has a person come by quick match to a fleet where partners are: they bring the room up to the number wanted,
// the person included.
func TestSpar(t *testing.T) {
	const want = 4
	f := testfleet.Start(t, testfleet.Options{Servers: 2, Games: []game.Definition{arena.Definition()}})
	router := f.Routers[0].URL
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- Spar(ctx, Config{Router: router, Game: "arena", Seed: 1, Spar: want, Progress: t.Output()})
	}()

	found := make(chan struct{}, 1)
	seen := -1
	c, err := goclient.Dial(t.Context(), goclient.Config{Router: router, Match: true, Request: goclient.Request{Game: "arena"},
		Events: goclient.Events{Frame: func(c *goclient.Client) {
			seats, err := state.RowsOf[struct{ Name string }](c.State(), "seats")
			if err != nil {
				t.Error(err)
			}
			n := 0
			for _, row := range seats.All() {
				if row.Name != "" && !slices.Contains(sparNames, row.Name) {
					t.Errorf("there is a player called %q", row.Name)
				}
				n++
			}
			if seen = n; n == want {
				select {
				case found <- struct{}{}:
				default:
				}
			}
		}}})
	if err != nil {
		t.Fatal(err)
	}
	over := make(chan error, 1)
	go func() { over <- c.Run(ctx) }()
	select {
	case <-found:
	case <-time.After(testfleet.Patience):
		defer func() {
			t.Errorf("%d players are in the visitor's room after %v, want %d", seen, testfleet.Patience, want)
		}()
	}
	stop()
	<-over
	if err := <-done; err != nil {
		t.Error(err)
	}
}
