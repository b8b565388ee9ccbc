package results

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// Delivery is an outcome that is owed to an endpoint.
type Delivery struct {
	Endpoint string     `json:"endpoint"`
	Seq      int64      `json:"seq"`
	ID       outcome.ID `json:"id"`
	At       time.Time  `json:"at"`       // when the store accepted the outcome
	Started  time.Time  `json:"started"`  // since when it is tried
	Attempts int64      `json:"attempts"` // this one included
	Reason   string     `json:"reason"`   // why the last attempt failed
	Body     []byte     `json:"-"`
}

// AddEndpoint makes an endpoint known, to which all outcomes after a number are owed; after < 0: those from now on. An
// endpoint that is known keeps what it has.
func (s *Store) AddEndpoint(ctx context.Context, name string, after int64) error {
	if !boardName.MatchString(name) {
		return fmt.Errorf("%w: endpoint %.70q; a name has 1 to 64 letters, digits, '.', '_' and '-'", ErrRequest, name)
	}
	return s.transaction(ctx, func(tx *sql.Tx) error {
		var last int64 // waits for the turn, so that no outcome comes between
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&last); err != nil {
			return err
		}
		if after < 0 {
			after = last
		}
		done, err := tx.ExecContext(ctx, "INSERT INTO endpoints (name, since) VALUES ($1, $2) ON CONFLICT DO NOTHING", name, after)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return s.owe(ctx, tx, name)
	})
}

// RemoveEndpoint forgets an endpoint and what it is owed.
func (s *Store) RemoveEndpoint(ctx context.Context, name string) error {
	done, err := s.db.ExecContext(ctx, "DELETE FROM endpoints WHERE name = $1", name)
	if err != nil {
		return wrap(err)
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return fmt.Errorf("%w: there is no endpoint %.70q", ErrUnknown, name)
	}
	return nil
}

// owe makes jobs of what an endpoint is owed and has no job of: what came before it was known, or while it was disabled.
// What is owed follows from outcomes and endpoints alone.
func (s *Store) owe(ctx context.Context, tx *sql.Tx, name string) error {
	now := s.dialect.time("$2")
	_, err := tx.ExecContext(ctx, "INSERT INTO deliveries (endpoint, seq, state, due, started) SELECT e.name, o.seq, 'due', "+now+", "+now+`
		FROM endpoints e JOIN outcomes o ON o.seq > e.since WHERE e.name = $1 ON CONFLICT DO NOTHING`, name, s.config.Now().UnixMilli())
	return err
}

// Disable stops deliveries to an endpoint; reason is for people. What it is owed meanwhile it gets after Enable.
func (s *Store) Disable(ctx context.Context, name, reason string) error {
	return s.setDisabled(ctx, name, cmp.Or(clean(reason), "disabled"), nil)
}

// Enable starts deliveries again.
func (s *Store) Enable(ctx context.Context, name string) error {
	return s.setDisabled(ctx, name, "", s.owe)
}

func (s *Store) setDisabled(ctx context.Context, name, reason string, then func(context.Context, *sql.Tx, string) error) error {
	return s.transaction(ctx, func(tx *sql.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&last); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "UPDATE endpoints SET disabled = $2 WHERE name = $1", name, reason)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return fmt.Errorf("%w: there is no endpoint %.70q", ErrUnknown, name)
		}
		if then == nil {
			return nil
		}
		return then(ctx, tx, name)
	})
}

