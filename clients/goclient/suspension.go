package goclient

import (
	"context"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// suspension is the time in which the room that the client is connected to is suspended. Owned by Run's goroutine.
type suspension struct {
	since  time.Duration
	pulse  *time.Timer // guarded by Client.mu; nil once the suspension is over
	search *search     // nil in Dial
}

// onNotice takes a notice.
func (c *Client) onNotice(n proto.Notice) {
	switch n.Code {
	case proto.NoticeSuspended:
		c.suspend()
	case proto.NoticeResumed:
		c.resume()
	}
	if f := c.config.Events.Notice; f != nil {
		f(c, n)
	}
}

// suspend begins a suspension. No frames come, with which the client's own work is done otherwise: a timer sends its
// pings, and the server's pongs show that it is still there.
func (c *Client) suspend() {
	if c.suspension != nil {
		return
	}
	s := &suspension{since: c.now()}
	c.suspension, c.deadline = s, 0
	c.mu.Lock()
	s.pulse = time.AfterFunc(pingInterval, func() { c.beat(s) })
	c.mu.Unlock()
	c.searchElsewhere()
}

// beat runs on the timer's goroutine.
func (c *Client) beat(s *suspension) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s.pulse != nil {
		c.flush(c.now())
		s.pulse.Reset(pingInterval)
	}
}

// searchElsewhere begins the search for a suspended room; in Dial there is none.
func (c *Client) searchElsewhere() {
	s := c.suspension
	if s == nil || s.search != nil || c.running == nil {
		return
	}
	s.search = c.newSearch()
}

// resume ends a suspension, if there is one: at a notice, at a frame, and when the connection ends.
func (c *Client) resume() {
	s := c.suspension
	if s == nil {
		return
	}
	c.stats.suspended.Add(int64(c.now() - s.since))
	if s.search != nil {
		s.search.stop()
		c.reportStrange()
		if s.search.unanswered {
			c.giveUpHello()
		}
		if s.search.link != nil {
			c.found = s.search
		}
	}
	c.suspension, c.deadline = nil, 0
	c.mu.Lock()
	defer c.mu.Unlock()
	s.pulse.Stop()
	s.pulse = nil
}

// leaveSuspended ends a suspension with the connection, which ended with err. It gives ErrSuspended if the search has
// found the room.
func (c *Client) leaveSuspended(err error) error {
	c.resume()
	if c.found != nil {
		return ErrSuspended
	}
	return err
}

// reportStrange reports a welcome into another instance that the search has met.
func (c *Client) reportStrange() {
	if s := c.suspension; s != nil && s.search != nil {
		select {
		case e := <-s.search.strange:
			_ = c.violate(InstanceChanged, "a server that was asked for epoch %v welcomes into %v", s.search.hello.Epoch, e)
		default:
		}
	}
}

// discardFound closes the connection that a search has found, if it is not used.
func (c *Client) discardFound() {
	if c.found != nil {
		c.found.first.Close()
		c.found.link.close()
		c.found = nil
		c.giveUpHello()
	}
}

// newSearch begins a search after proto.SuspendedSearch.
func (c *Client) newSearch() *search {
	s := &search{config: &c.config, stats: &c.stats, hello: c.hello(proto.HelloElsewhere), here: c.plan.here.url, server: c.welcome.Server,
		request: c.config.Request, done: make(chan struct{}), strange: make(chan proto.Epoch, 1)}
	s.request.Room, s.request.Player.Guest, s.request.Code, s.request.Private = c.room, c.guest, c.code, false
	s.places = append(append(s.places, c.plan.fallbacks...), router)
	var ctx context.Context
	ctx, s.cancel = context.WithCancel(c.running)
	go s.run(ctx, c.link)
	return s
}
