package server

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// ask answers a GET of path without a socket.
func (n *Server) ask(t *testing.T, path string, v any) (status, size int) {
	t.Helper()
	rec := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1"+path, nil)
	r.RemoteAddr = "127.0.0.1:1"
	n.clientHTTP.Handler.ServeHTTP(rec, r)
	if v != nil && rec.Code == http.StatusOK {
		if err := json.Unmarshal(rec.Body.Bytes(), v); err != nil {
			t.Fatalf("%s: %v", path, err)
		}
	}
	return rec.Code, rec.Body.Len()
}

// The summary keeps its size, and lists are bounded, however many rooms there are. All pages together are all rooms, by id.
func TestReportsAreBounded(t *testing.T) {
	n, err := New(config("a"), idles(nil))
	if err != nil {
		t.Fatal(err)
	}
	stop := launch(n)
	defer func() {
		if err := stop(ErrKilled); err != nil {
			t.Error(err)
		}
	}()
	await(t, "it is ready", func() bool { return n.ready.Load() })
	var empty report.Summary
	_, least := n.ask(t, "/v1/server", &empty)
	if empty.Rooms != 0 || empty.Name != "a" || empty.Boot == "" {
		t.Errorf("got %+v", empty)
	}

	const rooms = 150
	var want []proto.RoomID
	for i := range rooms {
		id := proto.RoomID(fmt.Sprintf("room-%d", i))
		want = append(want, id)
		spec, _, err := n.newAdmission(nil).read(id, proto.Hello{Ticket: sign(t, ticket.Claims{Room: id})}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := n.registry.Enter(t.Context(), spec, room.Join{Player: "p", Client: deaf{}}); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(want)
	var full report.Summary
	if _, size := n.ask(t, "/v1/server", &full); full.Rooms != rooms || size > least+40 {
		t.Errorf("with %d rooms the summary has %d bytes, without %d: %+v", rooms, size, least, full)
	}
	for _, limit := range []int{1, 2, 7, rooms - 1, rooms, rooms + 1, maxPage} {
		var got []proto.RoomID
		for after := proto.RoomID(""); ; {
			var page report.RoomPage
			n.ask(t, fmt.Sprintf("/v1/server/rooms?limit=%d&after=%s", limit, after), &page)
			if len(page.Rooms) > limit {
				t.Fatalf("a page of %d has %d rooms", limit, len(page.Rooms))
			}
			for _, r := range page.Rooms {
				got = append(got, r.Room)
			}
			if after = page.Next; after == "" {
				break
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("pages of %d give %v", limit, got)
		}
	}
	var page report.RoomPage
	if n.ask(t, "/v1/server/rooms", &page); len(page.Rooms) != defaultPage || page.Next == "" {
		t.Errorf("without a limit a page has %d rooms", len(page.Rooms))
	}
	var d report.Details
	if n.ask(t, "/v1/server/details?rooms=5", &d); len(d.Rooms) != 5 || !d.More || d.Rooms[4].Room != want[4] || d.Sees == nil || d.Boot != full.Boot {
		t.Errorf("got %+v", d)
	}
	seen := fmt.Sprintf("/v1/server/details?boot=%s&view=%d", d.Boot, d.View)
	d = report.Details{}
	if n.ask(t, seen, &d); d.Sees != nil {
		t.Errorf("a view that is known is told again: %+v", d.Sees)
	}
	other := fmt.Sprintf("/v1/server/details?boot=other&view=%d", d.View)
	d = report.Details{}
	if n.ask(t, other, &d); d.Sees == nil {
		t.Error("the view of another process is taken for this one's")
	}
	var one report.RoomInfo
	await(t, "the player of room-7 is reported, after a tick", func() bool {
		status, _ := n.ask(t, "/v1/server/rooms/room-7", &one)
		return status == http.StatusOK && one.Room == "room-7" && one.Connected == 1
	})
	for path, want := range map[string]int{
		"/v1/server/rooms/nowhere":      http.StatusNotFound,
		"/v1/server/rooms?limit=0":      http.StatusBadRequest,
		"/v1/server/rooms?limit=501":    http.StatusBadRequest,
		"/v1/server/rooms?limit=x":      http.StatusBadRequest,
		"/v1/server/details?rooms=501":  http.StatusBadRequest,
		"/v1/server/details?view=-1":    http.StatusBadRequest,
		"/v1/server/details?events=x":   http.StatusBadRequest,
		"/v1/server/details?events=":    http.StatusOK,
		"/v1/server/rooms?after=room-x": http.StatusOK,
	} {
		if status, _ := n.ask(t, path, nil); status != want {
			t.Errorf("%s answers %d, want %d", path, status, want)
		}
	}
}
