package resultsapi

import (
	"math"
	"net/http"

	"github.com/ringside-go/ringside/router/internal/results"
)

// player reads the matches of a player, the newest first.
func (a *API) player(r *request) error {
	player, ok := r.self(r.PathValue("player"))
	if !ok {
		return refuse(http.StatusForbidden, "only that player and operators may read a player's matches; send the player's identity token, or Authorization: Guest SECRET")
	}
	before, err := r.number("before", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	limit, err := r.number("limit", pageDefault, results.MaxPage)
	if err != nil {
		return err
	}
	list, err := a.config.Store.Player(r.Context(), player, before, int(limit))
	if err != nil {
		return err
	}
	return r.page(list, 0)
}

// boardDoc is a declared board.
type boardDoc struct {
	Name    string `json:"name"`
	Game    string `json:"game"`
	Keep    string `json:"keep"`
	Order   string `json:"order"` // which score is the first: high or low
	Every   string `json:"every"` // when it begins anew: never, year, month or week
	Current string `json:"current"`
}

func (a *API) boards(r *request) error {
	list := []boardDoc{}
	for _, b := range a.config.Store.Boards() {
		doc := boardDoc{b.Name, b.Game, string(b.Keep), "high", string(b.Season), a.config.Store.Current(b)}
		if b.Low {
			doc.Order = "low"
		}
		if b.Season == results.Always {
			doc.Every = "never"
		}
		list = append(list, doc)
	}
	return r.json(struct {
		Boards []boardDoc `json:"boards"`
	}{list})
}

func (a *API) board(r *request) error {
	limit, err := r.number("limit", pageDefault, results.MaxPage)
	if err != nil {
		return err
	}
	around := r.query.Get("around")
	if around != "" {
		var ok bool
		if around, ok = r.self(around); !ok {
			return refuse(http.StatusForbidden, "around must be the caller; send the player's identity token, or Authorization: Guest SECRET")
		}
	}
	page, err := a.config.Store.Standings(r.Context(), r.PathValue("board"), r.query.Get("season"), around, int(limit))
	if err != nil {
		return err
	}
	r.showStandings(page.Rows)
	return r.json(page)
}
