// Package listing answers GET /v1/rooms: the rooms whose games want to be listed, once or as server-sent events. Servers are asked on
// demand, each for one page, and once for all who ask the same within a second.
package listing

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
	"github.com/ringside-go/ringside/router/internal/servers"
)

const (
	// listAge is how old a list may be, and how often a stream of one is brought up to date.
	listAge  = time.Second
	listBeat = 15 * time.Second // the longest time without a word in a stream
	// defaultList and maxList bound the rooms of a list.
	defaultList = 50
	maxList     = 100
	// maxLists bounds the lists that are kept for who asks the same.
	maxLists = 256
)

// listedRoom is a room as strangers see it, if its game lists it.
type listedRoom struct {
	Room       proto.RoomID   `json:"room"`
	Game       proto.GameName `json:"game"`
	Players    int            `json:"players"`
	Seats      int            `json:"seats"`
	Spectators int            `json:"spectators"`
	Properties map[string]any `json:"properties,omitempty"`
}

// roomsDoc is the answer to GET /v1/rooms: rooms by id.
type roomsDoc struct {
	Rooms []listedRoom `json:"rooms"`
	Next  proto.RoomID `json:"next,omitempty"` // the after of the next page; empty: there are no more rooms
}

// Listing has the handler.
type Listing struct {
	table  *lookup.Table
	client *servers.Client
	limits *access.Limits
	gate   *edge.Gate
	ending context.Context // streams end with it

	mu   sync.Mutex
	kept map[string]*keptList
}

// New makes a Listing, which asks the servers by c. Its streams end with ending.
func New(ending context.Context, table *lookup.Table, c *servers.Client, limits *access.Limits, gate *edge.Gate) *Listing {
	return &Listing{table: table, client: c, limits: limits, gate: gate, ending: ending, kept: map[string]*keptList{}}
}

// keptList is the newest answer to a query.
type keptList struct {
	mu   sync.Mutex // held while servers are asked
	at   time.Time
	body []byte // of a roomsDoc; immutable
}

// listQuery is what a list is of, and key the same as one text, which servers are asked with.
type listQuery struct {
	key   string
	limit int
}

func readList(r *http.Request) (q listQuery, err error) {
	v := r.URL.Query()
	if q.limit, err = strconv.Atoi(cmp.Or(v.Get("limit"), strconv.Itoa(defaultList))); err != nil || q.limit < 1 || q.limit > maxList {
		return q, api.BadQuery("limit", fmt.Errorf("%.20q is not a number from 1 to %d", v.Get("limit"), maxList))
	}
	if game := v.Get("game"); game != "" {
		if _, err := proto.ParseGameName(game); err != nil {
			return q, api.BadQuery("game", err)
		}
	}
	if after := v.Get("after"); after != "" {
		if _, err := proto.ParseRoomID(after); err != nil {
			return q, api.BadQuery("after", err)
		}
	}
	if _, err := where.Parse(v["where"]); err != nil {
		return q, api.BadQuery("where", err)
	}
	conditions := slices.Sorted(slices.Values(v["where"]))
	q.key = url.Values{"listed": {""}, "limit": {strconv.Itoa(q.limit)}, "game": {v.Get("game")}, "after": {v.Get("after")}, "where": conditions}.Encode()
	return q, nil
}

// get gives the JSON of a list that is at most listAge old. It blocks while servers are asked.
func (l *Listing) get(q listQuery) []byte {
	l.mu.Lock()
	k := l.kept[q.key]
	if k == nil {
		if len(l.kept) >= maxLists {
			clear(l.kept)
		}
		k = &keptList{}
		l.kept[q.key] = k
	}
	l.mu.Unlock()
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.body == nil || time.Since(k.at) > listAge {
		k.at = time.Now()
		k.body, _ = json.Marshal(l.askAll(q)) // it has our own types, and what servers put into it was JSON
	}
	return k.body
}

// askAll asks all game servers for their first rooms of q. Rooms of servers that do not answer are left out: they cannot be entered now.
func (l *Listing) askAll(q listQuery) roomsDoc {
	all := servers.In(l.table.Fleet().View)
	pages := make([]roomsDoc, len(all))
	servers.ForEach(len(all), func(i int) {
		_ = l.client.Get(context.Background(), all[i], "/v1/server/rooms?"+q.key, &pages[i])
	})
	doc, more := roomsDoc{Rooms: []listedRoom{}}, false
	for _, p := range pages {
		doc.Rooms = append(doc.Rooms, p.Rooms...)
		more = more || p.Next != ""
	}
	slices.SortStableFunc(doc.Rooms, func(a, b listedRoom) int { return cmp.Compare(a.Room, b.Room) })
	doc.Rooms = slices.CompactFunc(doc.Rooms, func(a, b listedRoom) bool { return a.Room == b.Room }) // one that moves just now
	if len(doc.Rooms) > q.limit {
		doc.Rooms, more = doc.Rooms[:q.limit], true
	}
	if more && len(doc.Rooms) > 0 {
		doc.Next = doc.Rooms[len(doc.Rooms)-1].Room
	}
	return doc
}

// GetRooms lists the rooms whose games want to be listed: GET /v1/rooms?game=&where=&after=&limit=, also as server-sent events.
func (l *Listing) GetRooms(w http.ResponseWriter, r *http.Request) error {
	q, err := readList(r)
	if err != nil {
		return err
	}
	if err := l.limits.TakeLookup(r); err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return l.streamRooms(w, r, q)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(slices.Clip(l.get(q)), '\n'))
	return nil
}

// streamRooms sends the list, and again whenever it has changed.
func (l *Listing) streamRooms(w http.ResponseWriter, r *http.Request, q listQuery) error {
	free, err := l.gate.Stream(r)
	if err != nil {
		return api.TryLater("%v", err)
	}
	defer free()
	s := api.NewStream(w)
	if r.Method == http.MethodHead {
		return nil
	}
	tick := time.NewTicker(listAge)
	defer tick.Stop()
	var shown []byte
	var spoke time.Time
	for {
		switch now := l.get(q); {
		case !bytes.Equal(now, shown):
			shown, spoke = now, time.Now()
			err = s.Send(slices.Concat([]byte("event: rooms\ndata: "), now, []byte("\n\n")))
		case time.Since(spoke) >= listBeat:
			spoke, err = time.Now(), s.Send([]byte(":\n\n"))
		}
		if err != nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		case <-l.ending.Done():
			return nil
		}
	}
}
