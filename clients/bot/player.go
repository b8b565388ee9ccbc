package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
)

// player is one bot: a client, a brain, and what it saw. All but stats belongs to the client's goroutine.
type player struct {
	load   *load
	name   string
	room   proto.RoomID
	client *goclient.Client
	inputs *goclient.Inputs[Input]
	sight  *sight
	brain  brain
	period time.Duration
	stats  playerStats
}

func newPlayer(l *load, room, n int) *player {
	name := fmt.Sprintf("bot-%d-%d", room+1, n+1)
	return &player{
		load:  l,
		name:  name,
		brain: newBrain(rand.New(rand.NewPCG(l.config.Seed, uint64(room)<<32|uint64(n)))),
	}
}

// dial enters room; if it is empty, the one that quick match finds, or without Config.Match a new one.
func (p *player) dial(ctx context.Context, room proto.RoomID) error {
	config := goclient.Config{
		Router:  p.load.config.Router,
		Request: p.load.request(p, room),
		Match:   p.load.config.Match && room == "",
		Events: goclient.Events{
			Schema:    p.see,
			Entered:   p.entered,
			Frame:     p.frame,
			Moved:     p.moved,
			Acked:     p.acked,
			Outcome:   p.outcome,
			Violation: p.violation,
		},
	}
	if err := p.load.pass.Admit(&config); err != nil {
		return err
	}
	c, err := goclient.Dial(ctx, config)
	if err != nil {
		return err
	}
	p.client, p.room = c, c.Welcome().Room
	if p.load.config.Match {
		p.room = "" // the router chooses for the next player as well
	}
	p.period = time.Second / time.Duration(c.Welcome().TickRate)
	if p.inputs, err = goclient.NewInputs(c, p.load.codec); err == nil {
		err = p.see(c)
	}
	if err != nil {
		c.Close()
	}
	return err
}

// see looks the tables up, anew each time that the room has come to an arena with others.
func (p *player) see(c *goclient.Client) (err error) {
	p.sight, err = newSight(c.State())
	return err
}

func (p *player) entered(c *goclient.Client) {
	if wrong := p.load.rooms.observe(c.Welcome()); wrong != "" {
		p.stats.violated(string(goclient.TwoLeaders), wrong)
	}
}

func (p *player) moved(c *goclient.Client, m goclient.Move) {
	if wrong := p.load.moves.add(m, c.Welcome().Room, time.Now()); wrong != "" {
		p.stats.violated(ticksReplayed, wrong)
	}
}

// frame answers each tick with one input, which the server takes into the next one.
func (p *player) frame(c *goclient.Client) {
	p.stats.frame(time.Now(), p.period, p.load.window.isOpen())
	p.stats.match(p.sight.match())
	in := Input{} // the dead and those without an idea send one too: a player's hands are always somewhere
	if view, alive := p.sight.look(c.Seat()); alive {
		in = inputOf(p.brain.decide(view))
	}
	_, _ = p.inputs.Send(in) // a connection that is lost is the client's business
}

func (p *player) acked(_ *goclient.Client, _ proto.Seq, latency time.Duration) {
	if p.load.window.isOpen() {
		p.stats.acked(latency)
	}
}

func (p *player) outcome(c *goclient.Client, o proto.Outcome) {
	p.stats.outcome(o.Match, p.load.window.isOpen())
	w := c.Welcome()
	if wrong := p.load.rooms.hear(w, o); wrong != "" {
		p.stats.violated(string(goclient.OutcomeChanged), wrong)
	}
}

func (p *player) violation(_ *goclient.Client, v goclient.Violation, detail string) {
	p.stats.violated(string(v), detail)
}
