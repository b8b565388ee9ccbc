package spool

import (
	"context"
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// How long Run waits before it tries again to write: the first time, and at most.
const (
	retryFirst = 50 * time.Millisecond
	retryMost  = 5 * time.Second
)

// Run writes what is queued until ctx ends, then writes what is left, once, and closes the spool. While writing fails it
// tries again and again: State().Err says why, and Queue goes on until the spool is full. Its error is that of the last
// write.
func (s *Spool) Run(ctx context.Context) error {
	retry := retryFirst
	var wait <-chan time.Time
	for {
		wake := s.wake
		if wait != nil {
			wake = nil // more records do not make a full disk emptier
		}
		select {
		case <-ctx.Done():
			s.mu.Lock()
			s.stopped = true
			s.mu.Unlock()
			err := s.flush()
			_ = s.file.Close()
			_ = s.disk.close()
			return err
		case <-wake:
		case <-wait:
		}
		if err := s.flush(); err != nil {
			s.config.Logger.Error("cannot write outcomes to the spool; they stay in memory", "error", err, "retry", retry)
			wait, retry = time.After(retry), min(2*retry, retryMost)
		} else {
			wait, retry = nil, retryFirst
		}
	}
}

// flush makes everything that is queued durable.
func (s *Spool) flush() error {
	s.mu.Lock()
	anew := s.behind || s.bloated() || s.stopped && s.dead > 0
	durable := len(s.entries)
	for durable > 0 && !s.entries[durable-1].durable {
		durable--
	}
	batch := slices.Clone(s.entries[durable:])
	var all []*entry
	if anew {
		all = slices.Clone(s.entries)
	}
	s.mu.Unlock()

	var err error
	if anew {
		err = s.rewrite(all)
	}
	if (!anew || err != nil && !s.behind) && len(batch) > 0 {
		err = s.append(batch) // a disk too full for a second file may have room for some records
	}
	s.mu.Lock()
	s.err = err
	s.mu.Unlock()
	if err == nil && len(batch) > 0 {
		s.written(batch)
	}
	return err
}

// written marks a batch as durable and tells it.
func (s *Spool) written(batch []*entry) {
	ids := make([]outcome.ID, 0, len(batch))
	s.mu.Lock()
	for _, e := range batch {
		e.durable = true
		ids = append(ids, e.ID)
		if e.gone { // acknowledged meanwhile
			s.dead += e.size()
		} else {
			s.queued--
			s.waiting++
		}
	}
	s.mu.Unlock()
	if s.config.Durable != nil {
		s.config.Durable(ids)
	}
}

// append writes a batch behind the file's valid part. After an error the valid part is what it was.
func (s *Spool) append(batch []*entry) error {
	s.buffer = s.buffer[:0]
	for _, e := range batch {
		s.buffer = appendRecord(s.buffer, &e.Record)
	}
	if _, err := s.file.WriteAt(s.buffer, s.size); err != nil {
		_ = s.file.Truncate(s.size) // gives a full disk its space back; Open ignores what is left
		return err
	}
	if err := s.file.Sync(); err != nil {
		s.behind = true // the kernel has dropped the pages, and would not say so again; a block of the disk may be bad
		return err
	}
	s.size += int64(len(s.buffer))
	return nil
}

// rewrite writes entries into a new file and puts it in the place of the old one. After an error the old one is still
// there, or, with behind set, it is not certain which of the two a crash would leave.
func (s *Spool) rewrite(entries []*entry) error {
	b := []byte(magic)
	for _, e := range entries {
		b = appendRecord(b, &e.Record)
	}
	f, err := s.disk.replace(b)
	if f == nil {
		return err
	}
	if s.file != nil {
		_ = s.file.Close()
	}
	s.file, s.size, s.behind = f, int64(len(b)), err != nil
	s.mu.Lock()
	s.dead = 0
	for _, e := range entries {
		if e.gone && e.durable {
			s.dead += e.size()
		}
	}
	s.mu.Unlock()
	return err
}
