package results

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"
)

// monthly are the tables that grow with time.
var monthly = []string{"outcomes", "player_results", "room_minutes"}

// clockError is how far a router's clock may be ahead of another's. What was stored with a later time was stored by one that was wrong.
const clockError = 24 * time.Hour

const partitionLock = "SELECT pg_advisory_xact_lock(hashtext('ringside results partitions'))"

// lockTimeout bounds how long a change of partitions waits for readers, because writers wait meanwhile. It is tried again.
const lockTimeout = "SET LOCAL lock_timeout = '3s'"

// ensureMonth makes the native partitions of a time's month. Maintain has made them before, so this is for the first month,
// and for clocks that are wrong.
func (s *Store) ensureMonth(ctx context.Context, at time.Time) error {
	if !s.native {
		return nil
	}
	from := monthOf(at.UTC())
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
	if s.config.Retention > 0 {
		if err := s.pruneOutcomes(ctx, now); err != nil {
			return err
		}
	}
	if s.config.RoomRetention > 0 {
		return s.pruneRooms(ctx, now.Add(-s.config.RoomRetention))
	}
	return nil
}

// pruneOutcomes removes outcomes in the order of their numbers, up to the first that must stay. So an outcome that a wrong clock made
// look old goes with those around it.
func (s *Store) pruneOutcomes(ctx context.Context, now time.Time) error {
	cutoff := now.Add(-s.config.Retention).UTC()
	if s.dialect == postgres {
		cutoff = monthOf(cutoff)
	}
	return s.pruning(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&last); err != nil {
			return err
		}
		var pruned int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce((SELECT min(seq) FROM outcomes WHERE at >= "+s.dialect.time("$1")+" AND at < "+
			s.dialect.time("$2")+") - 1, (SELECT max(seq) FROM outcomes WHERE at < "+s.dialect.time("$1")+"), 0)",
			cutoff.UnixMilli(), now.Add(clockError).UnixMilli()).Scan(&pruned); err != nil {
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
			return s.dropOutcomes(ctx, tx, cutoff, pruned)
		}
		for _, table := range []string{"outcomes", "player_results"} {
			if _, err := tx.ExecContext(ctx, "DELETE FROM "+table+" WHERE seq <= $1", pruned); err != nil {
				return err
			}
		}
		return nil
	})
}

// dropOutcomes drops the native partitions before cutoff that have no outcome after pruned.
func (s *Store) dropOutcomes(ctx context.Context, tx *sql.Tx, cutoff time.Time, pruned int64) error {
	months, err := s.monthsBefore(ctx, tx, "outcomes", cutoff)
	if err != nil {
		return err
	}
	for _, month := range months {
		var last int64
		if err := tx.QueryRowContext(ctx, "SELECT coalesce(max(seq), 0) FROM outcomes_"+month).Scan(&last); err != nil {
			return err
		}
		if last > pruned {
			continue
		}
		if _, err := tx.ExecContext(ctx, fmt.Sprintf("DROP TABLE outcomes_%s, player_results_%[1]s", month)); err != nil {
			return err
		}
	}
	return nil
}

// pruneRooms removes the statistics of rooms from before cutoff.
func (s *Store) pruneRooms(ctx context.Context, cutoff time.Time) error {
	return s.pruning(ctx, func(tx *sql.Tx) error {
		switch {
		case s.native:
			months, err := s.monthsBefore(ctx, tx, "room_minutes", monthOf(cutoff.UTC()))
			if err != nil {
				return err
			}
			for _, month := range months {
				if _, err := tx.ExecContext(ctx, "DROP TABLE room_minutes_"+month); err != nil {
					return err
				}
			}
			return nil
		case s.dialect == postgres: // a hypertable's chunks; what game_minutes has computed of them stays
			_, err := tx.ExecContext(ctx, "SELECT drop_chunks('room_minutes', older_than => "+s.dialect.time("$1")+")", cutoff.UnixMilli())
			return err
		default:
			_, err := tx.ExecContext(ctx, "DELETE FROM room_minutes WHERE at < $1", cutoff.UnixMilli())
			return err
		}
	})
}

// pruning is a transaction that waits for readers for a short time only.
func (s *Store) pruning(ctx context.Context, what func(*sql.Tx) error) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		if s.dialect == postgres {
			if _, err := tx.ExecContext(ctx, lockTimeout); err != nil {
				return err
			}
		}
		return what(tx)
	})
}

// monthsBefore gives the native partitions of a table for the months before cutoff, as the ends of their names, in the turn of partitions.
func (s *Store) monthsBefore(ctx context.Context, tx *sql.Tx, table string, cutoff time.Time) (months []string, err error) {
	if _, err := tx.ExecContext(ctx, partitionLock); err != nil {
		return nil, err
	}
	rows, err := tx.QueryContext(ctx, "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = $1::regclass", table)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		_, month, _ := strings.Cut(name, table+"_")
		if begin, err := time.Parse("200601", month); err == nil && begin.Before(cutoff) { // others are not ours, or needed
			months = append(months, month)
		}
	}
	return months, rows.Err()
}

// monthOf is the beginning of a time's month.
func monthOf(at time.Time) time.Time {
	return time.Date(at.Year(), at.Month(), 1, 0, 0, 0, 0, time.UTC)
}
