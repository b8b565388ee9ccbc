package results

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// Config of a Store. Begin with DefaultConfig.
type Config struct {
	Boards        []Board
	Retention     time.Duration                                // of outcomes and histories; 0: for ever. Ids and boards stay
	RoomRetention time.Duration                                // of the statistics of rooms; 0: for ever
	Conflict      func(id outcome.ID, verdict outcome.Verdict) // called once for each refused body; nil: nobody
	Now           func() time.Time
	Logger        *slog.Logger
}

// leastRetention is longer than a webhook is retried, so that no outcome goes before it was delivered or listed as dead.
const leastRetention = 7 * 24 * time.Hour

// leastRoomRetention is the time in which TimescaleDB brings game_minutes up to date, which would forget what is removed before.
const leastRoomRetention = 48 * time.Hour

// DefaultConfig has no boards, and keeps all outcomes, and the statistics of rooms for 30 days.
func DefaultConfig() Config {
	return Config{RoomRetention: 30 * 24 * time.Hour, Now: time.Now, Logger: slog.New(slog.DiscardHandler)}
}

// Validate says which setting is wrong, and what is allowed.
func (c Config) Validate() error {
	if c.Retention != 0 && c.Retention < leastRetention {
		return fmt.Errorf("results retention is %v; at least %v is needed, or 0 to keep everything", c.Retention, leastRetention)
	}
	if c.RoomRetention != 0 && c.RoomRetention < leastRoomRetention {
		return fmt.Errorf("retention of room statistics is %v; at least %v is needed, or 0 to keep everything", c.RoomRetention, leastRoomRetention)
	}
	if c.Now == nil || c.Logger == nil {
		return fmt.Errorf("results: clock and logger must be set")
	}
	names := map[string]bool{}
	for _, b := range c.Boards {
		if err := b.validate(); err != nil {
			return err
		}
		if names[b.Name] {
			return fmt.Errorf("board %s is declared twice", b.Name)
		}
		names[b.Name] = true
	}
	return nil
}
