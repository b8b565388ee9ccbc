package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// The errors of Queue.
var (
	ErrFull    = errors.New("spool is full")
	ErrStopped = errors.New("spool is stopped")
	ErrTooLong = errors.New("record is too long for the spool")
)

// Config of a Spool. Begin with DefaultConfig.
type Config struct {
	MaxBytes int64              // of records that are not acknowledged; beyond, Queue answers ErrFull
	Compact  int64              // bytes of acknowledged records that the file may hold beyond those that are not
	Durable  func([]outcome.ID) // called by Run with what has become durable; it must not block. nil: nobody
	Logger   *slog.Logger
}

// DefaultConfig keeps about 100,000 outcomes of eight players each.
func DefaultConfig() Config {
	return Config{MaxBytes: 64 << 20, Compact: 256 << 10, Logger: slog.New(slog.DiscardHandler)}
}

// Spool is open on one directory, which no other process may use. Its methods may be called from any goroutine.
type Spool struct {
	config Config
	disk   disk
	file   file
	size   int64 // of the file's valid part; Run's goroutine only, as file, behind and buffer
	behind bool  // the file must be written anew before anything else: a sync failed, and what it holds is unknown
	buffer []byte
	wake   chan struct{} // size 1: more work for Run. A second signal is dropped, because Run takes all there is
	start  time.Time

	mu      sync.Mutex
	entries []*entry // in the order of Queue. At most Config.MaxBytes; full: ErrFull; State shows it
	index   map[uint64]*entry
	nextKey uint64
	live    int64 // bytes of entries that are not acknowledged
	dead    int64 // bytes in the file of entries that are
	waiting int   // durable entries that are not acknowledged
	queued  int   // entries that are not durable yet
	err     error // of the last write; nil: it went well
	damaged int64
	stopped bool
}

type entry struct {
	Record
	at      time.Time
	durable bool
	gone    bool // acknowledged
}

// Queue hands over records; their bodies belong to the spool from then on. It never waits. All of them are taken, or, with
// ErrFull, ErrTooLong or ErrStopped, none.
func (s *Spool) Queue(records []Record) error {
	now := time.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return ErrStopped
	}
	var size int64
	for i := range records {
		if r := &records[i]; len(r.Body) > MaxBody {
			return fmt.Errorf("%w: outcome %v has %d bytes, at most %d are allowed", ErrTooLong, r.ID, len(r.Body), MaxBody)
		}
		size += records[i].size()
	}
	if s.live+size > s.config.MaxBytes {
		return fmt.Errorf("%w: %d of %d bytes wait for the results store, and %d more came; bring the store back, or give the spool more room", ErrFull, s.live, s.config.MaxBytes, size)
	}
	for _, r := range records {
		s.add(r, now)
		s.queued++
	}
	s.signal()
	return nil
}

// add needs s.mu, or to be alone.
func (s *Spool) add(r Record, at time.Time) *entry {
	s.nextKey++
	r.Key = s.nextKey
	e := &entry{Record: r, at: at}
	s.entries = append(s.entries, e)
	s.index[r.Key] = e
	s.live += r.size()
	return e
}

// Pending gives durable records that are not acknowledged, the oldest first: at most count, of at most size bytes, but one
// at least if there is one. Their bodies must not be changed.
func (s *Spool) Pending(count, size int) []Record {
	s.mu.Lock()
	defer s.mu.Unlock()
	var records []Record
	for _, e := range s.entries {
		if e.gone || !e.durable {
			continue
		}
		if size -= len(e.Body); len(records) == count || size < 0 && len(records) > 0 {
			break
		}
		records = append(records, e.Record)
	}
	return records
}

// Acknowledge drops the records with these keys, because the store has them. Unknown keys are ignored.
func (s *Spool) Acknowledge(keys ...uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		e := s.index[key]
		if e == nil {
			continue
		}
		delete(s.index, key)
		e.gone = true
		s.live -= e.size()
		if e.durable {
			s.dead += e.size()
			s.waiting--
		} else {
			s.queued--
		}
	}
	s.entries = slices.DeleteFunc(s.entries, func(e *entry) bool { return e.gone })
	if s.bloated() {
		s.signal()
	}
}

// Postpone puts the records with these keys behind all others, because the store cannot take them now.
func (s *Spool) Postpone(keys ...uint64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if e := s.index[key]; e != nil && e.durable {
			at := slices.Index(s.entries, e)
			end := len(s.entries)
			for end > 0 && !s.entries[end-1].durable {
				end-- // those that are not durable stay the last, where flush looks for them
			}
			copy(s.entries[at:], s.entries[at+1:end])
			s.entries[end-1] = e
		}
	}
}

// bloated reports whether the file holds too many acknowledged records. It needs s.mu.
func (s *Spool) bloated() bool { return s.dead > s.live+s.config.Compact }

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// State is what operators see of a spool.
type State struct {
	Queued  int           // records not on the disk yet
	Waiting int           // records on the disk that the store has not acknowledged
	Bytes   int64         // of both
	Limit   int64         // of Bytes
	Oldest  time.Duration // how long the oldest of both has waited, at most since this process has started
	Damaged int64         // bytes of the file that were unreadable at the start: a torn tail, or a fault of the disk
	Err     error         // why nothing can be written at the moment; nil: nothing is wrong
}

// State gives the state now.
func (s *Spool) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := State{Queued: s.queued, Waiting: s.waiting, Bytes: s.live, Limit: s.config.MaxBytes, Damaged: s.damaged, Err: s.err}
	if len(s.entries) > 0 {
		st.Oldest = time.Since(s.entries[0].at) // without those postponed
	}
	return st
}
