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
	workloadName proto.GameName = "workload"
	workloadRate int            = 30 // ticks per second of a room, unless its options say otherwise
	// maxAccounts is a room's seats: its first players and the newcomers of a schedule.
	maxAccounts = 16
	// matchEntries is how many entries make a match: about one a second with three players.
	matchEntries uint32 = 90
)

// workload is a game that makes every fault visible. It books each input: how many there were, and a sum over all of them
// in order. Whoever knows what was sent sees a lost, repeated or reordered input in the state. The players end a match by
// the number of their entries. An outcome names the server and the tick that decided it, which a real game must not do: a
// match that is decided twice has two different outcomes here.
type workload struct {
	Accounts game.Table[Account] `state:"max=16"`
	Book     game.Value[Book]
	Noise    game.Events[Noise] `state:"max=32"`
	Input    game.Inputs[Entry]

	at      *environment
	options workloadOptions
}

// Account is what a seat has entered.
type Account struct {
	Count uint32 `state:""`
	Sum   uint32 `state:""`
}

// Book is the room's, in every game of a simulated fleet.
type Book struct {
	Born  uint32 `state:""` // drawn when the room is created: it names the instance
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

// workloadOptions are a room's.
type workloadOptions struct {
	Room proto.RoomID `json:"room"` // its own name, for the history
	Loud bool         `json:"loud"` // with much noise
	Rate int          `json:"rate"` // ticks per second; 0 is workloadRate
}

func newWorkload(at *environment) game.Definition {
	return game.Definition{Name: workloadName, New: func(options json.RawMessage) (game.Game, game.Settings, error) {
		o := workloadOptions{Rate: workloadRate}
		if len(options) > 0 {
			if err := json.Unmarshal(options, &o); err != nil {
				return nil, game.Settings{}, fmt.Errorf("workload: %w", err)
			}
		}
		return &workload{at: at, options: o}, game.Settings{TickRate: o.Rate, Seats: maxAccounts}, nil
	}}
}

func (w *workload) Start(r *game.Room)                { w.Book.Get().Born = r.Rand().Uint32() }
func (w *workload) Join(_ *game.Room, p game.Player)  { *w.Accounts.Put(game.RowID(p.Seat)) = Account{} }
func (w *workload) Leave(_ *game.Room, p game.Player) { w.Accounts.Remove(game.RowID(p.Seat)) }

// Keep implements game.Keeper.
func (w *workload) Keep(*game.Room, game.Player) bool { return true }

func (w *workload) Tick(r *game.Room) {
	room, book := w.options.Room, w.Book.Get()
	w.at.history.ticked(tickOf{room, book.Born, w.at.process, r.Tick(), time.Now()})
	w.at.gate() // a process that is stopped in a tick ends it afterwards
	for n := 0; w.options.Loud && n < 30; n++ {
		w.Noise.Emit(noise)
	}
	for p := range r.Players() {
		a := w.Accounts.Get(game.RowID(p.Seat))
		for _, s := range w.Input.Of(p.Seat) {
			a.add(s.Value.Value)
			book.Total++
			if uint32(s.Seq) != a.Count {
				w.at.history.violation("%s: seat %d's sample %d is its entry %d on %s", room, p.Seat, s.Seq, a.Count, w.at.process)
			}
		}
	}
	if book.Total >= matchEntries {
		w.finish(r, book)
	}
}

func (w *workload) finish(r *game.Room, book *Book) {
	o := game.Outcome{Data: fmt.Appendf(nil, "%s at tick %d, room %08x, %d entries", w.at.process.server, r.Tick(), book.Born, book.Total)}
	for p := range r.Players() {
		o.Results = append(o.Results, game.Result{Seat: p.Seat, Place: 1, Score: int32(w.Accounts.Get(game.RowID(p.Seat)).Count)})
	}
	for p := range r.Left() {
		o.Results = append(o.Results, game.Result{Alias: p.Alias, Place: 2})
	}
	book.Total = 0
	w.at.history.decide(w.options.Room, w.at.process)
	r.Finish(o)
}
