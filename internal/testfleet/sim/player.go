package sim

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

const (
	// routerPatience bounds a dial to one router, before the next is tried.
	routerPatience = time.Second
	// askAgain is how long a newcomer who was not let in waits before the next attempt.
	askAgain = 500 * time.Millisecond
	// playerNet begins the addresses of players.
	playerNet = "10.0.1."
)

// dialFunc dials host:port.
type dialFunc func(ctx context.Context, addr string) (net.Conn, error)

// player is a real client that a script plays.
type player struct {
	id      proto.PlayerID
	room    proto.RoomID
	ip      string
	host    *simnet.Host
	routers []*router // it uses either; see dialRouter
	dial    dialFunc  // nil: from its host
	history *History
	script  script
	overlap bool          // faults of the schedule overlap
	strict  bool          // no fault of the schedule may cost a seat or an acknowledged input
	returns time.Duration // after it was told that its room is lost, it enters the new one; 0: it does not
	copies  int           // servers that have its room: one leader and the standbys

	ctx    context.Context // its life
	leave  context.CancelFunc
	client *goclient.Client
	ended  chan struct{}
	err    error // of Run, once ended is closed

	// Of the events' goroutine.
	instance uint32
	epoch    proto.Epoch
	seat     proto.Seat
	taken    time.Duration // when the seat was, since the history began
	entered  bool
	match    uint32 // newest whose outcome was heard

	frames    atomic.Int64
	lastFrame atomic.Int64 // when, in nanoseconds since the history began; 0: it has never been in
	silence   atomic.Int64 // longest time between two frames, in nanoseconds
	gone      atomic.Bool  // the player was told that the room is lost, and has not entered a new one
	losses    atomic.Int64 // how often that was
	suspended atomic.Bool  // the newest notice about it said so
	replayed  atomic.Int64 // most ticks of one move that were played again
	gap       atomic.Int64 // longest of a move, in nanoseconds
}

// script is what a player does in a game. Its methods are called on the events' goroutine, after begin.
type script interface {
	request(room proto.RoomID) goclient.Request
	begin(c *goclient.Client) error
	enter(p *player, c *goclient.Client, resumed bool) error
	frame(p *player, c *goclient.Client)
}

// newPlayer builds a player that is not in its room yet.
func (f *fleet) newPlayer(room proto.RoomID, strict bool) *player {
	f.t.Helper()
	n := len(f.players) + 1
	values := rand.New(rand.NewPCG(f.seed, uint64(n)))
	var part script
	var err error
	if room == arenaName {
		part, err = newArenaBot(values)
	} else {
		part, err = newAccountBot(values)
	}
	if err != nil {
		f.t.Fatal(err)
	}
	p := &player{
		id: proto.PlayerID(fmt.Sprintf("p%d", n)), room: room, ip: fmt.Sprintf(playerNet+"%d", n), history: f.history,
		script: part, strict: strict, copies: f.standbys + 1, returns: f.options.returns, overlap: f.options.overlap, ended: make(chan struct{}),
	}
	for i := range f.routers {
		p.routers = append(p.routers, f.routers[(i+n)%len(f.routers)])
	}
	p.host = f.net.Host(p.ip)
	p.ctx, p.leave = context.WithCancel(context.Background())
	f.players = append(f.players, p)
	return p
}

// join lets a new player into room, and returns when it is in.
func (f *fleet) join(room proto.RoomID, strict bool) *player {
	f.t.Helper()
	p := f.newPlayer(room, strict)
	if err := p.enterRoom(); err != nil {
		f.t.Fatalf("SEED=%d: %v\n%s", f.seed, err, f.history)
	}
	go p.play()
	return p
}

// newcomer lets a new player ask for room until it is let in. It may be cut off from some addresses at first.
func (f *fleet) newcomer(room proto.RoomID) *player {
	f.t.Helper()
	p := f.newPlayer(room, false)
	f.history.note("%s comes for %s", p.id, room)
	go p.askAndPlay()
	return p
}

// askAndPlay plays once the player was let in.
func (p *player) askAndPlay() {
	if p.ask() {
		p.play()
	} else {
		close(p.ended)
	}
}

// ask tries to enter until it is let in; false if the player left before.
func (p *player) ask() bool {
	for {
		err := p.enterRoom()
		if err == nil {
			return true
		}
		p.note("not let in: %v", err)
		select {
		case <-p.ctx.Done():
			return false
		case <-time.After(askAgain):
		}
	}
}

// dialRouter reaches any router: the player's own first, then the others, as with one name of several addresses.
func (p *player) dialRouter(ctx context.Context) (conn net.Conn, err error) {
	for _, r := range p.routers {
		one, cancel := context.WithTimeout(ctx, routerPatience)
		conn, err = p.dialer()(one, r.addr())
		cancel()
		if err == nil {
			return conn, nil
		}
	}
	return nil, err
}

func (p *player) dialer() dialFunc {
	if p.dial != nil {
		return p.dial
	}
	return p.host.DialContext
}

