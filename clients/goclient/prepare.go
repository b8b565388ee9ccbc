package goclient

import (
	"context"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"github.com/ringside-go/ringside/proto"
)

const (
	// changeover is how long the old connection may go on when the first frame has come on the prepared one: its last
	// frame and the moved message are on their way, unless its server is lost.
	changeover = 100 * time.Millisecond
	// detourChangeover is the same for a prepared connection to the server that the client is on: that sends the moved
	// message when it lets the client in there, so it comes, unless the way here is broken.
	detourChangeover = time.Second
	// openGrace is how long a prepared connection that is not open yet may take when it is needed. It has had the time
	// of the preparation; a place that cannot be reached, behind a router in proxy mode, shall not hold the client up.
	openGrace = 500 * time.Millisecond
	// welcomeGrace is how long the welcome may take on a prepared connection when it is needed: the room is led there by then, or
	// the server may be lost or paused.
	welcomeGrace = 2 * time.Second
	// preparedPing is the time between pings on a connection that waits.
	preparedPing = 2 * time.Second
)

// prepared is a connection to where the room will move, made while the client plays on. A goroutine opens it, says hello
// and waits for the welcome; it is gone when done is closed. take or discard ends it; both are for Run's goroutine, as
// is the link from then on.
type prepared struct {
	to       proto.Moved
	cancel   context.CancelFunc // closes the link until the welcome has come
	expiry   *time.Timer        // cancels
	opened   chan struct{}      // closed when the hello is said, or never will be
	done     chan struct{}      // closed when the welcome has come, or never will; then first, err and late are set
	link     *link              // set before opened is closed; nil: it could not be opened
	patience time.Duration      // with the old connection, from the welcome on
	unhook   func() bool
	first    *gws.Message
	err      error
	late     *time.Timer // closes the old connection
	ahead    atomic.Bool // late has
	nextPing time.Duration
}

// prepare opens a connection to where a prepare message says, in place of one for another message before it.
func (c *Client) prepare(m proto.Moved) {
	if c.running == nil {
		return
	}
	within := time.Duration(m.WithinMs) * time.Millisecond
	if within == 0 {
		within = enterTimeout
	}
	if p := c.prepared; p != nil && p.to.URL == m.URL && !p.failed() {
		p.expiry.Reset(within)
		return
	}
	c.discardPrepared()
	hello := c.hello(proto.HelloWait)
	if m.Ticket != "" {
		hello.Ticket = m.Ticket
	}
	ctx, cancel := context.WithCancel(c.running)
	p := &prepared{to: m, cancel: cancel, expiry: time.AfterFunc(within, cancel), opened: make(chan struct{}),
		done: make(chan struct{}), patience: changeover, nextPing: c.now() + preparedPing}
	if m.Server == c.welcome.Server {
		p.patience = detourChangeover
	}
	c.prepared = p
	old := c.link
	go p.run(ctx, c, hello.Append(nil), old)
}

func (p *prepared) run(ctx context.Context, c *Client, hello []byte, old *link) {
	defer close(p.done)
	if p.err = p.open(ctx, c, hello); p.err != nil {
		close(p.opened)
		return
	}
	close(p.opened)
	for p.first == nil {
		m, err := p.link.read()
		switch {
		case err != nil:
			p.err = err
			return
		case welcomes(m.Bytes()):
			p.first = m
		default:
			m.Close() // what leads to a close, or nothing that a client who waits needs
		}
	}
	if !p.unhook() { // its time was over at this very moment
		p.err = context.Canceled
		p.first.Close()
		p.first = nil
		return
	}
	p.expiry.Stop() // the server has let the client in here, and with that ends the old connection
	p.late = time.AfterFunc(p.patience, func() {
		p.ahead.Store(true)
		old.close()
	})
}

func (p *prepared) open(ctx context.Context, c *Client, hello []byte) error {
	l, err := open(ctx, &c.config, p.to.URL, &c.stats)
	if err != nil {
		return err
	}
	l.prepared = true
	p.link, p.unhook = l, context.AfterFunc(ctx, l.close)
	return l.write(hello)
}

// welcomes reports whether a message lets the client in.
func welcomes(b []byte) bool {
	for len(b) > 0 {
		kind, _, rest, err := proto.NextRecord(b)
		if err != nil || kind == proto.KindWelcome {
			return err == nil
		}
		b = rest
	}
	return false
}

// failed reports whether it is known that nothing will come of it.
func (p *prepared) failed() bool {
	select {
	case <-p.done:
		return p.err != nil
	default:
		return false
	}
}

// tend keeps the waiting connection from being silent. The pongs come when the server has let the client in, and measure
// nothing.
func (p *prepared) tend(now time.Duration) {
	if now < p.nextPing {
		return
	}
	p.nextPing = now + preparedPing
	select {
	case <-p.opened:
		if p.link != nil {
			_ = p.link.write(proto.Ping{Micros: uint64(now.Microseconds())}.Append(nil)) // its reader notices
		}
	default:
	}
}

// take waits for the welcome and gives the link with the message that it is in; the caller closes both. It may block for
// openGrace and welcomeGrace, less when the client is closed.
func (p *prepared) take() (*link, *gws.Message, error) {
	p.expiry.Reset(openGrace)
	<-p.opened
	p.expiry.Reset(welcomeGrace)
	<-p.done
	p.expiry.Stop()
	defer p.cancel()
	if p.late != nil {
		p.late.Stop()
	}
	if p.err != nil {
		if p.link != nil {
			p.link.close()
		}
		return nil, nil, p.err
	}
	return p.link, p.first, nil
}

// discard closes the connection and reports whether a hello was said on it that the server has not refused. It blocks for
// as long as an interrupted dial takes.
func (p *prepared) discard() (unanswered bool) {
	p.expiry.Stop()
	p.cancel()
	<-p.done
	if p.late != nil {
		p.late.Stop()
	}
	if p.first != nil {
		p.first.Close()
	}
	if p.link == nil {
		return false
	}
	p.link.close()
	return closeCode(p.err) == 0
}

// discardPrepared closes the prepared connection, if there is one.
func (c *Client) discardPrepared() {
	if c.prepared != nil {
		if c.prepared.discard() {
			c.giveUpHello()
		}
		c.prepared = nil
	}
}
