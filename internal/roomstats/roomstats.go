// Package roomstats is what game servers tell routers with a results store about their rooms, once a minute:
//
//	POST /internal/v1/rooms  Batch, on the router's internal listener
//
// What is lost is not sent again: these are figures for operators, and nothing depends on them.
package roomstats

import (
	"fmt"

	"github.com/ringside-go/ringside/proto"
)

// MaxRooms is how many rooms one batch may have. A server with more sends several.
const MaxRooms = 1000

// Batch is what one server's rooms did in one minute.
type Batch struct {
	Server string `json:"server"`
	Minute int64  `json:"minute"` // its beginning, in Unix milliseconds
	Rooms  []Room `json:"rooms"`
}

// Room is what one room did in the minute on this server. The figures of servers that led it one after the other add up.
type Room struct {
	Instance         proto.Instance `json:"instance"`
	Room             proto.RoomID   `json:"room"`
	Game             proto.GameName `json:"game"`
	Seconds          int64          `json:"seconds"`        // for which the server led it, as far as its samples show
	PlayerSeconds    int64          `json:"player_seconds"` // of connected players
	SpectatorSeconds int64          `json:"spectator_seconds"`
	Ticks            int64          `json:"ticks"`
	Late             int64          `json:"late"`    // ticks that began more than a period late
	Busy             int64          `json:"busy"`    // milliseconds that its ticks took
	Matches          int64          `json:"matches"` // finished
}

// Check says what is wrong with a batch.
func (b *Batch) Check() error {
	if b.Server == "" || len(b.Server) > proto.MaxServerName {
		return fmt.Errorf("server %.80q: 1 to %d bytes are allowed", b.Server, proto.MaxServerName)
	}
	if b.Minute%60_000 != 0 {
		return fmt.Errorf("minute %d is no whole minute in Unix milliseconds", b.Minute)
	}
	if len(b.Rooms) > MaxRooms {
		return fmt.Errorf("%d rooms in a batch, at most %d are allowed", len(b.Rooms), MaxRooms)
	}
	for _, r := range b.Rooms {
		if _, err := proto.ParseRoomID(string(r.Room)); err != nil {
			return err
		}
		if _, err := proto.ParseGameName(string(r.Game)); err != nil {
			return err
		}
		if r.Instance == 0 {
			return fmt.Errorf("room %s has no instance", r.Room)
		}
		for _, n := range []int64{r.Seconds, r.PlayerSeconds, r.SpectatorSeconds, r.Ticks, r.Late, r.Busy, r.Matches} {
			if n < 0 || n > maxFigure {
				return fmt.Errorf("room %s has a figure of %d; 0 to %d are allowed", r.Room, n, int64(maxFigure))
			}
		}
	}
	return nil
}

// maxFigure is above what a room can do in a minute, and keeps sums from overflowing.
const maxFigure = 1e9
