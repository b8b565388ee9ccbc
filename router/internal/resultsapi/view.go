package resultsapi

import (
	"encoding/json"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/router/internal/results"
)

// publicOutcome is an outcome as everybody but operators sees it: without identities and the game's data for its backend.
type publicOutcome struct {
	*outcome.Outcome
	Results []publicResult `json:"results"`
	Data    []byte         `json:"data,omitempty"` // always empty; in front of the outcome's
}

type publicResult struct {
	Seat  uint8  `json:"seat"`
	Own   bool   `json:"own,omitempty"` // the caller's
	Alias string `json:"alias"`
	Name  string `json:"name,omitempty"`
	Place uint8  `json:"place"`
	Score int32  `json:"score"`
}

// show gives outcomes as the caller may see them.
func (r *request) show(list []results.Stored) ([]results.Stored, error) {
	if r.caller.Operator {
		return list, nil
	}
	for n := range list {
		o, err := outcome.Parse(list[n].Body)
		if err != nil {
			return nil, err
		}
		public := publicOutcome{Outcome: o, Results: []publicResult{}}
		for _, p := range o.Results {
			public.Results = append(public.Results, publicResult{p.Seat, r.own(p.Player), p.Alias, p.Name, p.Place, p.Score})
		}
		if list[n].Body, err = json.Marshal(public); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// showStandings is show for a board.
func (r *request) showStandings(list []results.Standing) {
	for n := range list {
		list[n].Own = r.own(list[n].Player)
		if !r.caller.Operator {
			list[n].Player = ""
		}
	}
}

// own reports whether a player is the caller.
func (r *request) own(player string) bool { return player != "" && player == r.caller.Player }

// me is the word by which a player names themselves in a request, so that a page need not know an id.
const me = "me"

// self gives the player that a request names, and whether the caller may ask about that player.
func (r *request) self(name string) (player string, allowed bool) {
	if r.caller.Operator {
		return name, true
	}
	if name == me {
		name = r.caller.Player
	}
	return name, r.own(name)
}
