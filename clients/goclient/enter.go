package goclient

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

// unansweredFor is how long a hello may act after the client has given its connection up: the server may still have to
// read it, or keeps it waiting for a suspended room, and a router in proxy mode passes the end of a connection on late.
const unansweredFor = 2 * enterTimeout

// enterTimeout is how long a server may take from hello to keyframe: it may have to claim the room, and to wait for a
// tick.
const enterTimeout = 10 * time.Second

// comeBack enters the room again after its connection ended with err.
func (c *Client) comeBack(ctx context.Context, err error) (Move, error) {
	d := c.depart(err)
	forget, goOn := c.plan.ended(err, c.now()-c.enteredAt)
	if !goOn {
		return Move{}, err
	}
	if forget {
		c.forget(err)
	}
	c.preferPrepared(err)
	if c.found != nil {
		c.discardPrepared()
		c.plan.prefer(c.found.to)
	}
	if !d.planned {
		c.stats.reconnects.Add(1)
	}
	if err := c.enter(ctx, err); err != nil {
		return Move{}, err
	}
	return c.arrive(d), nil
}

// preferPrepared makes the prepared connection the next place, unless the server has sent the client elsewhere.
func (c *Client) preferPrepared(err error) {
	p := c.prepared
	if p == nil {
		return
	}
	var closed *CloseError
	moved := errors.As(err, &closed) && closed.Moved != nil
	switch {
	case moved && p.to.URL != closed.Moved.URL:
		c.discardPrepared()
	case p.failed():
		c.discardPrepared()
		if moved && p.link == nil {
			c.plan.prefer(router) // it knows places that can be reached
		}
	case !moved:
		c.plan.prefer(place{p.to.URL, p.to.Ticket})
	}
}

// enter goes from place to place until the client is in the room, or until Config.GiveUp is over. cause is why the
// client is not in it any more; nil on the first time, when it is an error at once if nobody can be reached.
func (c *Client) enter(ctx context.Context, cause error) error {
	first := cause == nil
	giveUp := c.now() + c.config.GiveUp
	for {
		to, wait := c.plan.next()
		if cause != nil && c.now()+wait > giveUp {
			return fmt.Errorf("%w after %v: %w", ErrGaveUp, c.config.GiveUp, cause)
		}
		if err := sleep(ctx, wait); err != nil {
			return err
		}
		err := c.attempt(ctx, to)
		if err == nil {
			return nil
		}
		c.drop()
		if ctx.Err() != nil {
			return ctx.Err()
		}
		err = c.replacement(err)
		if errors.Is(err, ErrClosed) || first && !c.heard && !passing(err) {
			return err
		}
		c.config.Logger.Debug("not let in", "reason", err, "room", c.room)
		forget, goOn := c.plan.ended(err, 0)
		if first && c.config.Match {
			goOn = c.rematch(err) || goOn
		}
		if !goOn {
			return err
		}
		if forget {
			c.forget(err)
		}
		cause = err
	}
}

// passing reports whether err is a router's word that it may answer otherwise in a moment.
func passing(err error) bool {
	var problem *Problem
	return errors.As(err, &problem) && problem.passing()
}

