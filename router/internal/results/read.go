package results

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// MaxPage is the most outcomes or standings that one call gives.
const MaxPage = 500

// Stored is an outcome as the store has it.
type Stored struct {
	Seq  int64           `json:"seq"` // its place in the store's order
	At   time.Time       `json:"at"`  // when the store accepted it
	Body json.RawMessage `json:"outcome"`
}

func checkLimit(limit int) error {
	if limit < 1 || limit > MaxPage {
		return fmt.Errorf("%w: limit %d; 1 to %d are allowed", ErrRequest, limit, MaxPage)
	}
	return nil
}

// checkCursor refuses a cursor that this store cannot have given.
func (s *Store) checkCursor(ctx context.Context, after int64, limit int) error {
	if err := checkLimit(limit); err != nil {
		return err
	}
	if after < 0 {
		return fmt.Errorf("%w: cursor %d is negative; begin with 0", ErrRequest, after)
	}
	if err := s.checkKnown(ctx, after); err != nil {
		return err
	}
	var pruned int64
	if err := s.db.QueryRowContext(ctx, "SELECT pruned FROM results_sequence").Scan(&pruned); err != nil {
		return wrap(err)
	}
	if after < pruned {
		return fmt.Errorf("%w: outcomes after %d were removed by retention; begin with %d to read what is left", ErrExpired, after, pruned)
	}
	return nil
}

// checkKnown refuses a number that the store has not given yet.
func (s *Store) checkKnown(ctx context.Context, seq int64) error {
	if last, _ := s.Changed(); seq <= last {
		return nil
	}
	last, err := s.Last(ctx) // another router may have written
	if err == nil && seq > last {
		err = fmt.Errorf("%w: cursor %d is not of this store, whose newest outcome is %d; begin with 0", ErrRequest, seq, last)
	}
	return err
}

// After gives the outcomes after a number, in order and without gaps: at most limit. The last one's number is the next cursor.
func (s *Store) After(ctx context.Context, after int64, limit int) ([]Stored, error) {
	if err := s.checkCursor(ctx, after, limit); err != nil {
		return nil, err
	}
	return s.read(ctx, "FROM outcomes o WHERE o.seq > $1 ORDER BY o.seq LIMIT $2", after, limit)
}

// In the queries below a parameter is compared with its column before it is with 0: PostgreSQL gives it the type of the first.

// Room gives the outcomes of a room after a number, of one match or, with 0, of all. A room that was made again under one
// id has match 1 again: the bodies tell the instances.
func (s *Store) Room(ctx context.Context, room proto.RoomID, match uint32, after int64, limit int) ([]Stored, error) {
	if _, err := proto.ParseRoomID(string(room)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	if err := s.checkKnown(ctx, after); err != nil {
		return nil, err
	}
	return s.read(ctx, `FROM outcomes o WHERE o.room = $1 AND (o.match = $2 OR $2 = 0) AND o.seq > $3 ORDER BY o.seq LIMIT $4`,
		string(room), int64(match), after, limit)
}

// RoomBefore is Room backwards, the newest first: the outcomes before a number, or, with 0, the newest.
func (s *Store) RoomBefore(ctx context.Context, room proto.RoomID, match uint32, before int64, limit int) ([]Stored, error) {
	if _, err := proto.ParseRoomID(string(room)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	return s.read(ctx, `FROM outcomes o WHERE o.room = $1 AND (o.match = $2 OR $2 = 0) AND (o.seq < $3 OR $3 = 0) ORDER BY o.seq DESC LIMIT $4`,
		string(room), int64(match), before, limit)
}

// RoomMatch gives one match of one life of a room, or none: it is not decided, its outcome has not arrived, or it is another room's.
func (s *Store) RoomMatch(ctx context.Context, room proto.RoomID, id outcome.ID) ([]Stored, error) {
	if _, err := proto.ParseRoomID(string(room)); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return s.read(ctx, `FROM outcome_ids i JOIN outcomes o ON o.seq = i.seq AND o.at = i.at
		WHERE i.instance = $1 AND i.match = $2 AND o.room = $3`, int64(id.Instance), int64(id.Match), string(room))
}

// Player gives the outcomes of a player, the newest first: those before a number, or, with 0, the newest.
func (s *Store) Player(ctx context.Context, player string, before int64, limit int) ([]Stored, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	if _, err := proto.ParsePlayerID(player); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrRequest, err)
	}
	return s.read(ctx, `FROM (SELECT DISTINCT seq, at FROM player_results WHERE player = $1 AND (seq < $2 OR $2 = 0)
		ORDER BY seq DESC LIMIT $3) p JOIN outcomes o ON o.seq = p.seq AND o.at = p.at ORDER BY o.seq DESC`, player, before, limit)
}

// Get gives one outcome.
func (s *Store) Get(ctx context.Context, id outcome.ID) (Stored, error) {
	list, err := s.read(ctx, `FROM outcome_ids i JOIN outcomes o ON o.seq = i.seq AND o.at = i.at
		WHERE i.instance = $1 AND i.match = $2`, int64(id.Instance), int64(id.Match))
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("%w: there is no outcome %v", ErrUnknown, id)
	}
	if err != nil {
		return Stored{}, err
	}
	return list[0], nil
}

func (s *Store) read(ctx context.Context, query string, args ...any) ([]Stored, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT o.seq, "+s.dialect.millis("o.at")+", o.body "+query, args...)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	list := []Stored{}
	for rows.Next() {
		var st Stored
		var at int64
		var body []byte
		if err := rows.Scan(&st.Seq, &at, &body); err != nil {
			return nil, wrap(err)
		}
		st.At, st.Body = time.UnixMilli(at).UTC(), body
		list = append(list, st)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	return list, nil
}

// Conflict is a body that was refused.
type Conflict struct {
	ID      outcome.ID      `json:"id"`
	Verdict outcome.Verdict `json:"verdict"` // Conflict, Fenced or Invalid
	Epoch   outcome.Epoch   `json:"epoch"`
	At      time.Time       `json:"at"`
	Body    json.RawMessage `json:"outcome"`
}

// Conflicts gives the refused bodies, the newest first.
func (s *Store) Conflicts(ctx context.Context, limit int) ([]Conflict, error) {
	if err := checkLimit(limit); err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT instance, match, verdict, counter, server, "+s.dialect.millis("at")+`, body
		FROM conflicts ORDER BY at DESC, instance, match LIMIT $1`, limit)
	if err != nil {
		return nil, wrap(err)
	}
	defer rows.Close()
	list := []Conflict{}
	for rows.Next() {
		var c Conflict
		var k key
		var at int64
		var body []byte
		if err := rows.Scan(&k.Instance, &k.Match, &c.Verdict, &c.Epoch.Counter, &c.Epoch.Server, &at, &body); err != nil {
			return nil, wrap(err)
		}
		c.ID, c.At, c.Body = k.id(), time.UnixMilli(at).UTC(), body
		list = append(list, c)
	}
	if err := rows.Err(); err != nil {
		return nil, wrap(err)
	}
	return list, nil
}
