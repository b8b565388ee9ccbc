package arena

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ringside-go/ringside/gameserver/game"
)

// Options is what a room can be asked to be, as a JSON object: {"tick_rate": 20, "map": "yard"}. What is not named has
// its default.
type Options struct {
	TickRate     int    // tick_rate: ticks per second, 10 to 60; 30
	Seats        int    // seats: 2 to 16; 8
	RoundSeconds int    // round_seconds: 5 to 900; 120
	FragLimit    int    // frag_limit: kills that end a round, 1 to 100; 15
	Map          string // map: crossfire or yard; crossfire
}

// DefaultOptions is a room that was asked for nothing.
func DefaultOptions() Options {
	return Options{TickRate: 30, Seats: 8, RoundSeconds: 120, FragLimit: 15, Map: "crossfire"}
}

// errOptions is wrapped by all errors about options.
var errOptions = errors.New("bad options")

// ParseOptions reads a room's options. The error says what is wrong and what is allowed.
func ParseOptions(text json.RawMessage) (Options, error) {
	o := DefaultOptions()
	if len(text) == 0 {
		return o, nil
	}
	var named map[string]json.RawMessage
	if err := json.Unmarshal(text, &named); err != nil {
		return o, fmt.Errorf("%w: write a JSON object such as {\"map\": \"yard\"}: %w", errOptions, err)
	}
	fields := map[string]func(json.RawMessage) error{
		"tick_rate":     number(&o.TickRate, 10, 60),
		"seats":         number(&o.Seats, 2, 16),
		"round_seconds": number(&o.RoundSeconds, 5, 900),
		"frag_limit":    number(&o.FragLimit, 1, 100),
		"map":           oneOf(&o.Map, slices.Sorted(maps.Keys(levels))),
	}
	for _, name := range slices.Sorted(maps.Keys(named)) {
		set, ok := fields[name]
		if !ok {
			known := strings.Join(slices.Sorted(maps.Keys(fields)), ", ")
			return o, fmt.Errorf("%w: there is no option %q; there are %s", errOptions, name, known)
		}
		if err := set(named[name]); err != nil {
			return o, fmt.Errorf("%w: %s is %s; it must be %w", errOptions, name, named[name], err)
		}
	}
	return o, nil
}

// number sets a whole number. Its error says what the option must be.
func number(p *int, least, most int) func(json.RawMessage) error {
	return func(text json.RawMessage) error {
		var n *int
		if json.Unmarshal(text, &n) != nil || n == nil || *n < least || *n > most {
			return fmt.Errorf("a whole number from %d to %d", least, most)
		}
		*p = *n
		return nil
	}
}

// oneOf sets one of some words.
func oneOf(p *string, words []string) func(json.RawMessage) error {
	return func(text json.RawMessage) error {
		if json.Unmarshal(text, p) != nil || !slices.Contains(words, *p) {
			return fmt.Errorf("one of %q", words)
		}
		return nil
	}
}

// Definition names the arena for a server.
func Definition() game.Definition {
	return game.Definition{Name: "arena", New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		o, err := ParseOptions(options)
		if err != nil {
			return nil, game.Settings{}, err
		}
		a := &Arena{options: o, level: newLevel(levels[o.Map]), pace: NewPace(o.TickRate), ticks: newTimes(&o)}
		return a, game.Settings{TickRate: o.TickRate, Seats: o.Seats}, nil
	}}
}
