package results

import (
	"fmt"
	"math"
	"regexp"

	"github.com/ringside-go/ringside/internal/outcome"
)

// Board is a leaderboard of one game.
type Board struct {
	Name   string // as a room id: letters, digits, '.', '_', '-'
	Game   string
	Keep   Keep
	Season Season
	Low    bool // the lowest score is the first, as in a race against the clock
}

// Keep is how a player's scores make one.
type Keep string

// The ways.
const (
	Best Keep = "best"
	Sum  Keep = "sum"
	Last Keep = "last"
	Elo  Keep = "elo" // of places, not scores: from 1000, at most 32 points a match
)

// Season is how long a board goes on before it begins anew, by UTC.
type Season string

// The seasons and the names of one.
const (
	Always  Season = ""      // "all"
	Yearly  Season = "year"  // "2026"
	Monthly Season = "month" // "2026-11"
	Weekly  Season = "week"  // "2026-W48", ISO 8601
)

var boardName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`)

func (b Board) validate() error {
	switch b.Keep {
	case Best, Sum, Last, Elo:
	default:
		return fmt.Errorf("board %q keeps %q; use best, sum, last or elo", b.Name, b.Keep)
	}
	if b.Low && b.Keep == Elo {
		return fmt.Errorf("board %q keeps elo, where more is always better; leave out low", b.Name)
	}
	if _, ok := seasons[b.Season]; !ok {
		return fmt.Errorf("board %q has season %q; use week, month, year, or none", b.Name, b.Season)
	}
	if !boardName.MatchString(b.Name) || b.Game == "" {
		return fmt.Errorf("board %q of game %q: a name has 1 to 64 letters, digits, '.', '_' and '-', and a game is needed", b.Name, b.Game)
	}
	return nil
}

// boardKey names a row of a board.
type boardKey struct {
	Board  string `json:"board"`
	Season string `json:"season"`
	Player string `json:"player"`
}

// boardRow is one player's row.
type boardRow struct {
	boardKey
	Alias   string  `json:"alias"`
	Name    string  `json:"name"`
	Score   float64 `json:"score"`
	Matches int64   `json:"matches"`
}

// apply plays an outcome into a board's rows, which hold those of all its players that have one.
func (b Board) apply(rows map[boardKey]*boardRow, o *outcome.Outcome, at int64) {
	if o.Game != b.Game {
		return
	}
	season := b.season(at)
	var players []*boardRow
	var results []outcome.Result
	for _, r := range o.Results {
		if r.Player == "" {
			continue // nobody that could be found again
		}
		k := boardKey{b.Name, season, r.Player}
		row := rows[k]
		if row == nil {
			row = &boardRow{boardKey: k}
			rows[k] = row
		}
		if row.Matches == 0 && b.Keep == Elo {
			row.Score = eloStart
		}
		row.Alias, row.Name = r.Alias, r.Name
		players, results = append(players, row), append(results, r)
	}
	change := make([]float64, len(players))
	if b.Keep == Elo {
		change = elo(players, results)
	}
	for n, row := range players {
		score := float64(results[n].Score)
		switch {
		case b.Keep == Elo:
			row.Score += change[n]
		case b.Keep == Sum:
			row.Score += score
		case b.Keep == Last || row.Matches == 0:
			row.Score = score
		case b.Low:
			row.Score = min(row.Score, score)
		default:
			row.Score = max(row.Score, score)
		}
		row.Matches++
	}
}

const (
	eloStart = 1000
	eloMost  = 32
)

// elo counts a match of several players as one match of each pair, each with the weight that makes eloMost the most that
// one player can win or lose. https://en.wikipedia.org/wiki/Elo_rating_system
func elo(players []*boardRow, results []outcome.Result) []float64 {
	change := make([]float64, len(players))
	for i := range players {
		for j := range players {
			if players[i] == players[j] {
				continue
			}
			won := 0.5
			if results[i].Place != results[j].Place {
				won = 0
				if results[i].Place < results[j].Place {
					won = 1
				}
			}
			expected := 1 / (1 + math.Pow(10, (players[j].Score-players[i].Score)/400))
			change[i] += eloMost * (won - expected) / float64(len(players)-1)
		}
	}
	return change
}
