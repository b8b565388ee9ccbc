package goclient

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// RoomQuery says which rooms Rooms lists. The zero RoomQuery is the first rooms of all games.
type RoomQuery struct {
	Game  proto.GameName
	Where []string     // conditions that must all hold of a room's properties: a name, one of = != < <= > >=, and a value, as in level>=5
	After proto.RoomID // RoomPage.Next of the page before
	Limit int          // most rooms, up to 100; 0: 50
}

// ListedRoom is a room that its game lists.
type ListedRoom struct {
	Room       proto.RoomID   `json:"room"`
	Game       proto.GameName `json:"game"`
	Players    int            `json:"players"` // seats that are taken
	Seats      int            `json:"seats"`
	Spectators int            `json:"spectators"`
	Properties map[string]any `json:"properties"` // strings, bools and float64s
}

// RoomPage is some rooms, by id.
type RoomPage struct {
	Rooms []ListedRoom `json:"rooms"`
	Next  proto.RoomID `json:"next"` // for RoomQuery.After; empty: there are no more
}

// maxList bounds the answer of Rooms in bytes: 100 rooms of up to 2 KiB.
const maxList = 256 << 10

// Rooms lists rooms of the games that want to be listed (game.Settings.Listed), as the router at base URL router knows them within a second. A
// refusal is a *Problem.
func Rooms(ctx context.Context, router string, q RoomQuery) (page RoomPage, err error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	v := url.Values{"where": q.Where, "game": {string(q.Game)}, "after": {string(q.After)}}
	if q.Limit != 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(router, "/")+"/v1/rooms?"+v.Encode(), nil)
	if err != nil {
		return page, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return page, fmt.Errorf("router: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxList))
	switch {
	case err != nil:
	case resp.StatusCode != http.StatusOK:
		err = problemOf(resp, answer)
	default:
		err = json.Unmarshal(answer, &page)
	}
	if err != nil {
		return page, fmt.Errorf("router: %w", err)
	}
	return page, nil
}
