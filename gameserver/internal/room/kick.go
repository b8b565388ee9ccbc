package room

import (
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// Bans is who may not play anywhere. Rooms ask it in their ticks, so its methods must not wait.
type Bans interface {
	// Revision changes when a ban comes.
	Revision() uint64
	// Banned says whether a player is banned, and what the player is told.
	Banned(proto.PlayerID) (text string, banned bool)
}

// Player is who has a seat, or watches.
type Player struct {
	ID        proto.PlayerID
	Name      string
	Seat      proto.Seat // proto.NoSeat: a spectator
	Connected bool
}

// QueueKick puts players out of the room whose id is player: out of their seat, and of their place to watch. The room's loop calls
// done, which must not block, with the number of places. An ended room does not call it.
func (r *Room) QueueKick(player proto.PlayerID, reason string, done func(places int)) error {
	return r.control(func() { done(r.kick(func(id proto.PlayerID) (string, bool) { return reason, id == player })) })
}

// QueuePlayers gives done who is in the room: by seat, then the spectators. The room's loop calls it; it must not block. An ended
// room does not call it.
func (r *Room) QueuePlayers(done func([]Player)) error {
	return r.control(func() { done(r.list()) })
}

func (r *Room) list() []Player {
	players := []Player{}
	for seat := range r.seats {
		if p, ok := r.sim.Player(proto.Seat(seat)); ok {
			players = append(players, Player{p.ID, p.Name, p.Seat, r.seats[seat] != nil})
		}
	}
	for _, o := range r.spectators {
		players = append(players, Player{o.player, o.name, proto.NoSeat, true})
	}
	return players
}

// kick puts those out for whom f says so. Players go with the next tick, so that the game hears of it.
func (r *Room) kick(f func(proto.PlayerID) (reason string, out bool)) (places int) {
	for seat := range r.seats {
		p, taken := r.sim.Player(proto.Seat(seat))
		if !taken {
			continue
		}
		if reason, out := f(p.ID); out {
			r.sim.Kick(p.Seat, reason)
			places++
		}
	}
	for _, o := range slices.Clone(r.spectators) {
		if reason, out := f(o.player); out {
			r.remove(o)
			o.client.Close(proto.CloseKicked, reason)
			places++
		}
	}
	return places
}

// closeKicked closes the clients of those who were put out, or not let in, by the tick just made.
func (r *Room) closeKicked() {
	for _, k := range r.sim.Kicked() {
		if o := r.seats[k.Seat]; o != nil {
			code := proto.CloseKicked
			if k.Refused {
				code = proto.CloseRefused
			}
			r.remove(o)
			o.client.Close(code, k.Reason)
		}
	}
}

func (r *Room) banned(player proto.PlayerID) (text string, banned bool) {
	if r.pool.config.Bans == nil || player == "" {
		return "", false
	}
	return r.pool.config.Bans.Banned(player)
}

// enforceBans kicks those who were banned since it looked last.
func (r *Room) enforceBans() {
	if r.pool.config.Bans == nil {
		return
	}
	if revision := r.pool.config.Bans.Revision(); revision != r.bansSeen {
		r.bansSeen = revision
		r.kick(r.pool.config.Bans.Banned)
	}
}
