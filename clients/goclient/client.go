package goclient

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// Client is one player or spectator in one room.
type Client struct {
	config Config
	born   time.Time
	stats  counters

	// Owned by Run's goroutine.
	plan       plan
	heard      bool         // by a router or a server, ever
	room       proto.RoomID // as the router answered, or the welcome says
	guest      string       // secret of the guest that the client is; empty: not a guest, or not yet known
	invitation Invitation   // to the party that the client is in
	code       string       // of a private room
	ticket     string
	welcome    proto.Welcome
	schema     *state.Schema
	store      *state.Store
	slack      uint8
	deadline   time.Duration // when the read deadline is set next
	offsets    offsetFilter
	enteredAt  time.Duration
	lastFrame  time.Duration // when the newest tick came
	outcomes   outcomes
	running    context.Context // Run's, for what it has others do; nil before
	prepared   *prepared       // the next connection, or nil
	suspension *suspension     // nil: the room is not suspended
	found      *search         // with the connection to where a suspended room was found; nil once that is used
	unanswered time.Duration   // until then, a hello that was given up may still take the seat; see giveUpHello

	mu      sync.Mutex
	link    *link              // the connection there is, or is being made
	ready   bool               // it is in the room: may be written to
	closing bool               // Close or Leave was called, or Run's context ended
	cancel  context.CancelFunc // of what Dial or Run is doing
	outbox  outbox
}

// now is the client's clock: monotonic, from Dial.
func (c *Client) now() time.Duration { return time.Since(c.born) }

// Dial enters a room and returns when its state is there. It follows redirects and moved messages, and asks again where a
// server says so; other refusals are returned: a *CloseError of a server, a *Problem of a router. The caller then calls
// Run, or Close.
func Dial(ctx context.Context, config Config) (*Client, error) {
	if err := config.Validate(); err != nil {
		return nil, err
	}
	c := &Client{config: config.withDefaults(), born: time.Now(), plan: firstPlan(), room: config.Request.Room,
		guest: config.Request.Player.Guest, code: config.Request.Code, outcomes: outcomes{}}
	entering, stop := c.until(ctx)
	defer stop()
	if err := c.enter(entering, nil); err != nil {
		c.Close()
		return nil, fmt.Errorf("goclient: %w", err)
	}
	return c, nil
}

// Run plays: it reads until the client is closed or thrown out, comes back when the connection is lost, and calls the
// events. It returns nil after Close and Leave, the context's error when that ended, else why there is no going on. Call
// it once.
func (c *Client) Run(ctx context.Context) error {
	running, stop := c.until(ctx)
	defer stop()
	defer c.discardPrepared()
	defer c.discardFound()
	defer c.Close()
	c.running = running
	c.searchElsewhere()
	if f := c.config.Events.Entered; f != nil {
		f(c)
	}
	for {
		err := c.replacement(c.leaveSuspended(c.play()))
		if c.drop() {
			return ctx.Err()
		}
		c.config.Logger.Info("connection ended", "reason", err, "room", c.room, "server", c.welcome.Server)
		if f := c.config.Events.Lost; f != nil {
			f(c, err)
		}
		move, err := c.comeBack(running, err)
		if err != nil {
			if c.isClosing() {
				return ctx.Err()
			}
			if f := c.config.Events.RoomLost; f != nil && (closeCode(err) == proto.CloseLost || closeCode(err) == proto.CloseOver) {
				f(c)
			}
			return fmt.Errorf("goclient: %w", err)
		}
		c.arrived(move)
	}
}

// arrived calls the events of a move.
func (c *Client) arrived(m Move) {
	c.config.Logger.Info("moved", "kind", string(m.Kind), "from", m.From, "to", m.To, "gap", m.Gap, "room", c.room,
		"missed", m.MissedTicks, "replayed", m.ReplayedTicks)
	events := &c.config.Events
	if events.Entered != nil {
		events.Entered(c)
	}
	if events.Moved != nil {
		events.Moved(c, m)
	}
	if events.Frame != nil {
		events.Frame(c)
	}
}

