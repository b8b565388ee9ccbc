package results

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// monthly are the tables that grow with time.
var monthly = []string{"outcomes", "player_results"}

const partitionLock = "SELECT pg_advisory_xact_lock(hashtext('ringside results partitions'))"

// ensureMonth makes the native partitions of a time's month and of the next one.
func (s *Store) ensureMonth(ctx context.Context, at int64) error {
	if !s.native {
		return nil
	}
	t := time.UnixMilli(at).UTC()
	month := time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
	s.mu.Lock()
	there := s.months[month.Format("200601")]
	s.mu.Unlock()
	if there {
		return nil
	}
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		if _, err := tx.ExecContext(ctx, partitionLock); err != nil {
			return err
		}
		for n := range 2 {
			from, to := month.AddDate(0, n, 0), month.AddDate(0, n+1, 0)
			for _, table := range monthly {
				if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s_%s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s')",
					table, from.Format("200601"), table, from.Format(time.RFC3339), to.Format(time.RFC3339))); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.months[month.Format("200601")] = true
	return nil
}

// Maintain removes what is older than the retention: whole months in PostgreSQL. The ids stay, so that no outcome is taken
// a second time.
func (s *Store) Maintain(ctx context.Context) error {
	now := s.config.Now()
	if err := s.ensureMonth(ctx, now.UnixMilli()); err != nil || s.config.Retention == 0 {
		return err
	}
	cutoff := now.Add(-s.config.Retention).UTC()
	if s.dialect == postgres {
		cutoff = time.Date(cutoff.Year(), cutoff.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return s.transaction(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&last); err != nil {
			return err
		}
		var pruned int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM outcomes WHERE at < "+s.dialect.time("$1"), cutoff.UnixMilli()).Scan(&pruned); err != nil {
			return err
		}
		if pruned == 0 {
			return nil
		}
		for _, step := range []string{
			"UPDATE results_sequence SET pruned = $1 WHERE pruned < $1",
			"DELETE FROM deliveries WHERE seq <= $1",
		} {
			if _, err := tx.ExecContext(ctx, step, pruned); err != nil {
				return err
			}
		}
		if s.native {
			return s.dropMonths(ctx, tx, cutoff)
		}
		for _, table := range monthly {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE seq <= $1", pruned); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropMonths drops the native partitions of the months before cutoff.
func (s *Store) dropMonths(ctx context.Context, tx *sql.Tx, cutoff time.Time) error {
	if _, err := tx.ExecContext(ctx, partitionLock); err != nil {
		return err
	}
	for _, table := range monthly {
		rows, err := tx.QueryContext(ctx, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass", table)
		if err != nil {
			return err
		}
		var names []string
		for rows.Next() {
			var name string
			if err := rows.Scan(&name); err != nil {
				_ = rows.Close()
				return err
			}
			names = append(names, name)
		}
		if err := rows.Err(); err != nil {
			return err
		}
		for _, name := range names {
			_, month, _ := strings.Cut(name, table+"_")
			begin, err := time.Parse("200601", month)
			if err != nil || !begin.Before(cutoff) {
				continue // not ours, or needed
			}
			if _, err := tx.ExecContext(ctx, "DROP TABLE "+name); err != nil {
				return err
			}
		}
	}
	return nil
}
