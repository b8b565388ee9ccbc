package front

import (
	"cmp"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

const (
	// reservationLife is how long a seat is promised to a player who was sent to a room: time to connect, and the age of the
	// reports.
	reservationLife = 5 * time.Second
	// assumedSeats is how many players are sent to a room while no server has reported how many seats its kind has.
	assumedSeats = 2
	// maxKinds bounds how many kinds without rooms are remembered for their number of seats; over it they are forgotten.
	maxKinds = 4096
)

// matches knows the rooms of quick match by kind: what the servers reported, and whom this router has sent where since.
// Other routers' players show in the reports only; where two routers fill the same last seat, one player is told that
// the room is full and asks again.
//
// A promise is a claim of a stranger, who may never come. So players who are connected decide where the next one goes,
// and promises only break ties. A player has one promise, which a second request renews. And promises to an address
// that gets many of them are soft: they do not count for players of other addresses, so that they cannot keep those
// apart, but they count for soft requests, so that a crowd behind one address is spread over the rooms. If all of them
// come after all, the last ones find the room full and ask again.
type matches struct {
	mu       sync.Mutex
	last     *openRooms // what the rooms were last updated from
	kinds    map[string]*matchRooms
	promised map[proto.PlayerID]promisedRoom // where a player may have a promise; bounded by the rate of requests
}

type promisedRoom struct {
	kind string // of the room
	room proto.RoomID
	wish string // seatRequest.wish of the request
}

// matchRooms are the rooms of one kind.
type matchRooms struct {
	seats int // of one room, as last reported; 0 before
	rooms map[proto.RoomID]*matchRoom
}

type matchRoom struct {
	leader     membership.Member // who reported the room; zero while nobody has
	game       proto.GameName
	properties map[string]any // as reported
	searched   bool           // it was made here for a request that searched by properties
	seats      int            // as reported; 0 where no more players are wanted
	players    int            // as reported: seats taken, or kept by the room for players of parties
	connected  int            // as reported: of them, those whose client is connected
	promises   []promise      // of players who are on their way, the oldest first
}

type promise struct {
	player proto.PlayerID // or the first of a party
	seats  int
	until  time.Time
	soft   bool
}

// taken is how many seats are taken or promised, as far as it concerns a request that is soft or not.
func (r *matchRoom) taken(now time.Time, soft bool) int {
	n := r.players
	for _, p := range r.promises {
		if now.Before(p.until) && (soft || !p.soft) {
			n += p.seats
		}
	}
	return n
}

// open is how many players a room of this kind can have, as far as is known.
func (k *matchRooms) open(r *matchRoom) int {
	if r.leader.Name != "" {
		return r.seats
	}
	return cmp.Or(k.seats, assumedSeats)
}

func newMatches() *matches {
	return &matches{kinds: map[string]*matchRooms{}, promised: map[proto.PlayerID]promisedRoom{}}
}

// seatRequest is what matches.seat is asked for.
type seatRequest struct {
	player  proto.PlayerID
	seats   int // 1, or a party's size
	kind    string
	patient bool                        // may be told to wait
	soft    func() bool                 // whether a promise to this player would be soft; called only if one would be made
	pick    func() (proto.RoomID, bool) // makes a room; ok is false when it cannot
	search  search
}

// wish is the same for requests of which the second one renews the promise of the first.
func (q *seatRequest) wish() string { return q.kind + "\x00" + q.search.key }

// seating is the answer of matches.seat.
type seating struct {
	room   proto.RoomID
	leader membership.Member // of the room; zero when nobody is known to lead it yet
	wait   bool              // no seat yet: the next report may show one
	most   int               // if not 0, no room has so many seats as were asked for, but this number
}

// seat promises the seats in the open room of the kind with the most connected players, or in the room that pick makes when none
// is open. A patient caller is told to wait instead of getting a new room while the first rooms of a kind are being made and
// nobody knows how many seats they have. ok is false when pick makes no room.
func (m *matches) seat(open *openRooms, q seatRequest, now time.Time) (s seating, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last != open {
		m.update(open, now)
	}
	if room, found := m.renew(q, now); found != nil {
		return seating{room: room, leader: found.leader}, true
	}
	k := m.kinds[q.kind]
	if k == nil {
		k = &matchRooms{rooms: map[proto.RoomID]*matchRoom{}}
	}
	if k.seats > 0 && q.seats > k.seats {
		return seating{most: k.seats}, true
	}
	soft := q.soft()
	var room proto.RoomID
	var found *matchRoom
	wait := k.seats == 0 && len(k.rooms) > 0
	if q.search.any() {
		room, found, wait = m.suited(q, now, soft)
	} else {
		room, found = k.fullest(now, q.seats, soft)
	}
	if q.search.waiting != "" && (found == nil || !m.better(room, found, q.search.waiting)) {
		return m.stay(q.search.waiting), true
	}
	if found == nil {
		if q.patient && wait {
			return seating{wait: true}, true
		}
		if room, ok = q.pick(); !ok {
			return seating{}, false
		}
		found = &matchRoom{game: q.search.game, searched: q.search.any()}
		k.rooms[room] = found
		m.kinds[q.kind] = k
	}
	kind, _ := ticket.MatchKindOf(room)
	m.promised[q.player] = promisedRoom{kind, room, q.wish()}
	found.promises = append(found.promises, promise{q.player, q.seats, now.Add(reservationLife), soft})
	return seating{room: room, leader: found.leader}, true
}

// renew takes the promise that the player has out of its room, and renews it if it fits the request.
func (m *matches) renew(q seatRequest, now time.Time) (room proto.RoomID, found *matchRoom) {
	at, ok := m.promised[q.player]
	if !ok {
		return "", nil
	}
	delete(m.promised, q.player)
	k := m.kinds[at.kind]
	if k == nil || k.rooms[at.room] == nil {
		return "", nil
	}
	r := k.rooms[at.room]
	i := slices.IndexFunc(r.promises, func(p promise) bool { return p.player == q.player })
	if i < 0 {
		return "", nil
	}
	p := r.promises[i]
	r.promises = slices.Delete(r.promises, i, i+1)
	if at.wish != q.wish() || q.search.waiting != "" || p.seats != q.seats || !now.Before(p.until) || r.players > max(0, k.open(r)-p.seats) {
		return "", nil
	}
	p.until = now.Add(reservationLife)
	r.promises = append(r.promises, p)
	m.promised[q.player] = at
	return at.room, r
}

// withdraw takes back what a player was promised: they are not sent there.
func (m *matches) withdraw(player proto.PlayerID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	at, ok := m.promised[player]
	if !ok {
		return
	}
	delete(m.promised, player)
	k := m.kinds[at.kind]
	if k == nil || k.rooms[at.room] == nil {
		return
	}
	r := k.rooms[at.room]
	m.expire(r, func(p promise) bool { return p.player == player })
	if len(r.promises) == 0 && r.leader.Name == "" {
		delete(k.rooms, at.room)
	}
}

// fullest gives the best room of the kind with so many open seats.
func (k *matchRooms) fullest(now time.Time, seats int, soft bool) (proto.RoomID, *matchRoom) {
	var best choice
	k.offer(&best, now, seats, soft, func(proto.RoomID, *matchRoom) bool { return true })
	return best.id, best.room
}

// suited gives the best open room of the game, with whatever options, that fits the search, and is not the one in which the player waits.
// soon says that there may be one when the next report comes: somebody who searches in the same game is on their way to a new room.
func (m *matches) suited(q seatRequest, now time.Time, soft bool) (id proto.RoomID, room *matchRoom, soon bool) {
	var best choice
	for _, k := range m.kinds {
		k.offer(&best, now, q.seats, soft, func(id proto.RoomID, r *matchRoom) bool {
			if r.leader.Name == "" {
				soon = soon || r.searched && r.game == q.search.game
				return false
			}
			return r.game == q.search.game && id != q.search.waiting && q.search.where.Hold(r.properties)
		})
	}
	return best.id, best.room, soon
}

// choice is the best of some rooms: the one that has the most connected players; of equal ones that with the most seats taken or
// promised, then the first by id, so that routers agree.
type choice struct {
	id    proto.RoomID
	room  *matchRoom
	taken int
}

// offer compares best with the rooms of k that fit and have so many open seats.
func (k *matchRooms) offer(best *choice, now time.Time, seats int, soft bool, fits func(proto.RoomID, *matchRoom) bool) {
	for id, r := range k.rooms {
		n := r.taken(now, soft)
		if !fits(id, r) || n+seats > k.open(r) {
			continue
		}
		if best.room == nil || cmp.Or(cmp.Compare(r.connected, best.room.connected), cmp.Compare(n, best.taken), cmp.Compare(best.id, id)) > 0 {
			*best = choice{id, r, n}
		}
	}
}

// better reports whether a player who waits in a room should move to r. Of two rooms in which players wait for each other one is better, by
// connected players and then by id, so that only one of them moves.
func (m *matches) better(id proto.RoomID, r *matchRoom, waiting proto.RoomID) bool {
	kind, _ := ticket.MatchKindOf(waiting)
	k := m.kinds[kind]
	if k == nil || k.rooms[waiting] == nil || k.rooms[waiting].leader.Name == "" {
		return false // it is not reported yet
	}
	return cmp.Or(cmp.Compare(r.connected, k.rooms[waiting].connected), cmp.Compare(waiting, id)) > 0
}

// stay gives the room in which a player waits. The player has the seat, so there is nothing to promise.
func (m *matches) stay(waiting proto.RoomID) seating {
	s := seating{room: waiting}
	kind, _ := ticket.MatchKindOf(waiting)
	if k := m.kinds[kind]; k != nil && k.rooms[waiting] != nil {
		s.leader = k.rooms[waiting].leader
	}
	return s
}

// update replaces what was reported by open. Rooms that open does not have stay for as long as players are expected
// there; players that have arrived are expected no more.
func (m *matches) update(open *openRooms, now time.Time) {
	m.last = open
	for _, k := range m.kinds {
		for id, r := range k.rooms {
			m.expire(r, func(p promise) bool { return !now.Before(p.until) })
			if len(r.promises) == 0 {
				delete(k.rooms, id)
				continue
			}
			r.leader = membership.Member{}
		}
	}
	for _, a := range open.servers {
		for _, report := range a.rooms {
			if name, ok := ticket.MatchKindOf(report.Room); ok {
				m.report(name, a.member, report)
			}
		}
	}
	if len(m.kinds) > maxKinds {
		for name, k := range m.kinds {
			if len(k.rooms) == 0 {
				delete(m.kinds, name)
			}
		}
	}
}

// expire forgets the promises of r for which f says so.
func (m *matches) expire(r *matchRoom, f func(p promise) bool) {
	kept := r.promises[:0]
	for _, p := range r.promises {
		if f(p) {
			delete(m.promised, p.player)
		} else {
			kept = append(kept, p)
		}
	}
	clear(r.promises[len(kept):])
	r.promises = kept
}

func (m *matches) report(name string, leader membership.Member, report roomReport) {
	k := m.kinds[name]
	if k == nil {
		k = &matchRooms{rooms: map[proto.RoomID]*matchRoom{}}
		m.kinds[name] = k
	}
	k.seats = report.Seats
	r := k.rooms[report.Room]
	if r == nil {
		r = &matchRoom{}
		k.rooms[report.Room] = r
	}
	// Reports do not say who has come. The oldest promises are taken for kept.
	players := report.Players + report.Reserved
	came := players - r.players
	m.expire(r, func(p promise) bool {
		if p.seats > came {
			return false
		}
		came -= p.seats
		return true
	})
	r.leader, r.seats, r.players, r.connected = leader, report.Seats, players, report.Connected
	r.game, r.properties = report.Game, report.Properties
	if leader.State != membership.Serving || report.Role == "suspended" {
		r.seats = 0
	}
}
