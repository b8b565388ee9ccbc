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

// Load is what a game server last said that it has to do.
type Load struct {
	Rooms   int
	Players int // connected
	Busy    int // of the busiest tick worker, per mille
}

// Loads gives the load of a server; ok is false while it is unknown. It must not block.
type Loads func(membership.ServerName) (load Load, ok bool)

// Picker chooses ids for rooms that nobody named: of two random ids the one whose home has less to do (the power of two
// choices). The load is what the server last said plus what this router has placed since then. A server of unknown load is
// chosen only when the load of both is unknown: it must not attract all rooms because it seems idle.
// Its methods may be called from any goroutine.
type Picker struct {
	loads Loads
	newID func() proto.RoomID

	mu     sync.Mutex
	placed map[membership.ServerName]placed
}

// placed counts the rooms sent to a server since it said that its load is load.
type placed struct {
	load  Load
	known bool
	rooms int
}

// NewPicker builds a Picker. newID gives candidates; nil stands for RandomID.
func NewPicker(loads Loads, newID func() proto.RoomID) *Picker {
	if newID == nil {
		newID = RandomID
	}
	return &Picker{loads: loads, newID: newID, placed: map[membership.ServerName]placed{}}
}

// RandomID gives a room id of 16 random characters of [a-z2-7]: 80 bits, so that ids neither collide nor can be guessed.
func RandomID() proto.RoomID { return proto.RoomID(strings.ToLower(rand.Text()[:16])) }

// Pick gives an id that begins with prefix, and its home. ok is false when no game server is serving.
func (p *Picker) Pick(f *Fleet, prefix string) (room proto.RoomID, home membership.Member, ok bool) {
	return p.Choose(f, proto.RoomID(prefix)+p.newID(), proto.RoomID(prefix)+p.newID())
}

// Choose gives that one of two ids whose home has less to do, and its home. ok is false when no game server is serving.
func (p *Picker) Choose(f *Fleet, a, b proto.RoomID) (room proto.RoomID, home membership.Member, ok bool) {
	homeA, ok := f.Home(a)
	if !ok {
		return "", membership.Member{}, false
	}
	homeB, _ := f.Home(b)

	p.mu.Lock()
	defer p.mu.Unlock()
	if p.cost(homeB).less(p.cost(homeA)) {
		a, homeA = b, homeB
	}
	p.count(f, homeA)
	return a, homeA, true
}

// cost is what decides between two servers.
type cost struct {
	known   bool
	busy    int // per mille of a worker: what the server said, and for each room placed since then what its rooms cost on average
	players int
	weight  int
}

// less compares by busy for the server's weight, then by players, so that servers that are all idle except for the players
// waiting there are told apart.
func (a cost) less(b cost) bool {
	if a.known != b.known {
		return a.known
	}
	if busyA, busyB := a.busy*b.weight, b.busy*a.weight; busyA != busyB {
		return busyA < busyB
	}
	return a.players*b.weight < b.players*a.weight
}

func (p *Picker) cost(m membership.Member) cost {
	load, known := p.loads(m.Name)
	said, each := max(load.Busy, roomCost*load.Rooms), roomCost
	if load.Rooms > 0 {
		each = max(each, load.Busy/load.Rooms)
	}
	since := 0
	if c := p.placed[m.Name]; c.load == load && c.known == known {
		since = c.rooms
	}
	return cost{known, said + since*each, load.Players, max(m.Weight, 1)}
}

func (p *Picker) count(f *Fleet, m membership.Member) {
	if len(p.placed) > len(f.serving) { // servers have left: forget all, the next answers count the rooms anyway
		clear(p.placed)
	}
	load, known := p.loads(m.Name)
	c := p.placed[m.Name]
	if c.load != load || c.known != known {
		c = placed{load: load, known: known}
	}
	c.rooms++
	p.placed[m.Name] = c
}
