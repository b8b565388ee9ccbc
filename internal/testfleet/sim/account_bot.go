package sim

import (
	"encoding/json"
	"math/rand/v2"
	"strings"
	"sync/atomic"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/proto/state"
)

// fastRate is the tick rate of rooms whose name begins with "fast".
const fastRate = 60

// accountBot enters a value into its account each tick, and compares the account with what it has sent.
type accountBot struct {
	values *rand.Rand
	inputs *goclient.Inputs[Entry]
	codec  *state.Codec[Entry]

	accounts *state.Rows[Account]
	from     int       // inputs that were entered before those in sent
	sent     []Account // what the account must be after them, and after each input since
	behind   atomic.Int64
}

func newAccountBot(values *rand.Rand) (*accountBot, error) {
	codec, err := state.NewCodec[Entry]()
	return &accountBot{values: values, codec: codec, sent: []Account{{}}}, err
}

func (k *accountBot) request(room proto.RoomID) goclient.Request {
	o := workloadOptions{Room: room, Loud: strings.HasPrefix(string(room), "loud"), Rate: tickRate(room)}
	options, _ := json.Marshal(o) // a string, a bool and a number
	return goclient.Request{Game: workloadName, Room: room, Options: options}
}

// tickRate is that of a room of the workload, by its name.
func tickRate(room proto.RoomID) int {
	if strings.HasPrefix(string(room), "fast") {
		return fastRate
	}
	return workloadRate
}

func (k *accountBot) begin(c *goclient.Client) (err error) {
	k.accounts = nil
	k.inputs, err = goclient.NewInputs(c, k.codec)
	return err
}

func (k *accountBot) enter(p *player, c *goclient.Client, resumed bool) error {
	if err := p.readInstance(c); err != nil {
		return err
	}
	var err error
	if k.accounts, err = state.RowsOf[Account](c.State(), "accounts"); err != nil {
		return err
	}
	if !resumed || !p.entered {
		account, _ := k.accounts.Get(state.RowID(p.seat))
		k.from, k.sent = int(account.Count), []Account{account}
	}
	return nil
}

func (k *accountBot) frame(p *player, _ *goclient.Client) {
	if k.accounts == nil {
		return // it could not be opened, which was reported
	}
	a, ok := k.accounts.Get(state.RowID(p.seat))
	switch n := int(a.Count) - k.from; {
	case !ok:
		p.violate("no account for seat %d", p.seat)
	case n >= len(k.sent):
		p.violate("%d entries are booked, %d were sent", a.Count, k.entries())
	case n >= 0 && a != k.sent[n]:
		p.violate("the account is %+v, %+v was sent", a, k.sent[n])
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
func (k *accountBot) entries() int { return k.from + len(k.sent) - 1 }
