package outage

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// player plays in one room for as long as it is there.
type player struct {
	t      *testing.T
	name   string
	room   string
	client *goclient.Client
	ended  chan struct{}
	gone   sync.Once

	mu       sync.Mutex
	server   string
	instance string
	tick     proto.Tick
	frames   [256]time.Time  // when those ticks' frames came, by tick
	late     []time.Duration // of outcomes after the frame of their tick
	heard    []heard
	lost     bool
}

// heard is an outcome that was told.
type heard struct {
	proto.Outcome
	instance string
}

// enter lets a player into a room, at a game server or, through the router, wherever the room is.
func (b *bed) enter(name, room string) *player {
	b.t.Helper()
	p := &player{t: b.t, name: name, room: room, ended: make(chan struct{})}
	signed, err := ticket.NewSigner(ticket.DevKey()).Sign(ticket.Claims{Room: proto.RoomID(room), Game: "short", Player: proto.PlayerID(name),
		Role: ticket.Player, Expires: time.Now().Add(24 * time.Hour)})
	if err != nil {
		b.t.Fatal(err)
	}
	b.await(name+" enters", func() bool {
		for at := range b.running {
			if at == router {
				continue
			}
			ctx, cancel := context.WithTimeout(b.t.Context(), 10*time.Second)
			p.client, err = goclient.Dial(ctx, goclient.Config{
				URL: "ws://" + b.http[at] + "/v1/rooms/" + room + "/connect", Ticket: signed, GiveUp: 2 * patience,
				Events: goclient.Events{Entered: p.entered, Outcome: p.outcome, Frame: p.frame,
					RoomLost: func(*goclient.Client) { p.mu.Lock(); p.lost = true; p.mu.Unlock() },
					Violation: func(_ *goclient.Client, v goclient.Violation, detail string) {
						if v == goclient.SeatLost { // a machine under load can keep a player away for longer than its seat is held
							b.t.Logf("%s has lost its seat: %s", name, detail)
							return
						}
						b.t.Errorf("%s saw violation %s: %s", name, v, detail)
					}},
			})
			cancel()
			if err == nil {
				return true
			}
		}
		return false
	})
	go func() {
		defer close(p.ended)
		if err := p.client.Run(context.Background()); err != nil && !errors.Is(err, goclient.ErrClosed) {
			b.t.Logf("%s has left: %v", name, err)
		}
	}()
	b.t.Cleanup(p.leave)
	return p
}

func (p *player) entered(c *goclient.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	w := c.Welcome()
	p.server, p.instance = w.Server, w.Epoch.Instance.String()
}

func (p *player) outcome(_ *goclient.Client, o proto.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.heard = append(p.heard, heard{o, p.instance})
	if at := p.frames[o.Tick%256]; p.tick >= o.Tick && p.tick-o.Tick < 256 && !at.IsZero() {
		p.late = append(p.late, time.Since(at))
	}
}

func (p *player) frame(c *goclient.Client) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.tick = c.Tick()
	p.frames[p.tick%256] = time.Now()
}

func (p *player) leave() {
	p.gone.Do(func() {
		p.client.Close()
		<-p.ended
	})
}

func (p *player) matches() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.heard)
}

func (p *player) at() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.server
}

func (p *player) ticks() proto.Tick {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.tick
}

// check compares what the player has heard with what the store has.
func (p *player) check(all []storedOutcome) {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	type match struct {
		instance string
		match    uint32
	}
	stored := map[match]storedOutcome{}
	for _, o := range all {
		stored[match{o.Outcome.Instance, o.Outcome.Match}] = o
	}
	last := map[string]uint32{}
	for _, o := range p.heard {
		s, ok := stored[match{o.instance, o.Match}]
		r := s.Outcome.Results
		if !ok || s.Outcome.Tick != uint32(o.Tick) || len(r) != len(o.Results) || len(r) > 0 && r[0].Score != o.Results[0].Score {
			p.t.Errorf("%s heard %+v, the store has %+v", p.name, o, s)
		}
		if o.Match <= last[o.instance] {
			p.t.Errorf("%s heard match %d after %d", p.name, o.Match, last[o.instance])
		}
		last[o.instance] = o.Match
	}
}

// life is the instance of the room.
func (p *player) life() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.instance
}

// over reports whether the player was told that the room is lost.
func (p *player) over() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}