// until gives a context that ends with ctx and with Close, and closes the client when ctx ends before stop.
func (c *Client) until(ctx context.Context) (_ context.Context, stop func()) {
	inner, cancel := context.WithCancel(ctx)
	c.mu.Lock()
	c.cancel = cancel
	c.mu.Unlock()
	unhook := context.AfterFunc(ctx, c.Close)
	return inner, func() {
		unhook()
		cancel()
	}
}

// play reads and applies until the connection ends.
func (c *Client) play() error {
	l := c.link
	for {
		m, err := l.read()
		if err != nil {
			return err
		}
		ticked, err := c.receive(l, m.Opcode, m.Bytes())
		m.Close()
		if err != nil {
			l.close()
			return err
		}
		if ticked && c.config.Events.Frame != nil {
			c.config.Events.Frame(c)
		}
		c.tend(l)
	}
}

// tend does what is due now and then: pings, and the deadline for the server's next word.
func (c *Client) tend(l *link) {
	now := c.now()
	if now < c.deadline {
		return
	}
	c.deadline = now + tendInterval
	_ = l.nc.SetReadDeadline(time.Now().Add(c.silence())) // fails on a closed connection, where the read will too
	if c.prepared != nil {
		c.prepared.tend(now)
	}
	c.reportStrange()
	c.mu.Lock()
	c.flush(now)
	c.mu.Unlock()
}

// drop takes the link from the senders and reports whether the client is closing.
func (c *Client) drop() (closing bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.link, c.ready = nil, false
	return c.closing
}

func (c *Client) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// Close ends the connection without giving the seat up, and with it Run. From any goroutine.
func (c *Client) Close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.end()
}

// end closes; the caller holds c.mu.
func (c *Client) end() {
	c.closing = true
	c.cancel()
	if c.link != nil {
		c.link.close()
	}
}

// Leave gives the seat up; Run returns when the server has closed. It fails when the client is not in the room at the
// moment: then it is closed, and the seat is given up when its time is over. From any goroutine.
func (c *Client) Leave(reason string) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return ErrClosed
	}
	if !c.ready {
		c.end()
		return errLost
	}
	c.closing = true
	return c.link.write(proto.Leave{Reason: reason}.Append(nil))
}

// SendCustom sends the game a message. It fails while the client is coming back. From any goroutine.
func (c *Client) SendCustom(payload []byte) error {
	if len(payload) > proto.MaxCustom {
		return fmt.Errorf("goclient: custom message has %d bytes, at most %d are allowed", len(payload), proto.MaxCustom)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closing:
		return ErrClosed
	case !c.ready:
		return errLost
	}
	return c.link.write(proto.Custom{Payload: payload}.Append(nil))
}

// State is the replica of the room's public state and of the player's private part; another one after Events.Schema. For
// the events only.
func (c *Client) State() *state.Store { return c.store }

// Schema describes the state and the inputs; another one after Events.Schema. For the events only.
func (c *Client) Schema() *state.Schema { return c.schema }

// Tick is the tick of the newest state. For the events only.
func (c *Client) Tick() proto.Tick { return proto.Tick(c.stats.tick.Load()) }

// Welcome is the newest welcome. For the events only.
func (c *Client) Welcome() proto.Welcome { return c.welcome }

// Code is that of a private room, for those who are to come too; empty: the room is not private, or the router let the player in
// without it. For the events only.
func (c *Client) Code() string { return c.code }

// Seat is the player's seat, proto.NoSeat for a spectator. For the events only.
func (c *Client) Seat() proto.Seat { return c.welcome.Seat }

// Guest is the secret with which a router knows this guest again: give it as Request.Player.Guest to be the same player
// later. Empty where identity tokens are demanded. For the events only.
func (c *Client) Guest() string { return c.guest }

// Slack is how many milliseconds the newest input waited for the last tick, proto.NoSlack when none came. For the events
// only; see Pacer.
func (c *Client) Slack() uint8 { return c.slack }
