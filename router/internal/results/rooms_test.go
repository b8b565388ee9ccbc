package results

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/roomstats"
	"github.com/ringside-go/ringside/proto"
)

// putRooms stores a minute of one room of the arena, in which one player was connected for so many seconds.
func putRooms(t testing.TB, s *Store, watch *clock, instance proto.Instance, seconds int64) {
	t.Helper()
	b := &roomstats.Batch{Server: "gs-1", Minute: watch.now().Truncate(time.Minute).UnixMilli(), Rooms: []roomstats.Room{{
		Instance: instance, Room: proto.RoomID(fmt.Sprintf("room-%d", instance)), Game: "arena", Seconds: seconds, PlayerSeconds: seconds,
		Ticks: 20 * seconds, Late: 1, Busy: 100 * seconds, Matches: 2}}}
	for range 2 { // an answer may be lost, and a batch sent again
		if err := s.PutRooms(context.Background(), b); err != nil {
			t.Fatal(err)
		}
	}
}

// Statistics are summed over rooms in each minute, and averaged over the minutes of a step; retention removes them.
func TestRoomStatistics(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, watch := settings()
		s := open(t, at, c)
		ctx := context.Background()
		putRooms(t, s, watch, 1, 60)
		putRooms(t, s, watch, 2, 60)
		watch.advance(time.Minute)
		putRooms(t, s, watch, 1, 30)
		other := &roomstats.Batch{Server: "gs-2", Minute: watch.now().UnixMilli(), Rooms: []roomstats.Room{
			{Instance: 1, Room: "room-1", Game: "arena", Seconds: 30, PlayerSeconds: 30}, // it has moved
			{Instance: 9, Room: "room-9", Game: "chess", Seconds: 60, PlayerSeconds: 120, SpectatorSeconds: 600},
		}}
		if err := s.PutRooms(ctx, other); err != nil {
			t.Fatal(err)
		}
		hour := RoomQuery{From: start, To: start.Add(time.Hour), Step: time.Minute}
		for _, q := range []struct {
			change func(*RoomQuery)
			want   string
		}{
			{func(*RoomQuery) {}, "0s: 1 minutes, 2 (2) rooms, 2 (2) players, 0 spectators, 2400 ticks, 2 late, 0.2 cores, 4 matches; " +
				"1m0s: 1 minutes, 2 (2) rooms, 3 (3) players, 10 spectators, 600 ticks, 1 late, 0.05 cores, 2 matches"},
			{func(q *RoomQuery) { q.Step = time.Hour }, "0s: 2 minutes, 2 (2) rooms, 2.5 (3) players, 5 spectators, 3000 ticks, 3 late, 0.125 cores, 6 matches"},
			{func(q *RoomQuery) { q.Game = "chess" }, "1m0s: 1 minutes, 1 (1) rooms, 2 (2) players, 10 spectators, 0 ticks, 0 late, 0 cores, 0 matches"},
			{func(q *RoomQuery) { q.Room, q.Step = "room-1", time.Hour }, "0s: 2 minutes, 1 (1) rooms, 1 (1) players, 0 spectators, 1800 ticks, 2 late, 0.075 cores, 4 matches"},
			{func(q *RoomQuery) { q.To = start.Add(time.Minute); q.Room = "room-9" }, ""},
			{func(q *RoomQuery) { q.Game = "'; DROP TABLE room_minutes; --" }, ""},
		} {
			query := hour
			q.change(&query)
			points, err := s.Rooms(ctx, query)
			var got []string
			for _, p := range points {
				got = append(got, fmt.Sprintf("%v: %d minutes, %v (%v) rooms, %v (%v) players, %v spectators, %d ticks, %d late, %v cores, %d matches", p.At.Sub(start),
					p.Minutes, p.Rooms, p.RoomsPeak, p.Players, p.PlayersPeak, p.Spectators, p.Ticks, p.Late, p.Cores, p.Matches))
			}
			if text := strings.Join(got, "; "); err != nil || text != q.want {
				t.Errorf("%+v gives\n%s, %v; want\n%s", query, text, err, q.want)
			}
		}
		watch.set(start.AddDate(0, 3, 0))
		putRooms(t, s, watch, 1, 60)
		if err := s.Maintain(ctx); err != nil {
			t.Fatal(err)
		}
		if points, err := s.Rooms(ctx, RoomQuery{From: start, To: start.AddDate(1, 0, 0), Step: 24 * time.Hour}); err != nil || len(points) != 1 || points[0].Rooms != 1 {
			t.Errorf("after retention there are %+v, %v", points, err)
		}
	})
}

// What cannot be statistics is refused, and so are questions for too much.
func TestBadRoomStatistics(t *testing.T) {
	c, _ := settings()
	s := open(t, location(t, "sqlite"), c)
	for want, change := range map[string]func(*roomstats.Batch){
		"set the clocks right": func(b *roomstats.Batch) { b.Minute += 2 * time.Hour.Milliseconds() },
		"whole minute":         func(b *roomstats.Batch) { b.Minute++ },
		"server":               func(b *roomstats.Batch) { b.Server = "" },
		"no instance":          func(b *roomstats.Batch) { b.Rooms[0].Instance = 0 },
		"room":                 func(b *roomstats.Batch) { b.Rooms[0].Room = "a b" },
		"game":                 func(b *roomstats.Batch) { b.Rooms[0].Game = "" },
		"figure":               func(b *roomstats.Batch) { b.Rooms[0].Late = -1 },
		"at most":              func(b *roomstats.Batch) { b.Rooms = make([]roomstats.Room, roomstats.MaxRooms+1) },
	} {
		b := &roomstats.Batch{Server: "gs-1", Minute: start.UnixMilli(), Rooms: []roomstats.Room{{Instance: 1, Room: "r", Game: "arena", Seconds: 60}}}
		change(b)
		if err := s.PutRooms(context.Background(), b); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	for want, q := range map[string]RoomQuery{
		"whole minutes": {From: start, To: start.Add(time.Hour), Step: time.Second},
		"is not before": {From: start, To: start, Step: time.Minute},
		"longer step":   {From: start, To: start.AddDate(1, 0, 0), Step: time.Minute},
	} {
		if _, err := s.Rooms(context.Background(), q); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
	c.RoomRetention = time.Hour
	if err := c.Validate(); err == nil {
		t.Error("a retention of an hour is allowed")
	}
}
