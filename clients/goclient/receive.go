package goclient

import (
	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// receive applies one message and reports whether the tick moved. An error ends the connection.
func (c *Client) receive(l *link, op gws.Opcode, b []byte) (ticked bool, err error) {
	if op != gws.OpcodeBinary {
		return false, c.violate(BadMessage, "a WebSocket message that is not binary")
	}
	c.stats.messages.Add(1)
	var own proto.Own // waits for the delta or keyframe behind it
	pending := false
	for len(b) > 0 {
		kind, body, rest, err := proto.NextRecord(b)
		if err != nil {
			return ticked, c.violate(BadMessage, "%v", err)
		}
		b = rest
		if !l.welcomed {
			if err := c.beforeWelcome(l, kind, body); err != nil {
				return ticked, err
			}
			continue
		}
		switch kind {
		case proto.KindOwn, proto.KindOwnKeyframe:
			if own, err = proto.ParseOwn(kind, body); err != nil || pending {
				return ticked, c.violate(BadMessage, "own record at tick %d: %v, another one waiting: %v", c.Tick(), err, pending)
			}
			pending = true
		case proto.KindDelta, proto.KindKeyframe:
			if kind == proto.KindDelta {
				err = c.onDelta(l, body)
			} else {
				err = c.onKeyframe(l, body)
			}
			if err == nil && pending {
				err = c.onOwn(own, kind == proto.KindKeyframe)
			}
			if err != nil {
				return ticked, err
			}
			pending, ticked = false, true
		case proto.KindWelcome:
			return ticked, c.violate(BadMessage, "a second welcome on one connection")
		default:
			if err := c.onEvent(l, kind, body); err != nil {
				return ticked, err
			}
		}
	}
	if pending {
		return ticked, c.violate(BadMessage, "own record without a delta or keyframe at tick %d", c.Tick())
	}
	return ticked, nil
}

// beforeWelcome takes the records with which a server answers a hello.
func (c *Client) beforeWelcome(l *link, kind proto.Kind, body []byte) error {
	switch kind {
	case proto.KindWelcome:
		return c.onWelcome(l, body)
	case proto.KindMoved, proto.KindError:
		return c.onEvent(l, kind, body)
	case proto.KindDelta, proto.KindKeyframe, proto.KindOwn, proto.KindOwnKeyframe:
		return c.violate(BadMessage, "%v before the welcome", kind)
	}
	return nil
}

func (c *Client) onKeyframe(l *link, body []byte) error {
	k, err := proto.ParseKeyframe(body)
	switch {
	case err != nil:
		return c.violate(BadMessage, "%v", err)
	case !l.entered && k.Tick != c.welcome.Tick:
		return c.violate(BadMessage, "keyframe of tick %d behind a welcome of tick %d", k.Tick, c.welcome.Tick)
	case l.entered && k.Tick.Since(c.Tick()) <= 0:
		return c.violate(TickBack, "keyframe of tick %d after tick %d", k.Tick, c.Tick())
	}
	if err := c.store.ApplyKeyframe(k.Tick, k.Body); err != nil {
		return c.violate(BadState, "keyframe of tick %d: %v", k.Tick, err)
	}
	l.entered = true
	c.stats.keyframes.Add(1)
	c.ticked(k.Tick)
	return nil
}

func (c *Client) onDelta(l *link, body []byte) error {
	d, err := proto.ParseDelta(body)
	if err != nil {
		return c.violate(BadMessage, "%v", err)
	}
	if !l.entered {
		return c.violate(BadMessage, "delta before the keyframe")
	}
	last := c.Tick()
	switch tick := proto.UnwrapTick(last, d.Tick); {
	case tick == last+1:
	case tick.Since(last) > 0:
		return c.violate(TickGap, "delta of tick %d after tick %d", tick, last)
	default:
		return c.violate(TickBack, "delta of tick %d after tick %d", tick, last)
	}
	if err := c.store.ApplyDelta(last+1, d.Body); err != nil {
		return c.violate(BadState, "delta of tick %d: %v", last+1, err)
	}
	c.stats.ticks.Add(1)
	c.ticked(last + 1)
	return nil
}

// ticked notes a frame.
func (c *Client) ticked(tick proto.Tick) {
	c.stats.tick.Store(uint32(tick))
	c.lastFrame = c.now()
	c.resume()
}

// onOwn applies an own record after the frame that it stood before.
func (c *Client) onOwn(own proto.Own, keyframe bool) error {
	if own.Full != keyframe {
		return c.violate(BadMessage, "own record and frame of tick %d: one is a keyframe, the other a delta", c.Tick())
	}
	apply := c.store.ApplyOwnDelta
	if own.Full {
		apply = c.store.ApplyOwnKeyframe
	}
	if err := apply(own.Private); err != nil {
		return c.violate(BadState, "private part of tick %d: %v", c.Tick(), err)
	}
	c.slack = own.Slack
	c.acknowledge(own.Processed)
	return nil
}

// onEvent takes the records that are not state.
func (c *Client) onEvent(l *link, kind proto.Kind, body []byte) (err error) {
	events := &c.config.Events
	switch kind {
	case proto.KindCheck:
		var k proto.Check
		if k, err = proto.ParseCheck(body); err != nil {
			break
		}
		if k.Tick != c.Tick() {
			return c.violate(BadMessage, "check of tick %d at tick %d", k.Tick, c.Tick())
		}
		if hash := c.store.Hash(); hash != k.Hash {
			return c.violate(HashMismatch, "tick %d: the state here has the hash %#08x, the server's %#08x", k.Tick, hash, k.Hash)
		}
		c.stats.checks.Add(1)
	case proto.KindPong:
		var p proto.Pong
		if p, err = proto.ParsePong(body); err == nil {
			c.onPong(p)
		}
	case proto.KindCustom:
		var m proto.Custom
		if m, err = proto.ParseCustom(body); err == nil && events.Custom != nil {
			events.Custom(c, m.Payload)
		}
	case proto.KindOutcome:
		return c.onOutcome(body)
	case proto.KindNotice:
		var n proto.Notice
		if n, err = proto.ParseNotice(body); err == nil {
			c.onNotice(n)
		}
	case proto.KindPrepare:
		var p proto.Prepare
		if p, err = proto.ParsePrepare(body); err == nil {
			c.prepare(p.Moved)
		}
	case proto.KindError:
		var e proto.Error
		if e, err = proto.ParseError(body); err == nil {
			l.refusal = &e
		}
	case proto.KindMoved:
		var m proto.Moved
		if m, err = proto.ParseMoved(body); err == nil {
			c.stats.moves.Add(1)
			return &CloseError{Code: proto.CloseMoved, Text: "to server " + m.Server, Moved: &m}
		}
	}
	if err != nil {
		return c.violate(BadMessage, "%v", err)
	}
	return nil
}
