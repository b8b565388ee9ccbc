package sim

import (
	"context"
	"encoding/json"
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

// player is a real client that enters a value into the ledger each tick and compares the books with what it sent.
type player struct {
	id      proto.PlayerID
	room    proto.RoomID
	ip      string
	host    *simnet.Host
	history *History
	values  *rand.Rand
	strict  bool // no fault of the schedule may cost a seat or an acknowledged input

	client *goclient.Client
	inputs *goclient.Inputs[Entry]
	ended  chan struct{}
	err    error // of Run, once ended is closed

	// Of the events' goroutine.
	accounts *state.Rows[Account]
	books    *state.Rows[Book]
	born     uint32
	epoch    proto.Epoch
	seat     proto.Seat
	entered  bool
	from     int       // inputs that were entered before those in sent
	sent     []Account // what the account is to be after them, and after each input since
	match    uint32    // newest whose outcome was heard
	last     time.Time // of the newest frame

	frames, lost, gone atomic.Int64 // gone: the room was lost, and the player was told
	behind             atomic.Int64 // inputs that the newest frame had not booked
	replayed, missed   atomic.Int64 // most ticks of one move
	gap                atomic.Int64 // longest of a move, in nanoseconds
}

// enter enters the room and plays until stop.
func (p *player) enter(router string) error {
	options, err := json.Marshal(ledgerOptions{p.room})
	if err != nil {
		return err
	}
	transport := &http.Transport{DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
		return p.host.DialContext(ctx, addr)
	}, DisableKeepAlives: true}
	p.sent = []Account{{}}
	p.client, err = goclient.Dial(context.Background(), goclient.Config{
		Router:  router,
		Request: goclient.Request{Game: ledgerName, Room: p.room, Options: options, Player: goclient.Player{ID: p.id}},
		GiveUp:  5 * time.Minute,
		HTTP:    &http.Client{Transport: transport, Timeout: 5 * time.Second},
		Dial:    p.host.DialContext,
		Events: goclient.Events{
			Entered: p.onEntered, Moved: p.onMoved, Frame: p.onFrame, Outcome: p.onOutcome,
			Lost:     func(_ *goclient.Client, err error) { p.note("connection lost: %v", err) },
			RoomLost: func(*goclient.Client) { p.gone.Store(1); p.note("the room is lost") },
			Notice:   func(_ *goclient.Client, n proto.Notice) { p.note("notice %+v", n) },
			Violation: func(_ *goclient.Client, v goclient.Violation, text string) {
				p.violate("the server broke %s: %s", v, text)
			},
		},
	})
	if err != nil {
		return fmt.Errorf("%s: %w", p.id, err)
	}
	codec, err := state.NewCodec[Entry]()
	if err != nil {
		return err
	}
	if p.inputs, err = goclient.NewInputs(p.client, codec); err != nil {
		return err
	}
	p.ended = make(chan struct{})
	go func() {
		defer close(p.ended)
		p.err = p.client.Run(context.Background())
		p.note("ended: %v", p.err)
	}()
	return nil
}

func (p *player) stop() {
	p.client.Close()
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
	if p.entered && (!resumed || w.Seat != p.seat) {
		p.lost.Add(1)
		if p.strict {
			p.violate("seat %d is lost: now %d, resumed %v", p.seat, w.Seat, resumed)
		}
	}
	if !resumed {
		p.from, p.sent = 0, []Account{{}}
	}
	p.epoch, p.seat = w.Epoch, w.Seat
	var err, err2 error
	p.accounts, err = state.RowsOf[Account](c.State(), "accounts")
	p.books, err2 = state.RowsOf[Book](c.State(), "book")
	if err := errors.Join(err, err2); err != nil {
		p.violate("%v", err)
		return
	}
	book, _ := p.books.Get(0)
	if p.entered && book.Born != p.born {
		p.violate("the room began anew without a word: it was %08x and is %08x", p.born, book.Born)
	}
	p.born, p.entered = book.Born, true
}

func (p *player) onMoved(_ *goclient.Client, m goclient.Move) {
	p.note("%s from %s to %s, prepared %v, gap %v, missed %d, replayed %d", m.Kind, m.From, m.To, m.Prepared, m.Gap, m.MissedTicks, m.ReplayedTicks)
	p.replayed.Store(max(p.replayed.Load(), int64(m.ReplayedTicks)))
	p.missed.Store(max(p.missed.Load(), int64(m.MissedTicks)))
	p.gap.Store(max(p.gap.Load(), int64(m.Gap)))
}

// onFrame compares the account with what was sent, and sends the next value.
func (p *player) onFrame(*goclient.Client) {
	p.frames.Add(1)
	p.last = time.Now()
	a, ok := p.accounts.Get(state.RowID(p.seat))
	switch n := int(a.Count) - p.from; {
	case !ok:
		p.violate("no account for seat %d", p.seat)
	case n >= len(p.sent):
		p.violate("%d entries are booked, %d were sent", a.Count, p.entries())
	case n >= 0 && a != p.sent[n]:
		p.violate("the books have %+v, %+v was sent", a, p.sent[n])
	}
	value := uint16(p.values.Uint32())
	seq, err := p.inputs.Send(Entry{value})
	if err != nil { // the window is full, or the client is closing
		return
	}
	if int(seq) != p.entries()+1 {
		if p.strict || a.Count != uint32(seq)-1 {
			p.violate("sample %d follows %d and %+v: some that were acknowledged are lost", seq, p.entries(), a)
		}
		p.from, p.sent = int(seq)-1, []Account{a}
	}
	next := p.sent[len(p.sent)-1]
	next.add(value)
	p.sent = append(p.sent, next)
	p.behind.Store(int64(p.entries()) - int64(a.Count))
}

// entries is how many inputs of this seat there were.
func (p *player) entries() int { return p.from + len(p.sent) - 1 }

func (p *player) onOutcome(c *goclient.Client, o proto.Outcome) {
	p.history.heard(p.room, p.born, p.id, o)
	if p.match != 0 && o.Match != p.match+1 && p.strict {
		p.violate("the outcome of match %d follows that of %d", o.Match, p.match)
	}
	p.match = o.Match
}
