package session

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/obs"
)

// Config of a Server.
type Config struct {
	Gate        *edge.Gate // limits the connections; it has accepted them, or does not know them yet
	Origins     []string   // allowed Origin hosts; empty: any (tokens, not cookies, authenticate)
	OutboxBytes int        // bound of one outbox's pending frames, a keyframe not counted
	Poll        bool       // read sockets in Conn.Poll where that is possible: on Linux
	Logger      *slog.Logger
	Metrics     *obs.ServerMetrics
}

// DefaultConfig lacks only the Gate. An outbox of 64 KiB holds ten seconds of usual frames at 30 ticks a second.
func DefaultConfig() Config {
	return Config{
		OutboxBytes: 64 << 10,
		Poll:        true,
		Logger:      slog.Default(),
		Metrics:     obs.NewServerMetrics(nil),
	}
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	switch {
	case c.OutboxBytes < 4<<10 || c.OutboxBytes > 16<<20:
		return fmt.Errorf("session: OutboxBytes is %d, it must be between 4 KiB and 16 MiB", c.OutboxBytes)
	case c.Logger == nil || c.Metrics == nil:
		return fmt.Errorf("session: Logger and Metrics must be set; start from DefaultConfig")
	}
	for _, o := range c.Origins {
		if o == "" || strings.ContainsAny(o, "/ ") {
			return fmt.Errorf("session: origin %q must be a host such as play.example.com or localhost:8080", o)
		}
	}
	return nil
}

// originAllowed reports whether a page from origin, the header's value, may connect. Clients that are no browsers
// send none.
func (c Config) originAllowed(origin string) bool {
	if origin == "" || len(c.Origins) == 0 {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && slices.ContainsFunc(c.Origins, func(o string) bool { return strings.EqualFold(o, u.Host) })
}
