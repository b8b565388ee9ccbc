package match

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
	"github.com/ringside-go/ringside/router/internal/servers"
)

const (
	// listPage is the size of a page of rooms; servers give no larger ones.
	listPage = 500
	// maxListPages bounds the pages of one server. It may lead 4,096 rooms before it refuses to take replicas.
	maxListPages = 16
)

// lister lists the rooms of quick match: only when somebody looks for a match, and once for all who look at the same time. It
// has no goroutine between requests. Rooms with names of their own are not listed.
type lister struct {
	table  *lookup.Table
	client *servers.Client

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

func newLister(table *lookup.Table, c *servers.Client) *lister {
	return &lister{table: table, client: c}
}

// get gives lists that are at most maxAge old. It blocks while servers are asked.
func (l *lister) get(maxAge time.Duration) *openRooms {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.last != nil && time.Since(l.last.at) <= maxAge {
		return l.last
	}
	all := &openRooms{at: time.Now()}
	for _, m := range servers.In(l.table.Fleet().View) {
		all.servers = append(all.servers, serverRooms{member: m})
	}
	servers.ForEach(len(all.servers), func(i int) {
		s := &all.servers[i]
		s.rooms, _ = l.list(s.member) // of a server that fails, the rooms so far: the others cannot be entered now
	})
	l.last = all
	return all
}

// list gives the rooms of quick match that m leads and that take newcomers.
func (l *lister) list(m membership.Member) (rooms []report.RoomInfo, err error) {
	after := proto.RoomID(ticket.MatchPrefix)
	for range maxListPages {
		var page report.RoomPage
		path := fmt.Sprintf("/v1/server/rooms?limit=%d&after=%s", listPage, url.QueryEscape(string(after)))
		if err := l.client.Get(context.Background(), m, path, &page); err != nil {
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
