package results

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"fmt"
	"math"
	"slices"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// item is one entry of a batch, and what becomes of it.
type item struct {
	*outcome.Outcome
	fence
	body string
	hash int64
	seq  int64
}

// fence is that a leader has written: no leader of a lower epoch has a word on the matches from since on. Those before were decided
// while it led.
type fence struct {
	epoch outcome.Epoch
	since uint32
}

// fences are those of one instance.
type fences []fence

// against gives the highest epoch that fences off a match that a leader of epoch e sends.
func (f fences) against(e outcome.Epoch, match uint32) (highest outcome.Epoch, fenced bool) {
	for _, x := range f {
		if match >= x.since && e.Less(x.epoch) && (!fenced || highest.Less(x.epoch)) {
			highest, fenced = x.epoch, true
		}
	}
	return highest, fenced
}

// has reports whether a leader of epoch e has written.
func (f fences) has(e outcome.Epoch) bool {
	return slices.ContainsFunc(f, func(x fence) bool { return x.epoch == e })
}

// key is an outcome's id as the database has it: instances are unsigned, its numbers are not.
type key struct {
	Instance int64 `json:"instance"`
	Match    int64 `json:"match"`
}

func (i *item) key() key { return key{int64(i.Instance), int64(i.Match)} }

func (k key) id() outcome.ID {
	return outcome.ID{Instance: proto.Instance(k.Instance), Match: uint32(k.Match)}
}

// stored is what the store has under an id.
type stored struct {
	seq, hash int64
	body      string // empty: retention has removed it
}

// Put stores a batch in one transaction and gives a verdict on each of its entries. After an error none is certain: the
// same batch may be put again.
func (s *Store) Put(ctx context.Context, entries []outcome.Entry) ([]outcome.Answer, error) {
	if len(entries) > outcome.MaxBatch {
		return nil, fmt.Errorf("%w: %d outcomes in a batch, at most %d are allowed", ErrRequest, len(entries), outcome.MaxBatch)
	}
	answers := make([]outcome.Answer, len(entries))
	now := s.config.Now()
	w := writer{store: s, at: now.UnixMilli()}
	var keys []key
	items := make([]*item, len(entries))
	for n, e := range entries {
		o, err := outcome.Parse(e.Body)
		if err == nil {
			err = e.Epoch.Check()
		}
		if err != nil {
			answers[n] = outcome.Answer{Verdict: outcome.Invalid, Reason: err.Error()}
			w.invalid = append(w.invalid, w.unreadable(e))
			continue
		}
		items[n] = &item{Outcome: o, fence: fence{e.Epoch, e.From}, body: string(e.Body), hash: hash(e.Body)}
		keys = append(keys, items[n].key())
	}
	if len(entries) == 0 {
		return answers, nil
	}
	if err := s.ensureMonth(ctx, now); err != nil {
		return nil, err
	}
	if err := s.transaction(ctx, func(tx *sql.Tx) error {
		w.tx = tx
		return w.put(ctx, keys, items, answers)
	}); err != nil {
		return nil, err
	}
	s.advance(w.last)
	if s.config.Conflict != nil {
		for _, refused := range w.refused {
			s.config.Conflict(refused.id(), outcome.Verdict(refused.Verdict))
		}
	}
	return answers, nil
}

// transaction runs what in a transaction, and commits it.
func (s *Store) transaction(ctx context.Context, what func(*sql.Tx) error) error {
	var options *sql.TxOptions
	if s.dialect == postgres { // what follows the lock must see what others committed before it was given
		options = &sql.TxOptions{Isolation: sql.LevelReadCommitted}
	}
	tx, err := s.db.BeginTx(ctx, options)
	if err != nil {
		return wrap(err)
	}
	defer tx.Rollback()
	if err := what(tx); err != nil {
		return wrap(err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("results store: commit: %w", err)
	}
	return nil
}

// hash tells bodies apart after retention has removed them.
func hash(body []byte) int64 {
	sum := sha256.Sum256(body)
	return int64(binary.LittleEndian.Uint64(sum[:]))
}

// writer is one transaction that has the turn.
type writer struct {
	store   *Store
	tx      *sql.Tx
	at      int64
	last    int64
	invalid []conflictRow // what cannot be read, to be refused
	refused []conflictRow // those that were not known yet
}

func (w *writer) put(ctx context.Context, keys []key, items []*item, answers []outcome.Answer) error {
	if err := w.tx.QueryRowContext(ctx, w.store.dialect.lock).Scan(&w.last); err != nil {
		return err
	}
	known, err := w.known(ctx, keys)
	if err != nil {
		return err
	}
	epochs, err := w.epochs(ctx, keys)
	if err != nil {
		return err
	}
	first := w.last
	j := &judged{writer: w, known: known, epochs: epochs, raised: map[int64]fences{}, refused: w.invalid}
	for n, i := range items {
		if i != nil { // else it is invalid
			answers[n] = j.judge(i)
		}
	}
	if err := w.refuse(ctx, j.refused); err != nil {
		return err
	}
	if err := w.raise(ctx, j.raised); err != nil {
		return err
	}
	if w.last == first {
		return nil
	}
	return w.add(ctx, j.fresh)
}

func (w *writer) known(ctx context.Context, keys []key) (map[key]stored, error) {
	known := map[key]stored{}
	rows, err := w.tx.QueryContext(ctx, w.store.q.known, array(keys))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var k key
		var have stored
		if err := rows.Scan(&k.Instance, &k.Match, &have.seq, &have.hash, &have.body); err != nil {
			return nil, err
		}
		known[k] = have
	}
	return known, rows.Err()
}

