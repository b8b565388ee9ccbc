package registry

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/ownership"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// fleet is one view, as machines see it.
type fleet struct {
	*ownership.Fleet
	view *membership.View
}

// maxOrder is how many servers of a room's order are looked at for its standbys, unless too many of them take none.
const maxOrder = 8

// refresh gives a new view to all rooms. It is Run's, so that no older view comes after a newer one.
func (r *Registry) refresh() {
	view := r.config.Members.View()
	r.mu.Lock()
	old := r.fleet
	r.misfits.expire()
	if old.view == view && old.Draining == r.draining && !r.misfits.changed {
		r.mu.Unlock()
		return
	}
	reordered := old.Placement != view.Placement() || old.Draining != r.draining || r.misfits.changed
	r.misfits.changed = false
	next := r.lookLocked(view)
	r.fleet = next
	r.mu.Unlock()
	r.tellQuorum(old, next)
	for _, e := range r.all() {
		e.refresh(reordered)
	}
	r.mover.wake()
}

func (r *Registry) look(view *membership.View) *fleet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.lookLocked(view)
}

func (r *Registry) lookLocked(view *membership.View) *fleet {
	f := &ownership.Fleet{Quorum: view.Quorum, Apart: view.Apart, Settled: r.clock.at(view.Settled), Woke: r.woke, Draining: r.draining, Placement: view.Placement()}
	if old := r.fleet; old != nil && old.Quorum == f.Quorum {
		f.Since = old.Since
	} else {
		f.Since = r.clock.now()
	}
	for _, m := range view.Members {
		if m.Role == membership.GameServer && string(m.Name) != r.self {
			there := ownership.Present
			if m.Standing == membership.CutOff {
				there = ownership.CutOff
			}
			f.Servers = append(f.Servers, ownership.Server{Name: string(m.Name), Presence: there, Came: r.fleet.came(m, r.clock.now())})
		}
	}
	for _, g := range view.Gone {
		if g.Role == membership.GameServer && string(g.Name) != r.self {
			f.Servers = append(f.Servers, ownership.Server{Name: string(g.Name), Presence: presence(g), Gone: r.clock.at(g.Since)})
		}
	}
	f.Went, f.Whole = r.wentLocked(view), whole(view)
	slices.SortFunc(f.Servers, func(a, b ownership.Server) int { return strings.Compare(a.Name, b.Name) })
	return &fleet{f, view}
}

// came is when m joined, on this server's clock: now, if f does not have its process yet.
func (f *fleet) came(m membership.Member, now time.Duration) time.Duration {
	if f == nil || f.member(string(m.Name)).Boot != m.Boot {
		return now
	}
	i := slices.IndexFunc(f.Servers, func(s ownership.Server) bool { return s.Name == string(m.Name) })
	return f.Servers[i].Came
}

// wentTime is how long the end of a process is remembered: longer than a silent server is waited for.
const wentTime = 10 * time.Minute

// wentLocked lists the processes that went within wentTime, including those that the last view had and view does not have.
func (r *Registry) wentLocked(view *membership.View) (went []ownership.Server) {
	if r.fleet == nil {
		return nil
	}
	now := r.clock.now()
	for _, s := range r.fleet.Went {
		if now-s.Gone < wentTime {
			went = append(went, s)
		}
	}
	for _, m := range r.fleet.view.Members {
		if there, ok := view.Find(m.Name); m.Role == membership.GameServer && (!ok || there.Boot != m.Boot) {
			went = append(went, ownership.Server{Name: string(m.Name), Gone: now})
		}
	}
	return went
}

// whole is the placement of the servers that serve and those that are silent.
func whole(view *membership.View) *placement.Set {
	all := view.Servers()
	for _, g := range view.Gone {
		if g.Role == membership.GameServer && presence(g) == ownership.Unreachable {
			all = append(all, g.Member)
		}
	}
	if len(all) == view.Placement().Len() {
		return view.Placement()
	}
	var servers []placement.Server
	for _, m := range all {
		servers = append(servers, placement.Server{Name: string(m.Name), Weight: m.Weight})
	}
	return placement.New(servers)
}

func presence(g membership.Gone) ownership.Presence {
	switch {
	case g.Proven():
		return ownership.Exited
	case g.Reason == membership.Refused:
		return ownership.Refused
	}
	return ownership.Unreachable
}

