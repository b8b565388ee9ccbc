package sim

import (
	"encoding/json"
	"errors"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// clerk enters a value into the ledger each tick and compares the books with what it has entered.
type clerk struct {
	values *rand.Rand
	inputs *goclient.Inputs[Entry]
	codec  *state.Codec[Entry]
	loud   bool // the room's frames are large

	accounts *state.Rows[Account]
	from     int       // inputs that were entered before those in sent
	sent     []Account // what the account is to be after them, and after each input since
	behind   atomic.Int64
}

func newClerk(room proto.RoomID, values *rand.Rand) (*clerk, error) {
	codec, err := state.NewCodec[Entry]()
	return &clerk{values: values, codec: codec, loud: strings.HasPrefix(string(room), "loud"), sent: []Account{{}}}, err
}

func (k *clerk) request(room proto.RoomID) goclient.Request {
	options, _ := json.Marshal(ledgerOptions{room, k.loud}) // a string and a bool
	return goclient.Request{Game: ledgerName, Room: room, Options: options}
}

func (k *clerk) begin(c *goclient.Client) (err error) {
	k.inputs, err = goclient.NewInputs(c, k.codec)
	return err
}

func (k *clerk) enter(p *player, c *goclient.Client, resumed bool) error {
	if !resumed {
		k.from, k.sent = 0, []Account{{}}
	}
	books, err := state.RowsOf[Book](c.State(), "book")
	var err2 error
	k.accounts, err2 = state.RowsOf[Account](c.State(), "accounts")
	if err := errors.Join(err, err2); err != nil {
		return err
	}
	book, _ := books.Get(0)
	if p.entered && book.Born != p.born {
		p.violate("the room began anew without a word: it was %08x and is %08x", p.born, book.Born)
	}
	p.born = book.Born
	return nil
}

func (k *clerk) frame(p *player, _ *goclient.Client) {
	if k.accounts == nil {
		return // it could not be opened, which was told
	}
	a, ok := k.accounts.Get(state.RowID(p.seat))
	switch n := int(a.Count) - k.from; {
	case !ok:
		p.violate("no account for seat %d", p.seat)
	case n >= len(k.sent):
		p.violate("%d entries are booked, %d were sent", a.Count, k.entries())
	case n >= 0 && a != k.sent[n]:
		p.violate("the books have %+v, %+v was sent", a, k.sent[n])
	}
	value := uint16(k.values.Uint32())
	seq, err := k.inputs.Send(Entry{value})
	if err != nil { // the window is full, or the client is closing
		return
	}
	if int(seq) != k.entries()+1 {
		if p.strict || a.Count != uint32(seq)-1 {
			p.violate("sample %d follows %d and %+v: some that were acknowledged are lost", seq, k.entries(), a)
		}
		k.from, k.sent = int(seq)-1, []Account{a}
	}
	next := k.sent[len(k.sent)-1]
	next.add(value)
	k.sent = append(k.sent, next)
	k.behind.Store(int64(k.entries()) - int64(a.Count))
}

// entries is how many inputs of this seat there were.
func (k *clerk) entries() int { return k.from + len(k.sent) - 1 }
