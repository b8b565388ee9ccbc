package front

import (
	"cmp"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/proto"
)

const (
	// reservationLife is how long a player who was sent to a room counts before the room's server reports him: time to
	// connect, and the age of the reports.
	reservationLife = 5 * time.Second
	// assumedSeats is how many players are sent to a room while no server has reported how many seats its kind has.
	assumedSeats = 2
	// maxKinds bounds how many kinds without rooms are remembered for their number of seats; over it they are forgotten.
	maxKinds = 4096
)

// matches knows the rooms of quick match by kind: what the servers reported, and whom this router has sent where since.
// Other routers' players show in the reports only; where two routers fill the same last seat, one player is told that
// the room is full and asks again.
type matches struct {
	mu    sync.Mutex
	last  *openRooms // what the rooms were last updated from
	kinds map[string]*matchRooms
}

// matchRooms are the rooms of one kind.
type matchRooms struct {
	seats int // of one room, as last reported; 0 before
	rooms map[proto.RoomID]*matchRoom
}

type matchRoom struct {
	leader   membership.Member // who reported the room; zero while nobody has
	seats    int               // as reported; 0 where no more players are wanted
	players  int               // as reported
	expected int               // when those who were sent there until now have arrived
	until    time.Time         // how long to expect them
}

// taken is how many seats are taken or waited for.
func (r *matchRoom) taken(now time.Time) int {
	if now.After(r.until) {
		return r.players
	}
	return max(r.players, r.expected)
}

// open is how many players a room of this kind can have, as far as is known.
func (k *matchRooms) open(r *matchRoom) int {
	if r.leader.Name != "" {
		return r.seats
	}
	return cmp.Or(k.seats, assumedSeats)
}

func newMatches() *matches { return &matches{kinds: map[string]*matchRooms{}} }

// seating is the answer of matches.seat.
type seating struct {
	room   proto.RoomID
	leader membership.Member // of the room; zero when nobody is known to lead it yet
	wait   bool              // no seat yet: the next report may show one
}

// seat reserves a seat in the fullest open room of kind, or in the room that pick makes when none is open. A patient
// caller is told to wait instead of getting a new room while the first rooms of a kind are being made and nobody knows how
// many seats they have. ok is false when pick makes no room.
func (m *matches) seat(open *openRooms, kind string, now time.Time, patient bool, pick func() (proto.RoomID, bool)) (s seating, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.last != open {
		m.update(open, now)
	}
	k := m.kinds[kind]
	if k == nil {
		k = &matchRooms{rooms: map[proto.RoomID]*matchRoom{}}
	}
	room, found := k.fullest(now)
	if found == nil {
		if patient && k.seats == 0 && len(k.rooms) > 0 {
			return seating{wait: true}, true
		}
		if room, ok = pick(); !ok {
			return seating{}, false
		}
		found = &matchRoom{}
		k.rooms[room] = found
		m.kinds[kind] = k
	}
	found.expected = found.taken(now) + 1
	found.until = now.Add(reservationLife)
	return seating{room: room, leader: found.leader}, true
}

// fullest gives the open room with the most players; of equal ones the first by id, so that routers agree.
func (k *matchRooms) fullest(now time.Time) (best proto.RoomID, room *matchRoom) {
	most := -1
	for id, r := range k.rooms {
		n := r.taken(now)
		if n < k.open(r) && (n > most || n == most && id < best) {
			best, room, most = id, r, n
		}
	}
	return best, room
}

// update replaces what was reported by open. Rooms that open does not have stay for as long as players are expected
// there; players that have arrived are expected no more.
func (m *matches) update(open *openRooms, now time.Time) {
	m.last = open
	for _, k := range m.kinds {
		for id, r := range k.rooms {
			if now.After(r.until) {
				delete(k.rooms, id)
				continue
			}
			r.leader, r.players = membership.Member{}, 0
		}
	}
	for _, a := range open.servers {
		for _, report := range a.rooms {
			if name, ok := kindOf(report.Room); ok {
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
	r.leader, r.seats, r.players = leader, report.Seats, report.Players
	if leader.State != membership.Serving || report.Role == "suspended" {
		r.seats = 0
	}
}