// Claim takes at most limit deliveries of an endpoint that are due. Until lease is over nobody else gets them, and then they
// are due again, unless Delivered or Failed says otherwise.
func (s *Store) Claim(ctx context.Context, endpoint string, limit int, lease time.Duration) ([]Delivery, error) {
	now := s.config.Now()
	var list []Delivery
	err := s.transaction(ctx, func(tx *sql.Tx) error {
		list = nil
		rows, err := tx.QueryContext(ctx, `UPDATE deliveries SET due = `+s.dialect.time("$3")+`, attempts = attempts + 1
			WHERE endpoint = $1 AND seq IN (
				SELECT d.seq FROM deliveries d JOIN endpoints e ON e.name = d.endpoint AND e.disabled = ''
				WHERE d.endpoint = $1 AND d.state = 'due' AND d.due <= `+s.dialect.time("$2")+` ORDER BY d.due, d.seq LIMIT $4`+s.dialect.skip+`)
			RETURNING seq, `+s.dialect.millis("started")+`, attempts, reason`, endpoint, now.UnixMilli(), now.Add(lease).UnixMilli(), limit)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			d := Delivery{Endpoint: endpoint}
			var started int64
			if err := rows.Scan(&d.Seq, &started, &d.Attempts, &d.Reason); err != nil {
				return err
			}
			d.Started = time.UnixMilli(started).UTC()
			list = append(list, d)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	slices.SortFunc(list, func(a, b Delivery) int { return cmp.Compare(a.Seq, b.Seq) })
	return list, s.fill(ctx, list)
}

// fill adds the outcomes to deliveries.
func (s *Store) fill(ctx context.Context, list []Delivery) error {
	for n := range list {
		found, err := s.read(ctx, "FROM outcomes o WHERE o.seq = $1", list[n].Seq)
		if err != nil {
			return err
		}
		if len(found) == 0 {
			return fmt.Errorf("%w: outcome %d was removed by retention", ErrExpired, list[n].Seq)
		}
		o, err := outcome.Parse(found[0].Body)
		if err != nil {
			return err
		}
		list[n].ID, list[n].At, list[n].Body = o.ID(), found[0].At, found[0].Body
	}
	return nil
}

// Delivered says that an endpoint has an outcome.
func (s *Store) Delivered(ctx context.Context, endpoint string, seq int64) error {
	_, err := s.db.ExecContext(ctx, "UPDATE deliveries SET state = 'done', reason = '' WHERE endpoint = $1 AND seq = $2", endpoint, seq)
	return wrap(err)
}

// Failed says that an attempt failed. The delivery is due again at a time, or, with dead, only after Retry.
func (s *Store) Failed(ctx context.Context, endpoint string, seq int64, due time.Time, dead bool, reason string) error {
	state := "due"
	if dead {
		state = "dead"
	}
	_, err := s.db.ExecContext(ctx, "UPDATE deliveries SET state = $3, due = "+s.dialect.time("$4")+", reason = $5 WHERE endpoint = $1 AND seq = $2 AND state = 'due'",
		endpoint, seq, state, due.UnixMilli(), clean(reason))
	return wrap(err)
}

// clean makes a text that another machine may have written fit for a column.
func clean(reason string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(reason[:min(len(reason), 1000)], "?"), "\x00", "?")
}

// DeadLetters gives deliveries that were given up, after a number.
func (s *Store) DeadLetters(ctx context.Context, endpoint string, after int64, limit int) ([]Delivery, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT seq, "+s.dialect.millis("started")+`, attempts, reason FROM deliveries
		WHERE endpoint = $1 AND state = 'dead' AND seq > $2 ORDER BY seq LIMIT $3`, endpoint, after, limit)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	list := []Delivery{}
	for rows.Next() {
		d := Delivery{Endpoint: endpoint}
		var started int64
		if err := rows.Scan(&d.Seq, &started, &d.Attempts, &d.Reason); err != nil {
			return nil, wrap(err)
		}
		d.Started = time.UnixMilli(started).UTC()
		list = append(list, d)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	_ = rows.Close() // fill needs a connection
	return list, s.fill(ctx, list)
}

// Retry makes dead letters of an endpoint due now, with all their time before them: those with these numbers, or, without
// any, all. It gives how many there were.
func (s *Store) Retry(ctx context.Context, endpoint string, seqs ...int64) (int64, error) {
	now := s.dialect.time("$2")
	query := "UPDATE deliveries SET state = 'due', attempts = 0, due = " + now + ", started = " + now + " WHERE endpoint = $1 AND state = 'dead'"
	args := []any{endpoint, s.config.Now().UnixMilli()}
	if len(seqs) > 0 {
		type row struct {
			Seq int64 `json:"seq"`
		}
		var list []row
		for _, seq := range seqs {
			list = append(list, row{seq})
		}
		query += " AND seq IN (SELECT r.seq FROM " + s.dialect.rows(3, "seq int") + ")"
		args = append(args, array(list))
	}
	done, err := s.db.ExecContext(ctx, query, args...)
	if err != nil {
		return 0, wrap(err)
	}
	return done.RowsAffected()
}

// EndpointState is what operators see of an endpoint.
type EndpointState struct {
	Name     string    `json:"name"`
	Disabled string    `json:"disabled,omitempty"` // why; empty: it is not
	Due      int64     `json:"due"`                // deliveries that are owed
	Oldest   time.Time `json:"oldest,omitzero"`    // since when the oldest of them is tried
	Dead     int64     `json:"dead"`               // dead letters
}

// Endpoints gives the state of all endpoints.
func (s *Store) Endpoints(ctx context.Context) ([]EndpointState, error) {
	rows, err := s.db.QueryContext(ctx, `SELECT e.name, e.disabled, count(CASE WHEN d.state = 'due' THEN 1 END), count(CASE WHEN d.state = 'dead' THEN 1 END),
		coalesce(`+s.dialect.millis("min(CASE WHEN d.state = 'due' THEN d.started END)")+`, 0)
		FROM endpoints e LEFT JOIN deliveries d ON d.endpoint = e.name AND d.state <> 'done' GROUP BY e.name, e.disabled ORDER BY e.name`)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	list := []EndpointState{}
	for rows.Next() {
		var e EndpointState
		var oldest int64
		if err := rows.Scan(&e.Name, &e.Disabled, &e.Due, &e.Dead, &oldest); err != nil {
			return nil, wrap(err)
		}
		if oldest > 0 {
			e.Oldest = time.UnixMilli(oldest).UTC()
		}
		list = append(list, e)
	}
	return list, wrap(rows.Err())
}
