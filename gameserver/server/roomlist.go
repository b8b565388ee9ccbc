package server

import (
	"cmp"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/registry"
	"github.com/ringside-go/ringside/gameserver/internal/room"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
)

const (
	defaultPage = 100 // rooms of a page when the request names no limit
	// maxPage bounds the rooms of a page. A room takes about 300 bytes.
	maxPage = 500
)

// getRooms gives the rooms after the id ?after, at most ?limit of them; with ?listed only those that strangers may see and enter, of ?game,
// where all conditions ?where hold.
func (n *Server) getRooms(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	limit, err := pageLimit(query, "limit", defaultPage)
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	show, err := shown(query)
	if err != nil {
		obs.Problem(w, http.StatusBadRequest, err.Error())
		return
	}
	writeJSON(w, n.page(proto.RoomID(query.Get("after")), limit, show))
}

// getRoom gives one room that is led here.
func (n *Server) getRoom(w http.ResponseWriter, r *http.Request) {
	info, ok := n.registry.Find(proto.RoomID(r.PathValue("room")))
	if !ok {
		obs.Problem(w, http.StatusNotFound, "this server does not lead the room")
		return
	}
	writeJSON(w, describeRoom(info))
}

func (n *Server) page(after proto.RoomID, limit int, show func(*registry.Info) bool) report.RoomPage {
	infos, more := n.registry.Page(after, limit, show)
	page := report.RoomPage{Rooms: make([]report.RoomInfo, len(infos))}
	for i, info := range infos {
		page.Rooms[i] = describeRoom(info)
	}
	if more {
		page.Next = infos[len(infos)-1].ID
	}
	return page
}

// shown is which rooms a list of those that strangers see has; nil: the list is of all rooms.
func shown(query url.Values) (func(*registry.Info) bool, error) {
	if !query.Has("listed") {
		return nil, nil
	}
	conditions, err := where.Parse(query["where"])
	if err != nil {
		return nil, err
	}
	game := proto.GameName(query.Get("game"))
	return func(i *registry.Info) bool {
		return i.Listed && !i.Locked && !ticket.Private(i.ID) && (game == "" || game == i.Game) && conditions.Hold(i.Properties)
	}, nil
}

// pageLimit reads the size of a page from a query; without is what an absent one means.
func pageLimit(query url.Values, name string, without int) (int, error) {
	limit, err := strconv.Atoi(cmp.Or(query.Get(name), strconv.Itoa(without)))
	if err != nil || limit < 1 || limit > maxPage {
		return 0, fmt.Errorf("%s must be a number from 1 to %d", name, maxPage)
	}
	return limit, nil
}

func describeRoom(i registry.Info) report.RoomInfo {
	role := "leading"
	switch i.State {
	case room.HandingOver:
		role = "moving"
	case room.Suspended:
		role = "suspended"
	}
	standbys := i.Standbys
	if standbys == nil {
		standbys = []string{}
	}
	return report.RoomInfo{
		Room: i.ID, Game: i.Game, Role: role, Epoch: i.Epoch.String(), Standbys: standbys, Tick: i.Tick, TickRate: i.TickRate,
		Seats: i.Seats, Players: i.Players, Connected: i.Connected, Reserved: i.Reserved, Spectators: i.Spectators, Late: i.Late, Match: i.Match,
		Locked: i.Locked, WatchersFull: i.Spectators >= i.Watchers, Properties: i.Properties,
		Age: time.Since(i.Created).Round(time.Millisecond).Seconds(), Share: perMille(i.Share),
	}
}
