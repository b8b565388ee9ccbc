package goclient

import (
	"time"

	"github.com/ringside-go/ringside/proto"
)

// onNotice takes a notice. While the room is frozen no frames come, with which the client's own work is done otherwise:
// a timer sends its pings, and the server's pongs show that it is still there.
func (c *Client) onNotice(n proto.Notice) {
	switch n.Code {
	case proto.NoticeFrozen:
		c.freeze()
	case proto.NoticeThawed:
		c.thaw()
	}
	if f := c.config.Events.Notice; f != nil {
		f(c, n)
	}
}

func (c *Client) freeze() {
	if c.frozen {
		return
	}
	c.frozen, c.frozenAt, c.deadline = true, c.now(), 0
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulse = time.AfterFunc(pingInterval, c.beat)
}

// beat runs on the timer's goroutine.
func (c *Client) beat() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.pulse != nil {
		c.flush(c.now())
		c.pulse.Reset(pingInterval)
	}
}

// thaw is called at a notice, at a frame, and when the connection ends.
func (c *Client) thaw() {
	if !c.frozen {
		return
	}
	c.frozen, c.deadline = false, 0
	c.stats.frozen.Add(int64(c.now() - c.frozenAt))
	c.mu.Lock()
	defer c.mu.Unlock()
	c.pulse.Stop()
	c.pulse = nil
}
