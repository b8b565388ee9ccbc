package sim

import (
	"context"
	"fmt"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
)

// player is a real client whose part a script plays.
type player struct {
	id      proto.PlayerID
	room    proto.RoomID
	ip      string
	host    *simnet.Host
	dial    func(ctx context.Context, addr string) (net.Conn, error) // nil: from its host
	history *History
	script  script
	strict  bool // no fault of the schedule may cost a seat or an acknowledged input

	client *goclient.Client
	ended  chan struct{}
	err    error // of Run, once ended is closed

	// Of the events' goroutine.
	born    uint32
	epoch   proto.Epoch
	seat    proto.Seat
	entered bool
	match   uint32 // newest whose outcome was heard

	frames   atomic.Int64
	gone     atomic.Bool  // the room was lost, and the player was told
	replayed atomic.Int64 // most ticks of one move that were played again
	gap      atomic.Int64 // longest of a move, in nanoseconds
}

// script is what a player does in a game. Its methods are called on the events' goroutine, after begin.
type script interface {
	request(room proto.RoomID) goclient.Request
	begin(c *goclient.Client) error
	enter(p *player, c *goclient.Client, resumed bool) error
	frame(p *player, c *goclient.Client)
}

// join enters the room by way of the router and plays until stop.
func (p *player) join(router string) (err error) {
	dial := p.dial
	if dial == nil {
		dial = p.host.DialContext
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return dial(ctx, addr)
	}, DisableKeepAlives: true}
	request := p.script.request(p.room)
	request.Player.ID = p.id
	p.client, err = goclient.Dial(context.Background(), goclient.Config{
		Router: router, Request: request, GiveUp: 5 * time.Minute,
		HTTP: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		Dial: dial,
		Events: goclient.Events{
			Entered: p.onEntered, Moved: p.onMoved, Outcome: p.onOutcome,
			Frame: func(c *goclient.Client) {
				p.frames.Add(1)
				p.script.frame(p, c)
			},
			Lost:     func(_ *goclient.Client, err error) { p.note("connection lost: %v", err) },
			RoomLost: func(*goclient.Client) { p.gone.Store(true); p.note("the room is lost") },
			Notice:   func(_ *goclient.Client, n proto.Notice) { p.note("notice %+v", n) },
			Violation: func(_ *goclient.Client, v goclient.Violation, text string) {
				if v == goclient.InputLost && !p.strict {
					p.note("inputs are lost: %s", text)
				} else {
					p.violate("the server broke %s: %s", v, text)
				}
			},
		},
	})
	if err == nil {
		err = p.script.begin(p.client)
	}
	if err != nil {
		return fmt.Errorf("%s in %s: %w", p.id, p.room, err)
	}
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		p.err = p.client.Run(context.Background())
		p.note("ended: %v", p.err)
	}()
	return nil
}

func (p *player) stop() {
	p.client.Close()
	<-p.ended
}

func (p *player) note(format string, args ...any) {
	p.history.note("%s in %s: %s", p.id, p.room, fmt.Sprintf(format, args...))
}

func (p *player) violate(format string, args ...any) {
	p.history.violation("%s in %s: %s", p.id, p.room, fmt.Sprintf(format, args...))
}

func (p *player) onEntered(c *goclient.Client) {
	w := c.Welcome()
	p.note("entered at %s, epoch %v, tick %d, seat %d, processed %d, flags %b", w.Server, w.Epoch, w.Tick, w.Seat, w.Processed, w.Flags)
	if w.Epoch.Less(p.epoch) {
		p.violate("epoch %v follows %v", w.Epoch, p.epoch)
	}
	resumed := w.Flags&proto.WelcomeResumed != 0
	if p.strict && p.entered && (!resumed || w.Seat != p.seat) {
		p.violate("seat %d is lost: now %d, resumed %v", p.seat, w.Seat, resumed)
	}
	p.epoch, p.seat = w.Epoch, w.Seat
	if err := p.script.enter(p, c, resumed); err != nil {
		p.violate("%v", err)
	}
	p.entered = true
}

func (p *player) onMoved(_ *goclient.Client, m goclient.Move) {
	p.note("%s from %s to %s, prepared %v, gap %v, missed %d, replayed %d", m.Kind, m.From, m.To, m.Prepared, m.Gap, m.MissedTicks, m.ReplayedTicks)
	p.replayed.Store(max(p.replayed.Load(), int64(m.ReplayedTicks)))
	p.gap.Store(max(p.gap.Load(), int64(m.Gap)))
}

func (p *player) onOutcome(_ *goclient.Client, o proto.Outcome) {
	p.history.heard(p.room, p.born, p.id, o)
	if p.match != 0 && o.Match != p.match+1 && p.strict {
		p.violate("the outcome of match %d follows that of %d", o.Match, p.match)
	}
	p.match = o.Match
}
