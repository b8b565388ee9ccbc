package session

import (
	"fmt"
	"log/slog"
	"net/url"
	"slices"
	"strings"

	"github.com/ringside-go/ringside/internal/obs"
)

// Config of a Server.
type Config struct {
	MaxConnections int      // all, hello said or not; beyond: 503
	MaxUnentered   int      // connections that have not said hello yet; beyond: 503
	Origins        []string // allowed Origin hosts; empty: any (tokens, not cookies, authenticate)
	OutboxBytes    int      // bound of one outbox's pending frames, a keyframe not counted
	Poll           bool     // read sockets in Conn.Poll where that is possible: on Linux, without TLS
	Logger         *slog.Logger
	Metrics        *obs.Metrics
}

// DefaultConfig allows what one machine carries: 20,000 connections at the 14 KB each that a player may cost are 280 MB.
// An outbox of 64 KiB holds ten seconds of usual frames at 30 ticks a second.
func DefaultConfig() Config {
	return Config{
		MaxConnections: 20_000,
		MaxUnentered:   1_000,
		OutboxBytes:    64 << 10,
		Poll:           true,
		Logger:         slog.Default(),
		Metrics:        obs.NewMetrics(nil),
	}
}

// Validate says what is wrong with c.
func (c Config) Validate() error {
	switch {
	case c.MaxConnections < 1:
		return fmt.Errorf("session: MaxConnections is %d, it must be at least 1", c.MaxConnections)
	case c.MaxUnentered < 1:
		return fmt.Errorf("session: MaxUnentered is %d, it must be at least 1", c.MaxUnentered)
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
