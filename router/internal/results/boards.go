package results

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/ringside-go/ringside/internal/outcome"
)

// score plays new outcomes into the boards.
func (w *writer) score(ctx context.Context, fresh []*item) error {
	rows := map[boardKey]*boardRow{}
	var wanted []boardKey
	for _, b := range w.store.config.Boards {
		for _, i := range fresh {
			for _, r := range i.Results {
				if i.Game == b.Game && r.Player != "" {
					wanted = append(wanted, boardKey{b.Name, b.season(w.at), r.Player})
				}
			}
		}
	}
	if len(wanted) == 0 {
		return nil
	}
	if err := w.load(ctx, rows, wanted); err != nil {
		return err
	}
	for _, b := range w.store.config.Boards {
		for _, i := range fresh {
			b.apply(rows, i.Outcome, w.at)
		}
	}
	return w.save(ctx, rows)
}

func (w *writer) load(ctx context.Context, rows map[boardKey]*boardRow, wanted []boardKey) error {
	found, err := w.tx.QueryContext(ctx, w.store.q.boardRows, array(wanted))
	if err != nil {
		return err
	}
	defer found.Close()
	for found.Next() {
		row := new(boardRow)
		if err := found.Scan(&row.Board, &row.Season, &row.Player, &row.Score, &row.Matches); err != nil {
			return err
		}
		rows[row.boardKey] = row
	}
	return found.Err()
}

func (w *writer) save(ctx context.Context, rows map[boardKey]*boardRow) error {
	var list []*boardRow
	for _, row := range rows {
		if list = append(list, row); len(list) == 1000 {
			if _, err := w.tx.ExecContext(ctx, w.store.q.boardUpsert, array(list)); err != nil {
				return err
			}
			list = list[:0]
		}
	}
	_, err := w.tx.ExecContext(ctx, w.store.q.boardUpsert, array(list))
	return err
}

// Rebuild computes a board anew from the outcomes that the store has. Writers wait meanwhile. It refuses to after retention
// has removed outcomes, because what they gave would be lost.
func (s *Store) Rebuild(ctx context.Context, board string) error {
	b, ok := s.boards[board]
	if !ok {
		return fmt.Errorf("%w: board %.70q is not declared", ErrUnknown, board)
	}
	return s.transaction(ctx, func(tx *sql.Tx) error {
		w := writer{store: s, tx: tx}
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&w.last); err != nil {
			return err
		}
		var pruned int64
		if err := tx.QueryRowContext(ctx, "SELECT pruned FROM results_sequence").Scan(&pruned); err != nil {
			return err
		}
		if pruned > 0 {
			return fmt.Errorf("%w: board %s cannot be rebuilt, because retention has removed the outcomes up to %d", ErrExpired, board, pruned)
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM board_rows WHERE board = $1", board); err != nil {
			return err
		}
		rows := map[boardKey]*boardRow{}
		found, err := tx.QueryContext(ctx, "SELECT "+s.dialect.millis("at")+", body FROM outcomes WHERE game = $1 ORDER BY seq", b.Game)
		if err != nil {
			return err
		}
		defer found.Close()
		for found.Next() {
			var at int64
			var body []byte
			if err := found.Scan(&at, &body); err != nil {
				return err
			}
			o, err := outcome.Parse(body)
			if err != nil {
				return err
			}
			b.apply(rows, o, at)
		}
		if err := found.Err(); err != nil {
			return err
		}
		return w.save(ctx, rows)
	})
}

// Standing is a player's place on a board.
type Standing struct {
	Rank    int64   `json:"rank"` // from 1; players of one score share the best
	Player  string  `json:"player,omitempty"`
	Alias   string  `json:"alias"`
	Score   float64 `json:"score"`
	Matches int64   `json:"matches"`
}

// Standings gives at most limit rows of a board: the best ones, or, with around, those beside a player. An empty season is
// the one that is now.
func (s *Store) Standings(ctx context.Context, board, season, around string, limit int) ([]Standing, error) {
	b, ok := s.boards[board]
	if !ok {
		return nil, fmt.Errorf("%w: there is no board %.70q", ErrUnknown, board)
	}
	kind := seasons[b.Season]
	if season == "" {
		season = kind.name(s.config.Now().UTC())
	}
	if !kind.form.MatchString(season) {
		return nil, fmt.Errorf("%w: board %s has no season %.40q; give %s", ErrRequest, board, season, kind.want)
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	offset := int64(0)
	if around != "" {
		before, err := s.before(ctx, board, season, around)
		if err != nil {
			return nil, err
		}
		offset = max(0, before-int64(limit)/2)
	}
	// rank() over the whole board would read all of it; the best row's rank is one count, and the others follow.
	rows, err := s.db.QueryContext(ctx, `SELECT player, alias, score, matches FROM board_rows WHERE board = $1 AND season = $2
		ORDER BY score DESC, player LIMIT $3 OFFSET $4`, board, season, limit, offset)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	list := []Standing{}
	for rows.Next() {
		var st Standing
		if err := rows.Scan(&st.Player, &st.Alias, &st.Score, &st.Matches); err != nil {
			return nil, wrap(err)
		}
		st.Rank = offset + int64(len(list)) + 1
		if n := len(list); n > 0 && list[n-1].Score == st.Score {
			st.Rank = list[n-1].Rank
		}
		list = append(list, st)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	if len(list) > 0 && offset > 0 {
		return list, s.correctFirst(ctx, board, season, list)
	}
	return list, nil
}

// before counts the rows above a player's.
func (s *Store) before(ctx context.Context, board, season, player string) (n int64, err error) {
	var score sql.NullFloat64
	err = s.db.QueryRowContext(ctx, `SELECT max(score) FROM board_rows WHERE board = $1 AND season = $2 AND player = $3`,
		board, season, player).Scan(&score)
	if err == nil && !score.Valid {
		return 0, fmt.Errorf("%w: player %.70q is not on board %s in season %s", ErrUnknown, player, board, season)
	}
	if err == nil {
		err = s.db.QueryRowContext(ctx, `SELECT count(*) FROM board_rows WHERE board = $1 AND season = $2
			AND (score > $3 OR score = $3 AND player < $4)`, board, season, score.Float64, player).Scan(&n)
	}
	if err != nil {
		return 0, wrap(err)
	}
	return n, nil
}

// correctFirst gives the first rows of a page the rank of others above the page that have the same score.
func (s *Store) correctFirst(ctx context.Context, board, season string, list []Standing) error {
	var better int64
	err := s.db.QueryRowContext(ctx, `SELECT count(*) FROM board_rows WHERE board = $1 AND season = $2 AND score > $3`,
		board, season, list[0].Score).Scan(&better)
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
