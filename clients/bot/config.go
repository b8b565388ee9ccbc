package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"time"

	"github.com/ringside-go/ringside/clients/goclient/bots"
	"github.com/ringside-go/ringside/proto"
)

// Config is what to play.
type Config struct {
	Router   string
	Game     string
	Options  json.RawMessage
	Rooms    int
	Players  int // in each room
	Match    bool
	Spar     int           // in place of filling rooms: bring those of quick match up to so many players; 0: no
	For      time.Duration // 0: until the context ends
	Ramp     time.Duration
	Wait     time.Duration // for a router that is ready, and that takes connections
	Seed     uint64
	Measure  []string  // metrics URLs
	Progress io.Writer // a line every progressInterval
	Access   bots.Access
}

// Validate says what is wrong and what to write instead.
func (c Config) Validate() error {
	if _, err := proto.ParseGameName(c.Game); err != nil {
		return fmt.Errorf("-game: %w", err)
	}
	if c.Rooms < 1 {
		return fmt.Errorf("-rooms is %d; write 1 or more", c.Rooms)
	}
	if c.Players < 1 || c.Players > proto.MaxSeats {
		return fmt.Errorf("-players is %d; write 1 to %d", c.Players, proto.MaxSeats)
	}
	if c.Spar < 0 || c.Spar > proto.MaxSeats {
		return fmt.Errorf("-spar is %d; write 1 to %d, or 0 to fill rooms", c.Spar, proto.MaxSeats)
	}
	if c.For < 0 || c.Ramp < 0 || c.Wait < 0 {
		return fmt.Errorf("-for is %v, -ramp is %v and -wait is %v; none may be negative", c.For, c.Ramp, c.Wait)
	}
	var object map[string]any
	if len(c.Options) > 0 && json.Unmarshal(c.Options, &object) != nil {
		return fmt.Errorf(`-options is %q; write a JSON object such as {"tick_rate":20}`, c.Options)
	}
	for _, u := range append([]string{c.Router}, c.Measure...) {
		if p, err := url.Parse(u); err != nil || p.Host == "" {
			return fmt.Errorf("%q is no URL; write http://host:port", u)
		}
	}
	return nil
}