// tellQuorum reports that the rooms of this server are suspended, or may resume.
func (r *Registry) tellQuorum(old, next *fleet) {
	if old.Quorum == next.Quorum || !r.founded {
		r.founded = r.founded || next.Quorum // until then it has no rooms
		return
	}
	rooms := r.running.Load()
	if !next.Quorum {
		r.log.Warn("this server sees too little of the fleet: its rooms are suspended", "rooms", rooms)
		r.history.add(Event{Kind: EventSuspend, Why: "no quorum"})
		return
	}
	r.log.Info("this server sees enough of the fleet again", "rooms", rooms)
	r.history.add(Event{Kind: EventResume, Why: "quorum"})
}

// order gives the servers that may stand by for room, or take it, in its order. Called with r.mu held.
func (f *fleet) order(room proto.RoomID, game proto.GameName, r *Registry) []string {
	all := f.Placement.Order(nil, string(room), maxOrder)
	fit := f.fitting(all, game, r)
	if len(fit) <= r.config.Standbys && f.Placement.Len() > maxOrder {
		fit = f.fitting(f.Placement.Order(nil, string(room), f.Placement.Len()), game, r)
	}
	return fit
}

func (f *fleet) fitting(servers []string, game proto.GameName, r *Registry) []string {
	return slices.DeleteFunc(servers, func(s string) bool {
		return s == r.self || !r.misfits.fits(game, f.member(s))
	})
}

// member is the member of that name; without a name if there is none.
func (f *fleet) member(server string) membership.Member {
	m, _ := f.view.Find(membership.ServerName(server))
	return m
}

// current is the newest view.
func (r *Registry) current() *fleet {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.fleet
}

// address is where server takes links, or took them when it was last seen.
func (f *fleet) address(server string) string {
	if m, ok := f.view.Find(membership.ServerName(server)); ok {
		return m.Peer
	}
	gone, _ := f.view.FindGone(membership.ServerName(server))
	return gone.Peer
}

// Address is where another server takes links, for queries that are forwarded to it.
func (r *Registry) Address(server string) (addr string, ok bool) {
	addr = r.current().address(server)
	return addr, addr != ""
}

// fallbacks are the URLs of the servers that take the room over when this one is gone, in their order.
func (r *Registry) fallbacks(id proto.RoomID) (urls []string) {
	view := r.config.Members.View()
	for _, name := range view.Placement().Order(nil, string(id), proto.MaxFallbacks+1) {
		if m, ok := view.Find(membership.ServerName(name)); ok && name != r.self && len(urls) < proto.MaxFallbacks {
			urls = append(urls, ConnectURL(m.URL, id))
		}
	}
	return urls
}

// moved is the refusal that sends a client to server, which leads the room in epoch; the zero epoch where that is not known.
func (r *Registry) moved(server string, id proto.RoomID, epoch proto.Epoch) *proto.Refusal {
	to := r.at(server, id, epoch)
	if to.URL == "" {
		return proto.Refuse(proto.CloseOverloaded,
			"room %s is with server %s, which this server does not see at the moment; ask the router again", id, server)
	}
	return &proto.Refusal{Code: proto.CloseMoved, Moved: &to}
}

// at is where clients of the room connect on server; without a URL if the view does not list it.
func (r *Registry) at(server string, id proto.RoomID, epoch proto.Epoch) proto.Moved {
	to := proto.Moved{Server: server, Epoch: epoch}
	if m, ok := r.config.Members.View().Find(membership.ServerName(server)); ok && m.URL != "" {
		to.URL = ConnectURL(m.URL, id)
	}
	return to
}

// ConnectURL is where clients of a room connect on the server with this base URL: http becomes ws, and https wss.
func ConnectURL(base string, id proto.RoomID) string {
	if rest, ok := strings.CutPrefix(base, "http"); ok {
		base = "ws" + rest
	}
	return strings.TrimSuffix(base, "/") + "/v1/rooms/" + string(id) + "/connect"
}

// roundTrip is the measured round trip to server, or a usual one.
func (r *Registry) roundTrip(server string) time.Duration {
	d, _ := r.config.Members.RoundTrip(membership.ServerName(server))
	return cmp.Or(d, time.Millisecond)
}
