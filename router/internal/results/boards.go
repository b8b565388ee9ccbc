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
