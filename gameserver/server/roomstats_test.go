package server

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/roomstats"
	"github.com/ringside-go/ringside/proto"
)

// A minute has what the rooms did in it: sums of samples, and differences of counters. A room that ends is forgotten, one that has come
// back counts nothing twice, and what a router does not take in time is dropped and counted.
func TestRoomStatistics(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rooms := []room.Info{{ID: "a", Game: "arena", Epoch: proto.Epoch{Instance: 1}, Connected: 2, Spectators: 1, Share: 0.25, Tick: 100, Match: 3, Late: 5}}
		var mu sync.Mutex // what the test holds but in pass
		var got []string
		var fail error
		block := make(chan struct{})
		lost := 0
		s := &roomStats{server: "gs-1", rooms: map[proto.Instance]*sampled{}, ready: make(chan []*roomstats.Batch, 1),
			list: func() []room.Info {
				mu.Lock()
				defer mu.Unlock()
				for n := range rooms {
					rooms[n].Tick += 200
				}
				return slices.Clone(rooms)
			},
			send: func(_ context.Context, b *roomstats.Batch) error {
				mu.Lock()
				wait := block
				mu.Unlock()
				<-wait
				mu.Lock()
				defer mu.Unlock()
				if err := b.Check(); err != nil || b.Server != "gs-1" {
					t.Errorf("%+v: %v", b, err)
				}
				for _, r := range b.Rooms {
					got = append(got, fmt.Sprintf("%s %s: %d s, %d player, %d spectator, %d ticks, %d late, %d ms, %d matches", time.UnixMilli(b.Minute).UTC().Format("15:04"),
						r.Room, r.Seconds, r.PlayerSeconds, r.SpectatorSeconds, r.Ticks, r.Late, r.Busy, r.Matches))
				}
				return fail
			},
			dropped: func(rooms int) {
				mu.Lock()
				defer mu.Unlock()
				lost += rooms
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		close(block)
		mu.Lock()
		go func() { ended <- s.run(ctx) }() // synctest begins at midnight
		pass := func(d time.Duration) {
			mu.Unlock()
			time.Sleep(d)
			synctest.Wait()
			mu.Lock()
		}
		want := func(when string, lines ...string) {
			t.Helper()
			slices.Sort(got)
			if !slices.Equal(got, lines) {
				t.Errorf("%s: %q, want %q", when, got, lines)
			}
			got = nil
		}
		pass(35 * time.Second)
		rooms[0].Match, rooms[0].Late = 4, 7
		pass(26 * time.Second)
		want("the first minute", "00:00 a: 50 s, 100 player, 50 spectator, 800 ticks, 2 late, 12500 ms, 1 matches")
		rooms[0].Tick, rooms[0].Match = 50, 4 // it was handed over, and has come back from a standby that is behind
		pass(time.Minute)
		want("the second minute", "00:01 a: 60 s, 120 player, 60 spectator, 1000 ticks, 0 late, 15000 ms, 0 matches")
		rooms = nil
		pass(2 * time.Minute)
		want("the third minute", "00:02 a: 10 s, 20 player, 10 spectator, 200 ticks, 0 late, 2500 ms, 0 matches")
		if len(s.rooms) != 0 {
			t.Errorf("%d rooms are remembered", len(s.rooms))
		}
		fail = errors.New("no router")
		for n := range 2500 {
			rooms = append(rooms, room.Info{ID: "b", Game: "arena", Epoch: proto.Epoch{Instance: proto.Instance(n + 1)}})
		}
		pass(2 * time.Minute)
		if len(got) < 2500 || lost < 2500 {
			t.Errorf("%d rooms were sent, %d dropped", len(got), lost)
		}
		sent, before := len(got), lost
		block = make(chan struct{})
		pass(5 * time.Minute)
		if len(got) != sent || lost != before+3*2500 {
			t.Errorf("a router that hangs got %d rooms, %d were dropped, want 7500", len(got)-sent, lost-before)
		}
		close(block)
		mu.Unlock()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
