package ownership

import (
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/placement"
	"github.com/ringside-go/ringside/proto"
)

// Presence is what this server knows of another one. The order is that of certainty that its process is gone.
type Presence uint8

const (
	Unknown     Presence = iota // no member of the fleet, and none that is missing
	Present                     // a member
	CutOff                      // a member that says that it sees too little of the fleet: its rooms are suspended
	Unreachable                 // silent: it may be alive and cut off
	Refused                     // its address refuses everybody who was asked: it may be alive behind a firewall
	Exited                      // its process is gone: proven by its own farewell, by this machine's kernel, or by a newer process of its name
)

// Server is another game server.
type Server struct {
	Name     string
	Presence Presence
	Gone     time.Duration // when it went, where it is no member
	Came     time.Duration // when this process of it came, where it is one
}

// Fleet is one view of the game servers. It does not change once a Machine has seen it.
type Fleet struct {
	Servers   []Server       // all but this one, by name; those that are missing too
	Quorum    bool           // this server belongs to the part of the fleet that may decide
	Apart     bool           // half or more of the game servers that it sees do not answer it: it may have the quorum by routers that reach others, too
	Since     time.Duration  // of Quorum: when it last became true
	Settled   time.Duration  // when a game server last came, went or changed
	Woke      time.Duration  // when this process last woke from a pause; 0: never. A Machine that is made later must know
	Draining  bool           // this server hands off its rooms and takes no others
	Placement *placement.Set // of the serving game servers
	// Went are those whose processes have ended or went missing in the last minutes, and when; some are back. Whole is Placement with the silent
	// servers; nil: any room may be theirs.
	Went  []Server
	Whole *placement.Set
}

// presence is what is known of server.
func (f *Fleet) presence(server string) Presence {
	s, _ := f.find(server)
	return s.Presence
}

func (f *Fleet) find(server string) (Server, bool) {
	i, ok := slices.BinarySearchFunc(f.Servers, server, func(s Server, name string) int { return strings.Compare(s.Name, name) })
	if !ok {
		return Server{Name: server}, false
	}
	return f.Servers[i], true
}

// present are the names of the servers that can be asked.
func (f *Fleet) present() (names []string) {
	for _, s := range f.Servers {
		if s.Presence == Present || s.Presence == CutOff {
			names = append(names, s.Name)
		}
	}
	return names
}

// missing counts the servers that went without proof after since. Before it had the quorum, this server could not know when.
func (f *Fleet) missing(since time.Duration) (n int) {
	for _, s := range f.Servers {
		if (s.Presence == Unreachable || s.Presence == Refused) && max(s.Gone, f.Since) > since {
			n++
		}
	}
	return n
}

// hidden reports whether a server may have restarted where this one does not see it: a cut hides it, and the end that is known
// is that of its earlier process. Those in ended have not.
func (f *Fleet) hidden(ended []string) bool {
	return slices.ContainsFunc(f.Servers, func(s Server) bool { return s.Presence == Exited && !slices.Contains(ended, s.Name) })
}

// mute counts the servers that fell silent after since, so that nothing tells whether they are gone.
func (f *Fleet) mute(since time.Duration) (n int) {
	for _, s := range f.Servers {
		if s.Presence == Unreachable && max(s.Gone, f.Since) > since {
			n++
		}
	}
	return n
}

// mayHide reports whether silent servers may have the only copies of room, so that nobody who can be asked knows of it. A silent server leads
// rooms that it is the home of, or the standby after a takeover. The replicas of these are elsewhere, unless as many others as stand
// by have gone too, or may have gone before this server could see it.
func (f *Fleet) mayHide(room proto.RoomID, standbys int) bool {
	return slices.ContainsFunc(f.Servers, func(s Server) bool {
		if s.Presence != Unreachable {
			return false
		}
		others := map[string]bool{}
		for _, w := range f.Went {
			if w.Name != s.Name && w.Gone >= s.Gone-aloneTime {
				others[w.Name] = true
			}
		}
		return (len(others) >= standbys || f.Since > s.Gone-aloneTime) &&
			(f.Whole == nil || slices.Contains(f.Whole.Order(nil, string(room), 1+standbys), s.Name))
	})
}

// home is the server that creates room: the first in its order that is not draining. Empty: there is none.
func (f *Fleet) home(room proto.RoomID, self string) string {
	for _, s := range f.Placement.Order(nil, string(room), 2) {
		if s != self || !f.Draining {
			return s
		}
	}
	return ""
}

// first is the one of two servers that goes first when both want the same room. It is the room's order of just these
// two, without weights, so that it depends on nothing in which two servers' views may differ.
func first(room proto.RoomID, a, b string) string {
	home, _ := placement.New([]placement.Server{{Name: a}, {Name: b}}).Home(string(room))
	return home
}