func (w *writer) epochs(ctx context.Context, keys []key) (map[int64]fences, error) {
	epochs := map[int64]fences{}
	rows, err := w.tx.QueryContext(ctx, w.store.q.epochs, array(keys))
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var instance int64
		var f fence
		if err := rows.Scan(&instance, &f.epoch.Counter, &f.epoch.Server, &f.since); err != nil {
			return nil, err
		}
		epochs[instance] = append(epochs[instance], f)
	}
	return epochs, rows.Err()
}

func (w *writer) raise(ctx context.Context, epochs map[int64]fences) error {
	if len(epochs) == 0 {
		return nil
	}
	type row struct {
		Instance int64  `json:"instance"`
		Counter  uint32 `json:"counter"`
		Server   string `json:"server"`
		Since    uint32 `json:"since"`
	}
	var list []row
	for instance, all := range epochs {
		for _, f := range all {
			list = append(list, row{instance, f.epoch.Counter, f.epoch.Server, f.since})
		}
	}
	_, err := w.tx.ExecContext(ctx, w.store.q.instances, array(list))
	return err
}

// judged is what a batch changes, as far as it has been judged.
type judged struct {
	*writer
	known   map[key]stored
	epochs  map[int64]fences
	raised  map[int64]fences // by instance: epochs that the batch is the first to show
	fresh   []*item
	refused []conflictRow
}

// judge answers one outcome, and notes what is to be written of it.
func (j *judged) judge(i *item) (answer outcome.Answer) {
	k := i.key()
	if !j.epochs[k.Instance].has(i.epoch) {
		j.epochs[k.Instance] = append(j.epochs[k.Instance], i.fence)
		j.raised[k.Instance] = append(j.raised[k.Instance], i.fence)
	}
	current, fenced := j.epochs[k.Instance].against(i.epoch, i.Match)
	have, ok := j.known[k]
	switch {
	case ok && have.hash == i.hash && (have.body == "" || have.body == i.body):
		return outcome.Answer{Verdict: outcome.Stored, Seq: have.seq}
	case ok:
		answer = outcome.Answer{Verdict: outcome.Conflict, Seq: have.seq, Epoch: current}
		if have.body != "" {
			answer.Stored = []byte(have.body)
		}
	case fenced:
		answer = outcome.Answer{Verdict: outcome.Fenced, Epoch: current}
	default:
		j.last++
		i.seq = j.last
		j.fresh = append(j.fresh, i)
		j.known[k] = stored{i.seq, i.hash, i.body}
		return outcome.Answer{Verdict: outcome.Stored, Seq: i.seq}
	}
	j.refused = append(j.refused, conflictRow{k, i.hash, string(answer.Verdict), i.epoch.Counter, i.epoch.Server, j.at, i.body})
	return answer
}

// add writes outcomes that are new, and all that follows from them.
func (w *writer) add(ctx context.Context, fresh []*item) error {
	type idRow struct {
		key
		Seq  int64 `json:"seq"`
		At   int64 `json:"at"`
		Hash int64 `json:"hash"`
	}
	type outcomeRow struct {
		key
		Seq  int64  `json:"seq"`
		At   int64  `json:"at"`
		Room string `json:"room"`
		Game string `json:"game"`
		Body string `json:"body"`
	}
	type playerRow struct {
		Seq    int64  `json:"seq"`
		At     int64  `json:"at"`
		Player string `json:"player"`
		Seat   uint8  `json:"seat"`
	}
	var ids []idRow
	var outcomes []outcomeRow
	var players []playerRow
	for _, i := range fresh {
		ids = append(ids, idRow{i.key(), i.seq, w.at, i.hash})
		outcomes = append(outcomes, outcomeRow{i.key(), i.seq, w.at, i.Room, i.Game, i.body})
		for _, r := range i.Results {
			if r.Player != "" {
				players = append(players, playerRow{i.seq, w.at, r.Player, r.Seat})
			}
		}
	}
	list := array(ids)
	done, err := w.tx.ExecContext(ctx, w.store.q.ids, list)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil {
		return err
	} else if n != int64(len(ids)) {
		return fmt.Errorf("%d of %d ids were written: somebody writes to the store without taking turns", n, len(ids))
	}
	for _, step := range []struct{ query, rows string }{
		{w.store.q.outcomes, array(outcomes)},
		{w.store.q.players, array(players)},
		{w.store.q.deliveries, list},
	} {
		if _, err := w.tx.ExecContext(ctx, step.query, step.rows); err != nil {
			return err
		}
	}
	if err := w.score(ctx, fresh); err != nil {
		return err
	}
	_, err = w.tx.ExecContext(ctx, "UPDATE results_sequence SET last = $1", w.last)
	return err
}

// Raise tells the store that a leader has taken over while match since was played. It reports whether epoch is the highest of its
// instance; if not, current is, and the caller leads no longer.
func (s *Store) Raise(ctx context.Context, instance proto.Instance, epoch outcome.Epoch, since uint32) (current outcome.Epoch, ok bool, err error) {
	if err := epoch.Check(); err != nil {
		return current, false, err
	}
	keys := []key{{Instance: int64(instance)}}
	err = s.transaction(ctx, func(tx *sql.Tx) error {
		w := writer{store: s, tx: tx}
		if err := tx.QueryRowContext(ctx, s.dialect.lock).Scan(&w.last); err != nil {
			return err
		}
		epochs, err := w.epochs(ctx, keys)
		if err != nil {
			return err
		}
		have := epochs[int64(instance)]
		if highest, over := have.against(epoch, math.MaxUint32); over {
			current = highest
			return nil
		}
		if current, ok = epoch, true; have.has(epoch) {
			return nil
		}
		return w.raise(ctx, map[int64]fences{int64(instance): {{epoch, since}}})
	})
	return current, ok && err == nil, err
}
