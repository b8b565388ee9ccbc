package results

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"time"

	"github.com/ringside-go/ringside/internal/roomstats"
)

// lateMinutes is how much the minute of a batch may differ from this router's clock.
const lateMinutes = time.Hour

// PutRooms stores what a game server says of its rooms in a minute. A batch may be put again.
func (s *Store) PutRooms(ctx context.Context, b *roomstats.Batch) error {
	if err := b.Check(); err != nil {
		return fmt.Errorf("%w: %w", ErrRequest, err)
	}
	at := time.UnixMilli(b.Minute)
	if off := at.Sub(s.config.Now()); off.Abs() > lateMinutes {
		return fmt.Errorf("%w: statistics of %s are for %s, which is %v from this router's time; set the clocks right", ErrRequest, b.Server,
			at.UTC().Format(time.RFC3339), off.Round(time.Minute))
	}
	if err := s.ensureMonth(ctx, at); err != nil {
		return err
	}
	type row struct {
		roomstats.Room
		Instance int64  `json:"instance"` // signed, in the place of Room's
		At       int64  `json:"at"`
		Server   string `json:"server"`
	}
	rows := make([]row, len(b.Rooms))
	for n, r := range b.Rooms {
		rows[n] = row{r, int64(r.Instance), b.Minute, b.Server}
	}
	_, err := s.db.ExecContext(ctx, s.q.rooms, array(rows))
	return wrap(err)
}

// RoomQuery selects statistics of rooms.
type RoomQuery struct {
	Game, Room string // empty: all
	From, To   time.Time
	Step       time.Duration // whole minutes
}

// MaxPoints is how many points an answer may have.
const MaxPoints = 1500

// RoomPoint is what rooms did in one step. Averages and peaks are of minutes of which there are statistics.
type RoomPoint struct {
	At          time.Time `json:"at"`          // the step's beginning
	Minutes     int64     `json:"minutes"`     // of which there are statistics
	Rooms       float64   `json:"rooms"`       // average
	RoomsPeak   float64   `json:"roomsPeak"`   // of a minute
	Players     float64   `json:"players"`     // connected, average
	PlayersPeak float64   `json:"playersPeak"` // of a minute
	Spectators  float64   `json:"spectators"`  // average
	Ticks       int64     `json:"ticks"`
	Late        int64     `json:"late"`    // ticks that began more than a period late
	Cores       float64   `json:"cores"`   // busy with ticks, average
	Matches     int64     `json:"matches"` // finished
}

// Check says what is wrong with a query.
func (q RoomQuery) Check() error {
	switch {
	case q.Step < time.Minute || q.Step%time.Minute != 0:
		return fmt.Errorf("%w: step is %v; whole minutes are needed", ErrRequest, q.Step)
	case !q.From.Before(q.To):
		return fmt.Errorf("%w: from %s is not before to %s", ErrRequest, q.From.UTC().Format(time.RFC3339), q.To.UTC().Format(time.RFC3339))
	case q.To.Sub(q.From)/q.Step > MaxPoints:
		return fmt.Errorf("%w: these are more than %d points; ask for a longer step or a shorter time", ErrRequest, MaxPoints)
	}
	return nil
}

// Rooms gives statistics of rooms, one point for each step in which there are any.
func (s *Store) Rooms(ctx context.Context, q RoomQuery) ([]RoomPoint, error) {
	if err := q.Check(); err != nil {
		return nil, err
	}
	source, d := "game_minutes", s.dialect
	if q.Room != "" {
		source = "room_minutes"
	}
	step := q.Step.Milliseconds()
	args := []any{step, q.From.UnixMilli(), q.To.UnixMilli()}
	where := "at >= " + d.time("$2") + " AND at < " + d.time("$3")
	for _, f := range []struct{ column, value string }{{"game", q.Game}, {"room", q.Room}} {
		if f.value != "" {
			args = append(args, f.value)
			where += fmt.Sprintf(" AND %s = $%d", f.column, len(args))
		}
	}
	rows, err := s.db.QueryContext(ctx, `SELECT step, count(*), avg(rooms), max(rooms), avg(players), max(players), avg(spectators),
			CAST(sum(ticks) AS bigint), CAST(sum(late) AS bigint), avg(busy), CAST(sum(matches) AS bigint)
		FROM (SELECT `+d.millis("at")+` / CAST($1 AS bigint) AS step, sum(seconds) / 60.0 AS rooms, sum(player_seconds) / 60.0 AS players,
				sum(spectator_seconds) / 60.0 AS spectators, sum(ticks) AS ticks, sum(late) AS late, sum(busy) / 60000.0 AS busy, sum(matches) AS matches
			FROM `+source+` WHERE `+where+` GROUP BY at) AS minutes GROUP BY step ORDER BY step`, args...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	return scanPoints(rows, step)
}

func scanPoints(rows *sql.Rows, step int64) ([]RoomPoint, error) {
	points := []RoomPoint{}
	for rows.Next() {
		var p RoomPoint
		var n int64
		if err := rows.Scan(&n, &p.Minutes, &p.Rooms, &p.RoomsPeak, &p.Players, &p.PlayersPeak, &p.Spectators, &p.Ticks, &p.Late, &p.Cores, &p.Matches); err != nil {
			return nil, wrap(err)
		}
		p.At = time.UnixMilli(n * step).UTC()
		for _, f := range []*float64{&p.Rooms, &p.RoomsPeak, &p.Players, &p.PlayersPeak, &p.Spectators, &p.Cores} {
			*f = math.Round(*f*1000) / 1000
		}
		points = append(points, p)
	}
	return points, wrap(rows.Err())
}
