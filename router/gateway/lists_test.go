package gateway

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
)

func ids(d roomsDoc) (all []string) {
	for _, r := range d.Rooms {
		all = append(all, string(r.Room))
	}
	return all
}

// A list is merged from all servers, by id and page by page; what is asked reaches them.
func TestListOfRooms(t *testing.T) {
	a, b := newFakeServer(t, "game-a"), newFakeServer(t, "game-b")
	var of [2][]report.RoomInfo
	for i := range 7 {
		of[i%2] = append(of[i%2], reported("room-", fmt.Sprint(i), i, 8))
	}
	a.lead(of[0]...)
	b.lead(append(of[1], reported("room-", "6", 6, 8))...) // it moves from one to the other
	f := newTestFront(t, nil, a.member(), b.member())
	var got []string
	next := proto.RoomID("")
	for range 10 {
		d := into[roomsDoc](t, f.call(t, "GET", "/v1/rooms?game=arena&limit=3&where=level>=5&where=map=ruins&after="+string(next), ""), 200)
		if got = append(got, ids(d)...); d.Next == "" {
			break
		}
		next = d.Next
	}
	if want := []string{"room-0", "room-1", "room-2", "room-3", "room-4", "room-5", "room-6"}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if q := a.query; !q.Has("listed") || q.Get("game") != "arena" || !slices.Equal(q["where"], []string{"level>=5", "map=ruins"}) || q.Get("limit") != "3" {
		t.Errorf("the server was asked %v", q)
	}
	asked := a.lists
	f.call(t, "GET", "/v1/rooms?game=arena&limit=3&where=map=ruins&where=level>=5&after="+string(next), "")
	if a.lists != asked {
		t.Error("the servers were asked the same again")
	}
	if empty := into[roomsDoc](t, f.call(t, "GET", "/v1/rooms?after=zzz", ""), 200); empty.Rooms == nil || len(empty.Rooms) > 0 {
		t.Errorf("no rooms are %v", empty)
	}
}

func TestBadLists(t *testing.T) {
	f := newTestFront(t, func(c *Config) { c.Quotas.LookupsPerAddress = 10 }, fleetOf(1)...)
	for query, want := range map[string]string{
		"limit=0": "a number from 1 to 100", "limit=101": "a number from 1 to 100", "game=a/b": `query "game"`, "after=-": `query "after"`, "where=level": `query "where"`,
	} {
		checkProblem(t, f.call(t, "GET", "/v1/rooms?"+query, ""), 400, want)
	}
	for range 10 {
		f.call(t, "GET", "/v1/rooms", "")
	}
	checkProblem(t, f.call(t, "GET", "/v1/rooms", ""), 429, "over 10 a minute")
	checkProblem(t, f.call(t, "GET", "/v1/rooms/x?live", ""), 429, "over 10 a minute")
}

// A stream begins with the list and repeats it when it is another one.
func TestStreamOfRooms(t *testing.T) {
	s := newFakeServer(t, "game-1")
	s.lead(reported("room-", "1", 1, 8))
	f := newTestFront(t, nil, s.member())
	ctx, cancel := context.WithTimeout(context.Background(), testTimeout)
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
	next := func() (d roomsDoc) {
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
	s.lead(reported("room-", "1", 2, 8), reported("room-", "2", 1, 8))
	if d := next(); !slices.Equal(ids(d), []string{"room-1", "room-2"}) || d.Rooms[0].Players != 2 {
		t.Errorf("then %+v", d)
	}
}

// Who must not create a room hears that there is none, and whoever asks hears whether a room lives.
func TestRoomMustExist(t *testing.T) {
	s, other := newFakeServer(t, "game-1"), newFakeServer(t, "game-2")
	s.lead(reported("here", "", 1, 8))
	f := newTestFront(t, nil, s.member(), other.member())
	a := into[admission](t, f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"here","create":false}`), 201)
	if c := claims(t, a); !c.Exists || c.Creates() {
		t.Errorf("the ticket %+v creates the room", c)
	}
	if c := claims(t, into[admission](t, f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":true}`), 201)); !c.Creates() {
		t.Errorf("the ticket %+v creates no room", c)
	}
	checkProblem(t, f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":false}`), 404, "there is no room gone")
	checkProblem(t, f.call(t, "POST", "/v1/rooms", `{"game":"arena","create":false}`), 400, "name it")
	checkProblem(t, f.call(t, "POST", "/v1/match", `{"game":"arena","create":false}`), 400, "leave out")
	live := func(path string) *bool { return into[place](t, f.call(t, "GET", path, ""), 200).Live }
	if l := live("/v1/rooms/here?live"); l == nil || !*l {
		t.Error("the room lives, and that is not said")
	}
	if l := live("/v1/rooms/gone?live"); l == nil || *l {
		t.Error("there is no such room, and that is not said")
	}
	if live("/v1/rooms/here") != nil {
		t.Error("servers were asked though nobody wanted to know")
	}
	other.Close()
	if live("/v1/rooms/gone?live") != nil {
		t.Error("a server does not answer, and yet it is known that the room does not live")
	}
	checkProblem(t, f.call(t, "POST", "/v1/rooms", `{"game":"arena","room":"gone","create":false}`), 503, "did not answer")
}
