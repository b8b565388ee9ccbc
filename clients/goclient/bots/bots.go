// Package bots plays any game without a screen: rooms full of players that send what a game's own Bot decides, as a load, as a
// check, and as company while a game is written. The whole main of a game's bots:
//
//	func main() {
//		bots.Main("tag", func(rng *rand.Rand) bots.Bot[Input] {
//			return func(c *goclient.Client) (Input, bool) { return Input{Run: rng.IntN(2) == 0}, true }
//		})
//	}
//
// ringside bots builds and runs it.
package bots

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Bot decides what one player sends. It is called once a tick, on the client's goroutine, and may read the state by
// state.RowsOf(c.State(), …). False: nothing is sent.
type Bot[T any] func(c *goclient.Client) (sample T, ok bool)

// Config is what to play.
type Config struct {
	Router  string
	Game    proto.GameName
	Options json.RawMessage // of the rooms, a JSON object; empty: none
	Room    proto.RoomID    // prefix of the rooms' ids, or with one room its id; empty: bots
	Rooms   int
	Players int           // in each room
	For     time.Duration // 0: until the context ends
	Seed    uint64        // of the bots' decisions
	Access  Access        // zero: the bots are guests
}

// Validate says what is wrong and what to write instead.
func (c Config) Validate() error {
	switch {
	case c.Rooms < 1:
		return fmt.Errorf("-rooms is %d; write 1 or more", c.Rooms)
	case c.Players < 1 || c.Players > proto.MaxSeats:
		return fmt.Errorf("-players is %d; write 1 to %d", c.Players, proto.MaxSeats)
	case c.For < 0:
		return fmt.Errorf("-for is %v; it cannot be negative", c.For)
	case len(c.Options) > 0 && !json.Valid(c.Options):
		return fmt.Errorf("-options is %q; write a JSON object", c.Options)
	}
	return nil
}

// Report is what the players saw, all of them together.
type Report struct {
	Players    int
	Ticks      uint64
	BytesDown  uint64
	Acked      uint64 // samples that the server processed
	Outcomes   int    // told to players
	Moves      map[goclient.MoveKind]int
	Missed     uint64 // ticks, in moves
	Replayed   uint64
	Violations []string // of the protocol, by servers
	Failed     []string // players that could not enter, or were thrown out
}

// Broken reports whether something happened that the guarantees rule out.
func (r *Report) Broken() bool { return len(r.Violations)+len(r.Failed) > 0 }

// String is the report for people.
func (r *Report) String() string {
	s := fmt.Sprintf("%d players saw %d ticks, %.1f bytes each; %d samples were processed, %d outcomes told\n"+
		"moves: %d by handoff, %d by failover, %d by reconnecting; %d ticks missed, %d played again",
		r.Players, r.Ticks, float64(r.BytesDown)/float64(max(1, r.Ticks)), r.Acked, r.Outcomes,
		r.Moves[goclient.Handoff], r.Moves[goclient.Failover], r.Moves[goclient.Reconnect], r.Missed, r.Replayed)
	for _, v := range r.Violations {
		s += "\nviolation: " + v
	}
	for _, f := range r.Failed {
		s += "\nfailed: " + f
	}
	return s
}

// Run fills the rooms and plays until c.For is over or ctx ends. A player that could not enter, or was thrown out, is in the
// report and not an error.
func Run[T any](ctx context.Context, c Config, newBot func(*rand.Rand) Bot[T]) (*Report, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	codec, err := state.NewCodec[T]()
	if err != nil {
		return nil, err
	}
	pass, err := c.Access.Load()
	if err != nil {
		return nil, err
	}
	if c.For > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.For)
		defer cancel()
	}
	l := &load{Report: Report{Moves: map[goclient.MoveKind]int{}}}
	var players sync.WaitGroup
	for room := range c.Rooms {
		for n := range c.Players { // one after another: the first one makes the room
			rng := rand.New(rand.NewPCG(c.Seed, uint64(room)<<32|uint64(n)))
			p := &player[T]{load: l, bot: newBot(rng), name: fmt.Sprintf("bot-%d-%d", room+1, n+1)}
			if err := p.enter(ctx, c, c.room(room), codec, pass); err != nil {
				l.fail(ctx, p.name, err)
				continue
			}
			players.Go(func() { p.run(ctx) })
		}
	}
	players.Wait()
	if l.Players == 0 && ctx.Err() == nil {
		return &l.Report, errors.New("no player could enter (-router names the router): " + l.Failed[0])
	}
	return &l.Report, nil
}

// room is the id of the room with that number.
func (c Config) room(n int) proto.RoomID {
	prefix := c.Room
	if prefix == "" {
		prefix = "bots"
	}
	if c.Rooms == 1 {
		return prefix
	}
	return proto.RoomID(fmt.Sprintf("%s-%d", prefix, n+1))
}

// load is all players of one run.
type load struct {
	mu sync.Mutex
	Report
}

// note changes the report.
func (l *load) note(f func(*Report)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	f(&l.Report)
}

// fail notes that a player is out, unless it is because the run ends.
func (l *load) fail(ctx context.Context, name string, err error) {
	if err != nil && ctx.Err() == nil {
		l.note(func(r *Report) { r.Failed = append(r.Failed, name+": "+err.Error()) })
	}
}

// player is one bot. All but load belongs to the client's goroutine.
type player[T any] struct {
	load   *load
	name   string
	bot    Bot[T]
	client *goclient.Client
	inputs *goclient.Inputs[T]
}

func (p *player[T]) enter(ctx context.Context, c Config, room proto.RoomID, codec *state.Codec[T], pass *Pass) (err error) {
	config := goclient.Config{
		Router:  c.Router,
		Request: goclient.Request{Game: c.Game, Room: room, Options: c.Options, Player: goclient.Player{Name: p.name}},
		Events: goclient.Events{
			Schema:  func(*goclient.Client) error { return nil }, // the bot looks tables up each time
			Frame:   p.frame,
			Outcome: func(*goclient.Client, proto.Outcome) { p.load.note(func(r *Report) { r.Outcomes++ }) },
			Moved: func(_ *goclient.Client, m goclient.Move) {
				p.load.note(func(r *Report) { r.Moves[m.Kind]++ })
			},
			Violation: func(_ *goclient.Client, v goclient.Violation, detail string) {
				p.load.note(func(r *Report) { r.Violations = append(r.Violations, fmt.Sprintf("%s: %v %s", p.name, v, detail)) })
			},
		},
	}
	if err := pass.Admit(&config); err != nil {
		return err
	}
	if p.client, err = goclient.Dial(ctx, config); err != nil {
		return err
	}
	if p.inputs, err = goclient.NewInputs(p.client, codec); err != nil {
		p.client.Close()
		return err
	}
	p.load.note(func(r *Report) { r.Players++ })
	return nil
}

func (p *player[T]) frame(c *goclient.Client) {
	if sample, ok := p.bot(c); ok {
		_, _ = p.inputs.Send(sample) // it fails when too many samples wait, or at the end
	}
}

func (p *player[T]) run(ctx context.Context) {
	p.load.fail(ctx, p.name, p.client.Run(ctx))
	s := p.client.Stats()
	p.load.note(func(r *Report) {
		r.Ticks += s.Ticks
		r.BytesDown += s.BytesDown
		r.Acked += s.Acked
		r.Missed += s.MissedTicks
		r.Replayed += s.ReplayedTicks
	})
}