// rematch gives up the room of a match that did not let the client in, and reports whether to ask for another because
// others took its last seats.
func (c *Client) rematch(err error) bool {
	var closed *CloseError
	if !errors.As(err, &closed) || closed.Code != proto.CloseFull {
		return false
	}
	c.room = ""
	c.plan.queue = []place{router}
	return true
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// attempt tries one place, from the router's answer to the keyframe.
func (c *Client) attempt(ctx context.Context, to place) error {
	if to == router {
		var err error
		if to, err = c.findRoom(ctx); err != nil {
			return err
		}
	}
	if to.ticket != "" {
		c.ticket = to.ticket
	}
	if err := c.connect(ctx, to); err != nil {
		return err
	}
	c.enteredAt = c.now()
	c.plan.entered(to.url, c.welcome.Fallbacks, c.proxied(to.url))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = true
	c.flush(c.now()) // what the server has not processed
	return nil
}

// connect lets the client in at a room's URL, on the prepared connection if that is there.
func (c *Client) connect(ctx context.Context, to place) error {
	l, first, err := c.openPlace(ctx, to)
	if err != nil {
		return err
	}
	c.heard = true
	if err := c.install(l); err != nil {
		return err
	}
	if first == nil {
		err = l.write(c.hello(0).Append(nil))
	}
	if err == nil {
		err = c.welcomed(l, first)
	}
	if err != nil {
		l.close()
		if closeCode(err) == 0 {
			c.giveUpHello()
		}
	}
	return err
}

// openPlace opens a connection, or takes the prepared one, on which hello is said and the welcome has come. One that was
// refused or lost is made anew.
func (c *Client) openPlace(ctx context.Context, to place) (*link, *gws.Message, error) {
	if p := c.prepared; p != nil && p.to.URL == to.url {
		c.prepared = nil
		l, first, err := p.take()
		if err == nil {
			return l, first, nil
		}
		if p.link == nil {
			c.plan.prefer(router)
			return nil, nil, err
		}
		if closeCode(err) == 0 {
			c.giveUpHello()
		}
	}
	if f := c.found; f != nil && f.to == to {
		c.found = nil
		return f.link, f.first, nil
	}
	l, err := open(ctx, &c.config, to.url, &c.stats)
	return l, nil, err
}

// giveUpHello notes that a hello was given up unanswered. If the server reads it after the hello of the next connection,
// it gives the seat to the connection that is gone and closes the newer one as replaced.
func (c *Client) giveUpHello() { c.unanswered = c.now() + unansweredFor }

// replacement takes a replacement by a hello of this client, which nobody listens to any more, for a lost connection: the
// client comes back. Other errors, and a replacement by another client, stay what they are.
func (c *Client) replacement(err error) error {
	if closeCode(err) == proto.CloseReplaced && c.now() < c.unanswered {
		return fmt.Errorf("%w: an earlier hello took the seat", errLost)
	}
	return err
}

// proxied reports whether a room's URL is the router's own.
func (c *Client) proxied(addr string) bool {
	at, err := url.Parse(addr)
	router, err2 := url.Parse(c.config.Router)
	return err == nil && err2 == nil && at.Host == router.Host
}

// findRoom asks the router where the room is now, or gives what the configuration says.
func (c *Client) findRoom(ctx context.Context) (place, error) {
	if c.config.Router == "" {
		return place{c.config.URL, c.config.Ticket}, nil
	}
	r := c.config.Request
	r.Room, r.Player.Guest, r.Code = c.room, c.guest, c.code
	r.Private = r.Private && c.room == ""
	match := c.config.Match && c.room == ""
	if !match {
		r.Party = c.invitation.again(time.Now())
	}
	a, err := ask(ctx, c.config, r, match)
	if err != nil {
		return place{}, err
	}
	c.heard = true
	if match {
		c.invitation = a.Party
	}
	c.room, c.guest, c.code = a.Room, cmp.Or(a.Guest, c.guest), a.Code // the same for as long as the client lives
	return place{a.URL, a.Ticket}, nil
}

// install makes l the link that Close ends; nothing is sent on it yet.
func (c *Client) install(l *link) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		l.close()
		return ErrClosed
	}
	c.link = l
	return nil
}

// hello introduces the client.
func (c *Client) hello(flags proto.HelloFlags) proto.Hello {
	return proto.Hello{Versions: c.config.versions, Flags: flags, LastTick: c.Tick(), Epoch: c.welcome.Epoch, Ticket: c.ticket,
		Resume: c.welcome.Resume}
}

// welcomed takes the answer to the hello up to the keyframe: the first message, if it was read already, and those after it.
func (c *Client) welcomed(l *link, m *gws.Message) (err error) {
	_ = l.nc.SetReadDeadline(time.Now().Add(enterTimeout)) // fails on a closed connection, where the read will too
	c.deadline = 0
	for !l.entered {
		if m == nil {
			if m, err = l.read(); err != nil {
				return err
			}
		}
		_, err = c.receive(l, m.Opcode, m.Bytes())
		m.Close()
		if m = nil; err != nil {
			return err
		}
	}
	return nil
}
