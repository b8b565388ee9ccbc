package gateway

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
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

// lists gives lists of rooms. Servers are asked on demand, each for one page, and once for all who ask the same within listAge.
type lists struct {
	ask func(q listQuery) roomsDoc

	mu   sync.Mutex
	kept map[string]*keptList
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
		return q, badQuery("limit", fmt.Errorf("%.20q is not a number from 1 to %d", v.Get("limit"), maxList))
	}
	if game := v.Get("game"); game != "" {
		if _, err := proto.ParseGameName(game); err != nil {
			return q, badQuery("game", err)
		}
	}
	if after := v.Get("after"); after != "" {
		if _, err := proto.ParseRoomID(after); err != nil {
			return q, badQuery("after", err)
		}
	}
	if _, err := where.Parse(v["where"]); err != nil {
		return q, badQuery("where", err)
	}
	conditions := slices.Sorted(slices.Values(v["where"]))
	q.key = url.Values{"listed": {""}, "limit": {strconv.Itoa(q.limit)}, "game": {v.Get("game")}, "after": {v.Get("after")}, "where": conditions}.Encode()
	return q, nil
}

func badQuery(name string, err error) error {
	return problemf(http.StatusBadRequest, "query %q: %v", name, err)
}

// get gives the JSON of a list that is at most listAge old. It blocks while servers are asked.
func (l *lists) get(q listQuery) []byte {
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
		k.body, _ = json.Marshal(l.ask(q)) // it has our own types, and what servers put into it was JSON
	}
	return k.body
}

// askLists asks all game servers for their first rooms of q. Rooms of servers that do not answer are left out: they cannot be entered now.
func (f *Gateway) askLists(q listQuery) roomsDoc {
	servers := gameServers(f.table.Fleet().View)
	pages := make([]roomsDoc, len(servers))
	forEach(len(servers), func(i int) {
		_ = f.asker.get(context.Background(), servers[i], "/v1/server/rooms?"+q.key, &pages[i])
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

// getRooms lists the rooms whose games want to be listed: GET /v1/rooms?game=&where=&after=&limit=, also as server-sent events.
func (f *Gateway) getRooms(w http.ResponseWriter, r *http.Request) error {
	q, err := readList(r)
	if err != nil {
		return err
	}
	if err := f.mayLook(r); err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return f.streamRooms(w, r, q)
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write(append(slices.Clip(f.lists.get(q)), '\n'))
	return nil
}

// mayLook bounds the questions of one address for which servers are asked.
func (f *Gateway) mayLook(r *http.Request) error {
	if wait, ok := f.limits.lookups.Take(remote(r)); !ok {
		return tooMany(wait, "this address looked for too many rooms, over %d a minute; wait %v", f.config.Quotas.LookupsPerAddress, wait.Round(time.Second))
	}
	return nil
}

// streamRooms sends the list, and again whenever it has changed.
func (f *Gateway) streamRooms(w http.ResponseWriter, r *http.Request, q listQuery) error {
	free, err := f.gate.Stream(r)
	if err != nil {
		return tryLater("%v", err)
	}
	defer free()
	eventStream(w)
	if r.Method == http.MethodHead {
		return nil
	}
	s := sender{w, http.NewResponseController(w)}
	tick := time.NewTicker(listAge)
	defer tick.Stop()
	var shown []byte
	var spoke time.Time
	for {
		switch now := f.lists.get(q); {
		case !bytes.Equal(now, shown):
			shown, spoke = now, time.Now()
			err = s.send(slices.Concat([]byte("event: rooms\ndata: "), now, []byte("\n\n")))
		case time.Since(spoke) >= listBeat:
			spoke, err = time.Now(), s.send([]byte(":\n\n"))
		}
		if err != nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-r.Context().Done():
			return nil
		case <-f.ending.Done():
			return nil
		}
	}
}

// lives says whether a room lives. It asks the room's home and then, where that does not lead it, all other servers; known is false when one of
// them did not answer, and none leads it.
func (f *Gateway) lives(ctx context.Context, room proto.RoomID) (live, known bool) {
	fleet := f.table.Fleet()
	home, _ := fleet.Home(room)
	var info report.RoomInfo
	path := "/v1/server/rooms/" + string(room)
	if home.Name != "" && f.asker.get(ctx, home, path, &info) == nil {
		return true, true
	}
	servers := gameServers(fleet.View)
	errs := make([]error, len(servers))
	forEach(len(servers), func(i int) {
		var info report.RoomInfo
		errs[i] = f.asker.get(ctx, servers[i], path, &info)
	})
	known = true
	for _, err := range errs {
		if err == nil {
			return true, true
		}
		known = known && errors.Is(err, errNotFound)
	}
	return false, known
}
