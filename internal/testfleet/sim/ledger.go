package sim

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/proto"
)

const (
	ledgerName proto.GameName = "ledger"
	ledgerRate int            = 30
	// matchEntries is how many entries make a match: about one a second with three players.
	matchEntries uint32 = 90
)

// site is the place where a game ticks. Its methods are called by rooms' loops.
type site struct {
	server  string
	history *History
	gate    func() // holds the process's ticks up while it is paused
}

// ledger is a game that books each input: how many there were, and a sum over all of them in order. So an input that
// is lost, repeated or out of order is seen in the state, by whoever knows what was sent. The players of a match end it
// by the number of their entries, and its outcome names the server and the tick that decided it, which a room's rules
// must not do: a match that is decided twice has two outcomes here, whatever the servers agree on.
type ledger struct {
	Accounts game.Table[Account] `state:"max=8"`
	Book     game.Value[Book]
	Noise    game.Events[Noise] `state:"max=32"`
	Input    game.Inputs[Entry]

	at   *site
	room proto.RoomID
	loud bool
}

// Account is what a seat has entered.
type Account struct {
	Count uint32 `state:""`
	Sum   uint32 `state:""`
}

// Book is the room's.
type Book struct {
	Born  uint32 `state:""` // drawn when the room was made: a room that began anew has another
	Total uint32 `state:""` // entries of this match
}

// Noise makes frames large in a loud room: 6 KB a tick.
type Noise struct {
	Text string `state:"max=200"`
}

var noise = Noise{strings.Repeat("noise", 40)}

// Entry is the input.
type Entry struct {
	Value uint16 `state:""`
}

// add books v.
func (a *Account) add(v uint16) {
	a.Count++
	a.Sum = (a.Sum ^ uint32(v)) * 0x01000193
}

// ledgerOptions are the room's: its name, since rooms do not know theirs, and whether it is loud.
type ledgerOptions struct {
	Room proto.RoomID `json:"room"`
	Loud bool         `json:"loud,omitempty"`
}

func newLedger(at *site) game.Definition {
	return game.Definition{Name: ledgerName, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		var o ledgerOptions
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, fmt.Errorf("ledger: %w", err)
			}
		}
		return &ledger{at: at, room: o.Room, loud: o.Loud}, game.Settings{TickRate: ledgerRate, Seats: 8}, nil
	}}
}

func (l *ledger) Start(r *game.Room)                { l.Book.Get().Born = r.Rand().Uint32() }
func (l *ledger) Join(_ *game.Room, p game.Player)  { *l.Accounts.Put(game.RowID(p.Seat)) = Account{} }
func (l *ledger) Leave(_ *game.Room, p game.Player) { l.Accounts.Remove(game.RowID(p.Seat)) }

func (l *ledger) Tick(r *game.Room) {
	l.at.gate()
	l.at.history.ticked(l.room, l.at.server, r.Tick(), time.Now())
	for n := 0; l.loud && n < 30; n++ {
		l.Noise.Emit(noise)
	}
	book := l.Book.Get()
	for p := range r.Players() {
		a := l.Accounts.Get(game.RowID(p.Seat))
		for _, s := range l.Input.Of(p.Seat) {
			a.add(s.Value.Value)
			book.Total++
			if uint32(s.Seq) != a.Count {
				l.at.history.violation("%s: seat %d's sample %d is its entry %d on %s", l.room, p.Seat, s.Seq, a.Count, l.at.server)
			}
		}
	}
	if book.Total >= matchEntries {
		l.finish(r, book)
	}
}

func (l *ledger) finish(r *game.Room, book *Book) {
	o := game.Outcome{Data: fmt.Appendf(nil, "%s at tick %d, room %08x, %d entries", l.at.server, r.Tick(), book.Born, book.Total)}
	for p := range r.Players() {
		o.Results = append(o.Results, game.Result{Seat: p.Seat, Place: 1, Score: int32(l.Accounts.Get(game.RowID(p.Seat)).Count)})
	}
	book.Total = 0
	l.at.history.decide(l.room)
	r.Finish(o)
}
