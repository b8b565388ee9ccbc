package listing_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/listing"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

func ids(d listing.Doc) (all []string) {
	for _, r := range d.Rooms {
		all = append(all, string(r.Room))
	}
	return all
}

// A list is merged from all servers, by id and page by page; what is asked reaches them.
func TestListOfRooms(t *testing.T) {
	a, b := fake.NewServer(t, "game-a"), fake.NewServer(t, "game-b")
	var of [2][]report.RoomInfo
	for i := range 7 {
		of[i%2] = append(of[i%2], fake.Room("room-", fmt.Sprint(i), i, 8))
	}
	a.Lead(of[0]...)
	b.Lead(append(of[1], fake.Room("room-", "6", 6, 8))...) // it moves from one to the other
	f := routertest.Start(t, nil, a.Member(), b.Member())
	var got []string
	next := proto.RoomID("")
	for range 10 {
		d := fake.Into[listing.Doc](t, f.Call(t, "GET", "/v1/rooms?game=arena&limit=3&where=level>=5&where=map=ruins&after="+string(next), ""), 200)
		if got = append(got, ids(d)...); d.Next == "" {
			break
		}
		next = d.Next
	}
	if want := []string{"room-0", "room-1", "room-2", "room-3", "room-4", "room-5", "room-6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if q := a.Query; !q.Has("listed") || q.Get("game") != "arena" || !slices.Equal(q["where"], []string{"level>=5", "map=ruins"}) || q.Get("limit") != "3" {
		t.Errorf("the server was asked %v", q)
	}
	asked := a.ListsAsked
	f.Call(t, "GET", "/v1/rooms?game=arena&limit=3&where=map=ruins&where=level>=5&after="+string(next), "")
	if a.ListsAsked != asked {
		t.Error("the servers were asked the same again")
	}
	if empty := fake.Into[listing.Doc](t, f.Call(t, "GET", "/v1/rooms?after=zzz", ""), 200); empty.Rooms == nil || len(empty.Rooms) > 0 {
		t.Errorf("no rooms are %v", empty)
	}
}

func TestBadLists(t *testing.T) {
	f := routertest.Start(t, func(c *gateway.Config) { c.Quotas.LookupsPerAddress = 10 }, fake.FleetOf(1)...)
	for query, want := range map[string]string{
		"limit=0": "a number from 1 to 100", "limit=101": "a number from 1 to 100", "game=a/b": `query "game"`, "after=-": `query "after"`, "where=level": `query "where"`,
	} {
		fake.CheckProblem(t, f.Call(t, "GET", "/v1/rooms?"+query, ""), 400, want)
	}
	for range 10 {
		f.Call(t, "GET", "/v1/rooms", "")
	}
	fake.CheckProblem(t, f.Call(t, "GET", "/v1/rooms", ""), 429, "over 10 a minute")
	fake.CheckProblem(t, f.Call(t, "GET", "/v1/rooms/x?live", ""), 429, "over 10 a minute")
}

// A stream begins with the list and repeats it when it is another one.
func TestStreamOfRooms(t *testing.T) {
	s := fake.NewServer(t, "game-1")
	s.Lead(fake.Room("room-", "1", 1, 8))
	f := routertest.Start(t, nil, s.Member())
	ctx, cancel := context.WithTimeout(context.Background(), fake.Timeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, "GET", f.URL+"/v1/rooms", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if got := resp.Header.Get("Content-Type"); got != "text/event-stream" {
		t.Errorf("it is %s", got)
	}
	lines := bufio.NewScanner(resp.Body)
	next := func() (d listing.Doc) {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				if err := json.Unmarshal([]byte(data), &d); err != nil {
					t.Fatal(err)
				}
				return d
			}
		}
		t.Fatalf("the stream ends: %v", lines.Err())
		return d
	}
	if got := ids(next()); !slices.Equal(got, []string{"room-1"}) {
		t.Errorf("first %v", got)
	}
	s.Lead(fake.Room("room-", "1", 2, 8), fake.Room("room-", "2", 1, 8))
	if d := next(); !slices.Equal(ids(d), []string{"room-1", "room-2"}) || d.Rooms[0].Players != 2 {
		t.Errorf("then %+v", d)
	}
}