// enterRoom enters the room by way of a router.
func (p *player) enterRoom() (err error) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return p.dialRouter(ctx)
	}, DisableKeepAlives: true}
	request := p.script.request(p.room)
	request.Player.Guest = "the-guest-of-this-run-" + string(p.id)
	p.client, err = goclient.Dial(p.ctx, goclient.Config{
		Router: routerURL, Request: request, GiveUp: giveUp,
		HTTP: &http.Client{Transport: transport, Timeout: 5 * time.Second},
		Dial: p.dialer(), Events: p.events(),
	})
	if err == nil {
		err = p.script.begin(p.client)
	}
	if err != nil {
		return fmt.Errorf("%s in %s: %w", p.id, p.room, err)
	}
	return nil
}

func (p *player) events() goclient.Events {
	return goclient.Events{
		Entered: p.onEntered, Moved: p.onMoved, Outcome: p.onOutcome, Frame: p.onFrame, Notice: p.onNotice,
		Schema: func(*goclient.Client) error { return nil }, // scripts look their tables up when they enter
		Lost:   func(_ *goclient.Client, err error) { p.note("connection lost: %v", err) },
		Violation: func(_ *goclient.Client, v goclient.Violation, text string) {
			if v == goclient.InputLost && !p.strict || v == goclient.SeatLost && p.overlap && p.history.seatMayBeLost(p.taken) {
				p.note("the server broke %s: %s", v, text)
			} else {
				p.violate("the server broke %s: %s", v, text)
			}
		},
	}
}

// play plays until the player leaves, or is told that its room is lost and does not come back.
func (p *player) play() {
	defer close(p.ended)
	for {
		p.err = p.client.Run(p.ctx)
		p.note("ended: %v", p.err)
		if !p.toldLost() {
			return
		}
		p.losses.Add(1)
		p.gone.Store(true)
		p.history.toldLost(p.room, p.instance, p.id, p.copies)
		if p.returns == 0 {
			return
		}
		select {
		case <-p.ctx.Done():
			return
		case <-time.After(p.returns):
		}
		p.entered, p.epoch, p.match = false, proto.Epoch{}, 0
		if !p.ask() {
			return
		}
		p.gone.Store(false)
	}
}

// toldLost reports whether a server has ended the player's stay because the room that it was in is over: it says so by a
// closing code that makes a client stop, and that does not speak of the client.
func (p *player) toldLost() bool {
	var closed *goclient.CloseError
	if !errors.As(p.err, &closed) || proto.CloseCodes[closed.Code].Next != proto.Stop {
		return false
	}
	switch closed.Code {
	case proto.CloseLeft, proto.CloseMalformed, proto.CloseTooLarge, proto.CloseVersion, proto.CloseSchema, proto.CloseGame,
		proto.CloseFull, proto.CloseRate, proto.CloseReplaced, proto.CloseOptions:
		return false
	}
	return true
}

// stop makes the player leave without a word, and waits until it has.
func (p *player) stop() {
	p.leave()
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
	if p.epoch, p.seat = w.Epoch, w.Seat; !resumed {
		p.taken = time.Since(p.history.began)
	}
	if err := p.script.enter(p, c, resumed); err != nil {
		p.violate("%v", err)
	}
	p.entered = true
}

// readInstance reads which instance the player has entered, and checks that it is the one that it was in.
func (p *player) readInstance(c *goclient.Client) error {
	books, err := state.RowsOf[Book](c.State(), "book")
	if err != nil {
		return err
	}
	book, _ := books.Get(0)
	if p.entered && book.Born != p.instance {
		p.violate("put into another instance in silence: it was %08x and is %08x", p.instance, book.Born)
	}
	p.instance = book.Born
	return nil
}

func (p *player) onFrame(c *goclient.Client) {
	now := int64(time.Since(p.history.began))
	if last := p.lastFrame.Swap(now); last != 0 {
		p.silence.Store(max(p.silence.Load(), now-last))
	}
	p.frames.Add(1)
	p.script.frame(p, c)
}

// quiet is the longest time without a frame since forget, the present one included.
func (p *player) quiet() time.Duration {
	now := int64(time.Since(p.history.began)) - p.lastFrame.Load()
	return time.Duration(max(p.silence.Load(), now))
}

// forget begins the measuring of quiet anew.
func (p *player) forget() { p.silence.Store(0) }

func (p *player) onMoved(_ *goclient.Client, m goclient.Move) {
	p.note("%s from %s to %s, prepared %v, gap %v, missed %d, replayed %d", m.Kind, m.From, m.To, m.Prepared, m.Gap, m.MissedTicks, m.ReplayedTicks)
	p.replayed.Store(max(p.replayed.Load(), int64(m.ReplayedTicks)))
	p.gap.Store(max(p.gap.Load(), int64(m.Gap)))
}

func (p *player) onOutcome(_ *goclient.Client, o proto.Outcome) {
	p.history.heard(p.room, p.instance, p.id, o)
	if p.match != 0 && o.Match != p.match+1 && p.strict {
		p.violate("the outcome of match %d follows that of %d", o.Match, p.match)
	}
	p.match = o.Match
}

func (p *player) onNotice(_ *goclient.Client, n proto.Notice) {
	p.note("notice %+v", n)
	switch n.Code {
	case proto.NoticeSuspended:
		p.suspended.Store(true)
	case proto.NoticeResumed:
		p.suspended.Store(false)
	}
}
