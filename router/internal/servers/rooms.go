package servers

import (
	"context"
	"errors"
	"net/http"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/report"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

// Leader asks all game servers who leads room. It may block for AskTimeout for each askWidth of them.
func (c *Client) Leader(room proto.RoomID) (membership.Member, bool) {
	all := In(c.table.Fleet().View)
	leads := make([]bool, len(all))
	ForEach(len(all), func(i int) {
		var r report.RoomInfo
		leads[i] = c.Get(context.Background(), all[i], "/v1/server/rooms/"+string(room), &r) == nil
	})
	for i, m := range all {
		if leads[i] {
			return m, true
		}
	}
	return membership.Member{}, false
}

// Lives says whether a room lives. It asks the room's home and then, where that does not lead it, all other servers; known is false when one of
// them did not answer, and none leads it.
func (c *Client) Lives(ctx context.Context, room proto.RoomID) (live, known bool) {
	fleet := c.table.Fleet()
	home, _ := fleet.Home(room)
	var info report.RoomInfo
	path := "/v1/server/rooms/" + string(room)
	if home.Name != "" && c.Get(ctx, home, path, &info) == nil {
		return true, true
	}
	all := In(fleet.View)
	errs := make([]error, len(all))
	ForEach(len(all), func(i int) {
		var info report.RoomInfo
		errs[i] = c.Get(ctx, all[i], path, &info)
	})
	known = true
	for _, err := range errs {
		if err == nil {
			return true, true
		}
		known = known && errors.Is(err, ErrNotFound)
	}
	return false, known
}

// HomeOf reads the room of a request's path, and gives its home.
func HomeOf(table *lookup.Table, r *http.Request) (proto.RoomID, membership.Member, error) {
	room, err := proto.ParseRoomID(r.PathValue("room"))
	if err != nil {
		return "", membership.Member{}, api.Problemf(http.StatusBadRequest, "%v", err)
	}
	fleet := table.Fleet()
	home, ok := fleet.Home(room)
	if !ok {
		return "", membership.Member{}, None(fleet)
	}
	return room, home, nil
}

// None is the problem that no game server is serving.
func None(fleet *lookup.Fleet) error {
	return api.TryLater("no game server is serving, of %d members in view %d; try again in a moment",
		len(fleet.View.Members), fleet.View.Version)
}
