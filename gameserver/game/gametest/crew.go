package gametest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

// call is something that happens to a room between two ticks. It is made on every room alike.
type call func(sim *game.Simulation) error

// crew is the players and what they are about to do. It looks at the original and touches none.
type crew struct {
	o       *Options
	a       *game.Simulation
	rng     *rand.Rand
	players []player
	shown   []byte
	answers []answer // of jobs, on their way
}

// player is one person and their program.
type player struct {
	id     proto.PlayerID
	claims json.RawMessage
	proven uint32
	seat   game.Seat
	seated bool
	fresh  bool        // since the last tick the player has a new connection: the next number is the processed one plus one
	next   proto.Seq   // number of the next sample
	owed   int         // samples that a stalled network keeps back
	last   proto.Input // newest message
}

func newCrew(a *game.Simulation, o *Options) *crew {
	n := o.Players
	if n == 0 {
		n = a.Settings().Seats
	}
	c := &crew{o: o, a: a, rng: rand.New(rand.NewPCG(o.Seed, 0))}
	for i := range n {
		p := player{id: proto.PlayerID(fmt.Sprintf("the-id-of-player-%d", i))}
		if o.Claims != nil {
			p.claims = o.Claims(i)
		}
		c.players = append(c.players, p)
	}
	return c
}

// leaked gives an id of a player that is in what the room's clients have got of the last tick.
func (c *crew) leaked() (proto.PlayerID, bool) {
	store := c.a.Store()
	c.shown = store.AppendDelta(c.shown[:0])
	for seat := range c.a.Settings().Seats {
		c.shown = store.AppendOwnDelta(c.shown, game.Seat(seat))
	}
	for _, m := range c.a.Customs() {
		c.shown = append(c.shown, m.Payload...)
	}
	for _, o := range c.a.Outcomes() {
		c.shown = o.Append(c.shown)
	}
	for _, p := range c.players {
		if bytes.Contains(c.shown, []byte(p.id)) {
			return p.id, true
		}
	}
	return "", false
}

// plan decides what happens before the next tick.
func (c *crew) plan() (calls []call, err error) {
	calls = c.answer(calls)
	for i := range c.players {
		p := &c.players[i]
		if q, ok := c.a.Player(p.seat); p.seated && (!ok || q.ID != p.id) {
			p.seated = false // not come back in time, or not admitted
		}
		q, _ := c.a.Player(p.seat)
		odds := c.rng.IntN(400)
		switch {
		case !p.seated && odds < 80:
			calls = append(calls, c.join(p))
		case !p.seated:
		case !q.Connected && odds < 20:
			calls = append(calls, c.resume(p))
		case !q.Connected:
		case odds == 0:
			calls = append(calls, c.leave(p))
		case odds <= 2:
			calls = append(calls, c.join(p)) // once more, from elsewhere
		case odds <= 6:
			calls = append(calls, c.lose(p))
		default:
			if calls, err = c.send(calls, p); err != nil {
				return nil, err
			}
		}
	}
	return calls, nil
}

func (c *crew) join(p *player) call {
	var secret game.Secret
	for i := range secret {
		secret[i] = byte(c.rng.Uint32())
	}
	p.fresh = true
	p.proven++
	e := game.Entrant{ID: p.id, Name: "Player " + string(p.id[len("the-id-of-player-"):]), Secret: secret, Proven: p.proven, Claims: p.claims}
	seat, taken := &p.seat, &p.seated
	return func(sim *game.Simulation) error {
		s, _, err := sim.Join(e)
		if errors.Is(err, game.ErrFull) {
			return nil
		}
		if err == nil && sim == c.a {
			*seat, *taken = s, true
		}
		if err == nil && s != *seat {
			return fmt.Errorf("%s gets seat %d, on the original %d", e.ID, s, *seat)
		}
		return err
	}
}

func (c *crew) resume(p *player) call {
	p.fresh = true
	seat, token := p.seat, c.a.Token(p.seat)
	return func(sim *game.Simulation) error {
		if s, ok := sim.Resume(token); !ok || s != seat {
			return fmt.Errorf("the resume token of seat %d gives seat %d, %v", seat, s, ok)
		}
		return nil
	}
}

func (c *crew) leave(p *player) call {
	p.seated = false
	seat := p.seat
	return func(sim *game.Simulation) error { sim.Leave(seat); return nil }
}

func (c *crew) lose(p *player) call {
	seat := p.seat
	return func(sim *game.Simulation) error { sim.Disconnect(seat); return nil }
}

// send adds a sample a tick; now and then nothing for a while and then all at once, and messages that came already.
func (c *crew) send(calls []call, p *player) ([]call, error) {
	seat := p.seat
	if p.fresh {
		p.fresh, p.owed, p.next, p.last = false, 0, c.a.Processed(seat)+1, proto.Input{}
	}
	if c.o.Message != nil && c.rng.IntN(20) == 0 {
		payload := c.o.Message(c.rng, c.a, seat)
		calls = append(calls, func(sim *game.Simulation) error { sim.Message(seat, payload); return nil })
	}
	if c.o.Inputs.append == nil {
		return calls, nil
	}
	if p.last.Count > 0 && c.rng.IntN(10) == 0 {
		calls = append(calls, queue(seat, p.last))
	}
	if p.owed = min(p.owed+1, 20); c.rng.IntN(6) == 0 {
		return calls, nil
	}
	samples, err := c.o.Inputs.append(nil, p.owed, c.rng, c.a, seat)
	if err != nil {
		return nil, err
	}
	ack := c.a.Tick() - min(c.a.Tick(), proto.Tick(c.rng.IntN(c.a.Settings().TickRate)))
	p.last = proto.Input{First: p.next, Ack: ack, Count: p.owed, Samples: samples}
	p.next, p.owed = p.next+proto.Seq(p.owed), 0
	return append(calls, queue(seat, p.last)), nil
}

func queue(seat game.Seat, in proto.Input) call {
	return func(sim *game.Simulation) error { return sim.Queue(seat, in) }
}
