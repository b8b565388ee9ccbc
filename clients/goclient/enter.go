package goclient

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// enterTimeout is how long a server may take from hello to keyframe: it may have to claim the room, and to wait for a
// tick.
const enterTimeout = 10 * time.Second

// comeBack enters the room again after its connection ended with err.
func (c *Client) comeBack(ctx context.Context, err error) error {
	forget, goOn := c.plan.ended(err, c.now()-c.enteredAt)
	if !goOn {
		return err
	}
	if forget {
		c.welcome.Resume = nil
	}
	var closed *CloseError
	if !errors.As(err, &closed) || closed.Moved == nil {
		c.stats.reconnects.Add(1)
	}
	return c.enter(ctx, err)
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
			c.welcome.Resume = nil
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
	l, err := open(ctx, to.url, &c.stats)
	if err != nil {
		return err
	}
	c.heard = true
	if err := c.install(l); err != nil {
		return err
	}
	if err := c.sayHello(l); err != nil {
		l.close()
		return err
	}
	c.enteredAt = c.now()
	c.plan.entered(to.url, c.welcome.Fallbacks)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.ready = true
	c.flush(c.now()) // what the server has not processed
	return nil
}

// findRoom asks the router where the room is now, or gives what the configuration says.
func (c *Client) findRoom(ctx context.Context) (place, error) {
	if c.config.Router == "" {
		return place{c.config.URL, c.config.Ticket}, nil
	}
	r := c.config.Request
	r.Room, r.Player.ID = c.room, c.player
	a, err := ask(ctx, c.config, r, c.config.Match && c.room == "")
	if err != nil {
		return place{}, err
	}
	c.heard = true
	c.room, c.player = a.Room, a.Player // the same for as long as the client lives
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

// sayHello introduces the client and reads up to the keyframe.
func (c *Client) sayHello(l *link) error {
	hello := proto.Hello{Version: proto.Version, Ticket: c.ticket, Resume: c.welcome.Resume, Epoch: c.welcome.Epoch}
	if c.store != nil {
		hello.LastTick = c.store.Tick()
	}
	if err := l.write(hello.Append(nil)); err != nil {
		return err
	}
	_ = l.nc.SetReadDeadline(time.Now().Add(enterTimeout)) // fails on a closed connection, where the read will too
	c.deadline = 0
	for !l.entered {
		m, err := l.read()
		if err != nil {
			return err
		}
		_, err = c.receive(l, m.Opcode, m.Bytes())
		m.Close()
		if err != nil {
			return err
		}
	}
	return nil
}

// onWelcome takes a welcome up: it must fit what the client knows of the room.
func (c *Client) onWelcome(l *link, body []byte) error {
	w, err := proto.ParseWelcome(body)
	switch {
	case err != nil:
		return c.violate(BadMessage, "%v", err)
	case w.Version != proto.Version:
		return &CloseError{Code: proto.CloseVersion,
			Text: fmt.Sprintf("the server speaks version %d, this client %d", w.Version, proto.Version)}
	case c.room != "" && w.Room != c.room:
		return c.violate(BadMessage, "welcome to room %s in place of %s", w.Room, c.room)
	}
	// Its slices lie in the message, which is not kept.
	w.Resume, w.Schema = bytes.Clone(w.Resume), bytes.Clone(w.Schema)
	old := c.welcome
	if err := c.checkEpoch(old, w); err != nil {
		return err
	}
	if c.store == nil {
		if c.schema, err = state.ParseSchema(w.Schema); err != nil {
			return c.violate(BadMessage, "%v", err)
		}
		c.store = state.NewReplica(c.schema)
	} else if !bytes.Equal(w.Schema, old.Schema) {
		return fmt.Errorf("%w: server %s now has another one for room %s; dial again", ErrSchema, w.Server, w.Room)
	}
	c.welcome, c.room = w, w.Room
	if w.Player != "" {
		c.player = w.Player
	}
	l.welcomed = true
	if processed := c.outbox.processed; old.Epoch == w.Epoch && w.Flags&proto.WelcomeResumed != 0 && w.Processed < processed {
		_ = c.violate(ProcessedBack, "the welcome says %d after %d", w.Processed, processed)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.welcome(w)
	return nil
}

// checkEpoch holds a welcome against the one before.
func (c *Client) checkEpoch(old, w proto.Welcome) error {
	switch {
	case c.store == nil: // the first one
	case old.Epoch.Counter == w.Epoch.Counter && (old.Epoch.Server != w.Epoch.Server || old.Server != w.Server):
		_ = c.violate(TwoLeaders, "epoch %v of server %s after epoch %v of server %s", w.Epoch, w.Server, old.Epoch, old.Server)
	case w.Epoch.Less(old.Epoch):
		_ = c.violate(EpochBack, "epoch %v after %v", w.Epoch, old.Epoch)
	case w.Epoch == old.Epoch && w.Tick < c.store.Tick():
		return c.violate(TickBack, "welcome at tick %d after tick %d, both of epoch %v", w.Tick, c.store.Tick(), w.Epoch)
	}
	return nil
}
