package gateway

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

const (
	// listPage is the size of a page of rooms; servers give no larger ones.
	listPage = 500
	// maxListPages bounds the pages of one server. It may lead 4,096 rooms before it refuses to take replicas.
	maxListPages = 16
)

// roomLister lists the rooms of quick match: only when somebody looks for a match, and once for all who look at the same time. It
// has no goroutine between requests. Rooms with names of their own are not listed.
type roomLister struct {
	table *lookup.Table
	asker *asker

	mu   sync.Mutex // held while servers are asked
	last *openRooms
}

// openRooms are the rooms of quick match of all servers that answered, immutable.
type openRooms struct {
	at      time.Time
	servers []serverRooms
}

type serverRooms struct {
	member membership.Member
	rooms  []report.RoomInfo
}

func newRoomLister(table *lookup.Table, a *asker) *roomLister {
	return &roomLister{table: table, asker: a}
}

// get gives lists that are at most maxAge old. It blocks while servers are asked.
func (l *roomLister) get(maxAge time.Duration) *openRooms {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != nil && time.Since(l.last.at) <= maxAge {
		return l.last
	}
	all := &openRooms{at: time.Now()}
	for _, m := range gameServers(l.table.Fleet().View) {
		all.servers = append(all.servers, serverRooms{member: m})
	}
	forEach(len(all.servers), func(i int) {
		s := &all.servers[i]
		s.rooms, _ = l.list(s.member) // of a server that fails, the rooms so far: the others cannot be entered now
	})
	l.last = all
	return all
}

// list gives the rooms of quick match that m leads and that take newcomers.
func (l *roomLister) list(m membership.Member) (rooms []report.RoomInfo, err error) {
	after := proto.RoomID(ticket.MatchPrefix)
	for range maxListPages {
		var page report.RoomPage
		path := fmt.Sprintf("/v1/server/rooms?limit=%d&after=%s", listPage, url.QueryEscape(string(after)))
		if err := l.asker.get(context.Background(), m, path, &page); err != nil {
			return rooms, err
		}
		for _, r := range page.Rooms {
			if !strings.HasPrefix(string(r.Room), ticket.MatchPrefix) {
				return rooms, nil
			}
			if !r.Locked {
				rooms = append(rooms, r)
			}
		}
		if page.Next <= after { // none, or a server that would have us ask for ever
			return rooms, nil
		}
		after = page.Next
	}
	return rooms, nil
}

// leader asks all game servers who leads room. It may block for askTimeout for each askWidth of them.
func (f *Gateway) leader(room proto.RoomID) (membership.Member, bool) {
	all := gameServers(f.table.Fleet().View)
	leads := make([]bool, len(all))
	forEach(len(all), func(i int) {
		var r report.RoomInfo
		leads[i] = f.asker.get(context.Background(), all[i], "/v1/server/rooms/"+string(room), &r) == nil
	})
	for i, m := range all {
		if leads[i] {
			return m, true
		}
	}
	return membership.Member{}, false
}
