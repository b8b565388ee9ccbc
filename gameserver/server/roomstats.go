package server

import (
	"context"
	"math"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/roomstats"
	"github.com/ringside-go/ringside/proto"
)

// sampleRooms is the time between two looks at the rooms. A minute is made of whole samples.
const sampleRooms = 10 * time.Second

// roomStats tells the results store once a minute what this server's rooms did. It samples what rooms publish anyway, so no tick knows of
// it. What cannot be sent before the next minute is over is lost and counted.
type roomStats struct {
	list    func() []room.Info
	server  string
	send    func(context.Context, *roomstats.Batch) error
	dropped func(rooms int)
	ready   chan []*roomstats.Batch // size 1: a whole minute. Full: the newer minute is dropped

	minute int64 // under way, in Unix milliseconds; 0: none
	rooms  map[proto.Instance]*sampled
}

// sampled is a room as the last sample saw it, and what it did in the minute so far.
type sampled struct {
	last room.Info
	did  roomstats.Room
}

func (n *Server) newRoomStats() *roomStats {
	return &roomStats{
		list: n.registry.List, server: n.config.Name, send: n.results.Rooms,
		dropped: func(rooms int) { n.metrics.RoomStatsDropped.Add(float64(rooms)) },
		ready:   make(chan []*roomstats.Batch, 1), rooms: map[proto.Instance]*sampled{},
	}
}

// run samples and sends until ctx ends. The minute under way is lost then.
func (s *roomStats) run(ctx context.Context) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.sendAll(ctx)
	}()
	tick := time.NewTicker(sampleRooms)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			<-done
			return nil
		case <-tick.C:
			s.sample(time.Now())
		}
	}
}

// sendAll sends minutes as they become ready.
func (s *roomStats) sendAll(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case batches := <-s.ready:
			for _, b := range batches {
				if s.send(ctx, b) != nil { // the outcomes' deliveries tell of it
					s.dropped(len(b.Rooms))
				}
			}
		}
	}
}

// sample looks at the rooms. The first look of a minute makes the last one ready.
func (s *roomStats) sample(now time.Time) {
	if minute := now.Truncate(time.Minute).UnixMilli(); minute != s.minute {
		s.close()
		s.minute = minute
	}
	for _, i := range s.list() {
		r := s.rooms[i.Epoch.Instance]
		if r == nil {
			r = &sampled{last: i, did: roomstats.Room{Instance: i.Epoch.Instance, Room: i.ID, Game: i.Game}}
			s.rooms[i.Epoch.Instance] = r
		}
		const seconds = int64(sampleRooms / time.Second)
		r.did.Seconds += seconds
		r.did.PlayerSeconds += seconds * int64(i.Connected)
		r.did.SpectatorSeconds += seconds * int64(i.Spectators)
		r.did.Busy += int64(math.Round(i.Share * float64(sampleRooms.Milliseconds())))
		// A room that has come back is behind its last sample at first.
		r.did.Ticks += max(0, int64(i.Tick)-int64(r.last.Tick))
		r.did.Late += max(0, int64(i.Late)-int64(r.last.Late))
		r.did.Matches += max(0, int64(i.Match)-int64(r.last.Match))
		r.last = i
	}
}

// close makes the minute ready, and forgets rooms that were not here in it.
func (s *roomStats) close() {
	var batches []*roomstats.Batch
	count := 0
	for instance, r := range s.rooms {
		if r.did.Seconds == 0 {
			delete(s.rooms, instance)
			continue
		}
		if count%roomstats.MaxRooms == 0 {
			batches = append(batches, &roomstats.Batch{Server: s.server, Minute: s.minute})
		}
		last := batches[len(batches)-1]
		last.Rooms = append(last.Rooms, r.did)
		count++
		r.did = roomstats.Room{Instance: r.did.Instance, Room: r.did.Room, Game: r.did.Game}
	}
	if count == 0 {
		return
	}
	select {
	case s.ready <- batches:
	default:
		s.dropped(count)
	}
}
