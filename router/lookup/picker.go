package lookup

import (
	"crypto/rand"
	"strings"
	"sync"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

// roomCost is what a room is taken to cost at least, per mille of a tick worker. A small room of the arena costs about
// that much; without it, the noise in the load of idle servers would decide, and rooms that wait would count nothing.
const roomCost = 2

// Picker chooses ids for rooms that nobody named: of two random ids the one whose home has less to do (the power of two
// choices). The load is what servers last said in their metadata plus what this router has placed since then.
// Its methods may be called from any goroutine.
type Picker struct {
	newID func() proto.RoomID

	mu     sync.Mutex
	placed map[membership.ServerName]placed
}

// placed counts the rooms sent to a server since it said that its load is load.
type placed struct {
	load  membership.Load
	rooms int
}

// NewPicker builds a Picker. newID gives candidates; nil stands for RandomID.
func NewPicker(newID func() proto.RoomID) *Picker {
	if newID == nil {
		newID = RandomID
	}
	return &Picker{newID: newID, placed: map[membership.ServerName]placed{}}
}

// RandomID gives a room id of 16 random characters of [a-z2-7]: 80 bits, so that ids neither collide nor can be guessed.
func RandomID() proto.RoomID { return proto.RoomID(strings.ToLower(rand.Text()[:16])) }

// Pick gives an id that begins with prefix, and its home. ok is false when no game server is serving.
func (p *Picker) Pick(f *Fleet, prefix string) (room proto.RoomID, home membership.Member, ok bool) {
	a := proto.RoomID(prefix) + p.newID()
	b := proto.RoomID(prefix) + p.newID()
	homeA, ok := f.Home(a)
	if !ok {
		return "", membership.Member{}, false
	}
	homeB, _ := f.Home(b)

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.less(homeB, homeA) {
		a, homeA = b, homeB
	}
	p.count(f, homeA)
	return a, homeA, true
}

// less compares by cost for the server's weight, then by players, so that equal servers of a fleet that is all zero
// except for the players waiting in it are told apart.
func (p *Picker) less(a, b membership.Member) bool {
	costA, costB := p.cost(a)*max(b.Weight, 1), p.cost(b)*max(a.Weight, 1)
	if costA != costB {
		return costA < costB
	}
	return a.Load.Players*max(b.Weight, 1) < b.Load.Players*max(a.Weight, 1)
}

// cost is m's load per mille of a worker: what it said, and for each room placed since then as much as its rooms cost
// on average.
func (p *Picker) cost(m membership.Member) int {
	said, each := max(m.Load.Busy, roomCost*m.Load.Rooms), roomCost
	if m.Load.Rooms > 0 {
		each = max(each, m.Load.Busy/m.Load.Rooms)
	}
	since := 0
	if c := p.placed[m.Name]; c.load == m.Load {
		since = c.rooms
	}
	return said + since*each
}

func (p *Picker) count(f *Fleet, m membership.Member) {
	if len(p.placed) > len(f.serving) { // servers have left: forget all, the next metadata says it anyway
		clear(p.placed)
	}
	c := p.placed[m.Name]
	if c.load != m.Load {
		c = placed{load: m.Load}
	}
	c.rooms++
	p.placed[m.Name] = c
}
