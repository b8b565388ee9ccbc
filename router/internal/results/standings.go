package results

import (
	"context"
	"database/sql"
	"fmt"
)

// Standings is a page of a board's season.
type Standings struct {
	Board    string     `json:"board"`
	Season   string     `json:"season"`
	Previous string     `json:"previous,omitempty"` // the season before
	Rows     []Standing `json:"standings"`
}

// Standing is a player's place on a board.
type Standing struct {
	Rank    int64   `json:"rank"` // from 1; players of one score share the best
	Player  string  `json:"player,omitempty"`
	Own     bool    `json:"own,omitempty"` // the reader's; set by package resultsapi
	Alias   string  `json:"alias"`
	Name    string  `json:"name,omitempty"`
	Score   float64 `json:"score"`
	Matches int64   `json:"matches"`
}

// Boards gives the declared boards, in their order.
func (s *Store) Boards() []Board { return s.config.Boards }

// Current names the season of a board that is now.
func (s *Store) Current(b Board) string { return b.season(s.config.Now().UnixMilli()) }

// order is how a board's rows follow each other. Both orders read the index board_rows_rank, one of them backwards.
type order struct {
	by     string // ORDER BY
	above  string // condition on the rows above one with score $3 and player $4
	better string // condition on the rows with a better score than $3
}

var (
	highFirst = order{"score DESC, player", "(score > $3 OR score = $3 AND player < $4)", "score > $3"}
	lowFirst  = order{"score, player DESC", "(score < $3 OR score = $3 AND player > $4)", "score < $3"}
)

func (b Board) order() order {
	if b.Low {
		return lowFirst
	}
	return highFirst
}

// Standings gives at most limit rows of a board: the first ones, or, with around, those beside a player. An empty season is
// the one that is now.
func (s *Store) Standings(ctx context.Context, board, season, around string, limit int) (page Standings, err error) {
	b, ok := s.boards[board]
	if !ok {
		return page, fmt.Errorf("%w: there is no board %.70q", ErrUnknown, board)
	}
	page = Standings{Board: board, Season: season, Rows: []Standing{}}
	if season == "" {
		page.Season = s.Current(b)
	}
	if page.Previous, err = b.Before(page.Season); err != nil {
		return page, err
	}
	if err := checkLimit(limit); err != nil {
		return page, err
	}
	offset := int64(0)
	if around != "" {
		before, err := s.before(ctx, b, page.Season, around)
		if err != nil {
			return page, err
		}
		offset = max(0, before-int64(limit)/2)
	}
	// rank() over the whole board would read all of it; the best row's rank is one count, and the others follow.
	rows, err := s.db.QueryContext(ctx, `SELECT player, alias, name, score, matches FROM board_rows WHERE board = $1 AND season = $2
		ORDER BY `+b.order().by+` LIMIT $3 OFFSET $4`, board, page.Season, limit, offset)
	if err != nil {
		return page, wrap(err)
	}
	defer rows.Close()
	for rows.Next() {
		var st Standing
		if err := rows.Scan(&st.Player, &st.Alias, &st.Name, &st.Score, &st.Matches); err != nil {
			return page, wrap(err)
		}
		st.Rank = offset + int64(len(page.Rows)) + 1
		if n := len(page.Rows); n > 0 && page.Rows[n-1].Score == st.Score {
			st.Rank = page.Rows[n-1].Rank
		}
		page.Rows = append(page.Rows, st)
	}
	if err := rows.Err(); err != nil {
		return page, wrap(err)
	}
	if len(page.Rows) > 0 && offset > 0 {
		return page, s.correctFirst(ctx, b, page.Season, page.Rows)
	}
	return page, nil
}

// before counts the rows above a player's.
func (s *Store) before(ctx context.Context, b Board, season, player string) (n int64, err error) {
	var score sql.NullFloat64
	err = s.db.QueryRowContext(ctx, `SELECT max(score) FROM board_rows WHERE board = $1 AND season = $2 AND player = $3`,
		b.Name, season, player).Scan(&score)
	if err == nil && !score.Valid {
		return 0, fmt.Errorf("%w: player %.70q is not on board %s in season %s", ErrUnknown, player, b.Name, season)
	}
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM board_rows WHERE board = $1 AND season = $2 AND `+b.order().above,
			b.Name, season, score.Float64, player).Scan(&n)
	}
	if err != nil {
		return 0, wrap(err)
	}
	return n, nil
}

// correctFirst gives the first rows of a page the rank of others above the page that have the same score.
func (s *Store) correctFirst(ctx context.Context, b Board, season string, list []Standing) error {
	var better int64
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM board_rows WHERE board = $1 AND season = $2 AND `+b.order().better,
		b.Name, season, list[0].Score).Scan(&better)
	if err != nil {
		return wrap(err)
	}
	for n := range list {
		if list[n].Score == list[0].Score {
			list[n].Rank = better + 1
		}
	}
	return nil
}
