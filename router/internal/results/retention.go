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

// lockTimeout bounds how long a change of partitions waits for readers, because writers wait meanwhile. It is tried again.
const lockTimeout = "SET LOCAL lock_timeout = '3s'"

// ensureMonth makes the native partitions of a time's month. Maintain has made them before, so this is for the first month,
// and for clocks that are wrong.
func (s *Store) ensureMonth(ctx context.Context, at time.Time) error {
	if !s.native {
		return nil
	}
	from := time.Date(at.UTC().Year(), at.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	name, to := from.Format("200601"), from.AddDate(0, 1, 0)
	s.mu.Lock()
	there := s.months[name]
	s.mu.Unlock()
	if there {
		return nil
	}
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		for _, step := range []string{lockTimeout, partitionLock} {
			if _, err := tx.ExecContext(ctx, step); err != nil {
				return err
			}
		}
		for _, table := range monthly {
			if _, err := tx.ExecContext(ctx, fmt.Sprintf("CREATE TABLE IF NOT EXISTS %s_%s PARTITION OF %s FOR VALUES FROM ('%s') TO ('%s')",
				table, name, table, from.Format(time.RFC3339), to.Format(time.RFC3339))); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.months[name] = true
	return nil
}

// Maintain makes the partitions of the next month, and removes what is older than the retention: whole months in PostgreSQL.
// The ids stay, so that no outcome is taken a second time.
func (s *Store) Maintain(ctx context.Context) error {
	now := s.config.Now()
	for _, at := range []time.Time{now, now.AddDate(0, 0, 28)} {
		if err := s.ensureMonth(ctx, at); err != nil {
			return err
		}
	}
	if s.config.Retention == 0 {
		return nil
	}
	cutoff := now.Add(-s.config.Retention).UTC()
	if s.dialect == postgres {
		cutoff = time.Date(cutoff.Year(), cutoff.Month(), 1, 0, 0, 0, 0, time.UTC)
	}
	return s.transaction(ctx, func(tx *sql.Tx) error {
		if s.dialect == postgres {
			if _, err := tx.ExecContext(ctx, lockTimeout); err != nil {
				return err
			}
		}
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
