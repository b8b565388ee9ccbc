package spool

import (
	"bytes"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// memory is a disk whose faults a test sets. content is what is written, durable what a crash of the machine would leave.
type memory struct {
	mu               sync.Mutex
	content, durable []byte
	room             int   // bytes that the disk holds; 0: any number
	syncFails        error // once
	syncs, replaced  int
}

type memoryFile struct {
	m   *memory
	bad error // of every sync, since one failed
}

func (m *memory) read() ([]byte, error) { return bytes.Clone(m.durable), nil }

// file is a copy of the content.
func (m *memory) file() []byte {
	m.mu.Lock()
	defer m.mu.Unlock()
	return bytes.Clone(m.content)
}

func (m *memory) close() error { return nil }

func (m *memory) replace(b []byte) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.room > 0 && len(m.content)+len(b) > m.room {
		return nil, syscall.ENOSPC
	}
	m.content, m.durable = bytes.Clone(b), bytes.Clone(b)
	m.replaced++
	return &memoryFile{m: m}, nil
}

func (f *memoryFile) WriteAt(b []byte, off int64) (int, error) {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	n := len(b)
	if m.room > 0 {
		n = max(0, min(n, m.room-int(off)))
	}
	m.content = append(m.content[:off:off], b[:n]...)
	if n < len(b) {
		return n, syscall.ENOSPC
	}
	return n, nil
}

func (f *memoryFile) Truncate(size int64) error {
	f.m.mu.Lock()
	defer f.m.mu.Unlock()
	f.m.content = f.m.content[:size]
	return nil
}

// Sync goes on failing once it failed, as where a block of the disk is bad, and the data is gone.
func (f *memoryFile) Sync() error {
	m := f.m
	m.mu.Lock()
	defer m.mu.Unlock()
	m.syncs++
	if m.syncFails != nil {
		f.bad, m.syncFails = m.syncFails, nil
	}
	if f.bad != nil {
		m.content = bytes.Clone(m.durable)
		return f.bad
	}
	m.durable = bytes.Clone(m.content)
	return nil
}

func (f *memoryFile) Close() error { return nil }

// bubble runs a test with a spool over m in a bubble; before the spool runs, those of before.
func bubble(t *testing.T, m *memory, c Config, test func(s *Spool), before ...func(s *Spool)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := open(m, c)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range before {
			f(s)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		test(s)
		stop()
		<-done
		if err := s.Queue([]Record{sample(1)}); !errors.Is(err, ErrStopped) {
			t.Errorf("after the end Queue answers %v, want ErrStopped", err)
		}
	})
}

func samples(from, to int) (records []Record) {
	for n := from; n < to; n++ {
		records = append(records, sample(n+1))
	}
	return records
}

func queue(t *testing.T, s *Spool, records []Record) {
	t.Helper()
	if err := s.Queue(records); err != nil {
		t.Fatal(err)
	}
}

func acknowledge(s *Spool, records []Record) {
	var keys []uint64
	for _, r := range records {
		keys = append(keys, r.Key)
	}
	s.Acknowledge(keys...)
}

const all = 1 << 30

// What is reported durable is there after a crash, once each, in order.
func TestDurableSurvives(t *testing.T) {
	m := &memory{}
	var told []outcome.ID
	c := DefaultConfig()
	c.Durable = func(ids []outcome.ID) { told = append(told, ids...) }
	queued := func(s *Spool) {
		queue(t, s, samples(0, 3))
		queue(t, s, samples(3, 5))
		if got := s.State(); got.Queued != 5 || got.Waiting != 0 || len(s.Pending(all, all)) != 0 {
			t.Errorf("before the first write: %+v, %d pending", got, len(s.Pending(all, all)))
		}
	}
	bubble(t, m, c, func(s *Spool) {
		synctest.Wait()
		if m.syncs != 1 {
			t.Errorf("%d syncs for what was queued at once, want 1", m.syncs)
		}
		same(t, s.Pending(all, all), 0, 5)
		same(t, s.Pending(2, all), 0, 2)
		same(t, s.Pending(all, 1), 0, 1)
		if len(told) != 5 || s.State().Waiting != 5 || s.State().Queued != 0 {
			t.Errorf("told %v, state %+v", told, s.State())
		}
	}, queued)
	bubble(t, m, c, func(s *Spool) {
		same(t, s.Pending(all, all), 0, 5)
		if s.State().Damaged != 0 {
			t.Errorf("state %+v", s.State())
		}
	})
}

func TestTornTailIsDroppedAtStart(t *testing.T) {
	m := &memory{}
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		queue(t, s, samples(0, 3))
	})
	m.durable = m.durable[:len(m.durable)-5]
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		same(t, s.Pending(all, all), 0, 2)
		if s.State().Damaged == 0 {
			t.Error("the torn tail is not reported")
		}
		queue(t, s, samples(2, 4))
		synctest.Wait()
		same(t, s.Pending(all, all), 0, 4)
	})
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		same(t, s.Pending(all, all), 0, 4)
		if got := s.State().Damaged; got != 0 {
			t.Errorf("%d bytes of damage are left", got)
		}
	})
}

// Acknowledged records leave the file, those that are not stay, and a file is not written anew for each of them.
func TestAcknowledgedRecordsLeave(t *testing.T) {
	m := &memory{}
	c := DefaultConfig()
	c.Compact = 500
	bubble(t, m, c, func(s *Spool) {
		for n := 0; n < 1000; n += 10 {
			queue(t, s, samples(n, n+10))
			synctest.Wait()
			if n != 500 {
				acknowledge(s, s.Pending(all, all)[max(0, min(10, n-500)):])
			}
			synctest.Wait()
			if got := s.State(); got.Bytes > 2000 || int64(len(m.file())) > 2*got.Bytes+2000 {
				t.Fatalf("after %d: %d bytes wait, the file has %d", n, got.Bytes, len(m.file()))
			}
		}
		same(t, s.Pending(all, all), 500, 510)
		if m.replaced > 100 {
			t.Errorf("the file was written anew %d times", m.replaced)
		}
		s.Acknowledge(0, 1, 99999) // unknown ones do nothing
	})
	bubble(t, m, c, func(s *Spool) { same(t, s.Pending(all, all), 500, 510) })
}

// A full disk loses nothing that was reported durable and nothing that was queued; the state says what is wrong.
func TestFullDisk(t *testing.T) {
	m := &memory{room: 400}
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		queue(t, s, samples(0, 3))
		synctest.Wait()
		first := s.Pending(all, all)
		same(t, first, 0, 3)
		queue(t, s, samples(3, 13))
		synctest.Wait()
		if st := s.State(); !errors.Is(st.Err, syscall.ENOSPC) || st.Queued != 10 || st.Waiting != 3 {
			t.Errorf("state %+v, want no space", st)
		}
		if records, damaged := parse(m.file()[len(magic):]); len(records) != 3 || damaged != 0 {
			t.Errorf("the file has %d records and %d bytes of a torn one", len(records), damaged)
		}
		time.Sleep(time.Hour)
		same(t, s.Pending(all, all), 0, 3)
		m.mu.Lock()
		m.room = 0
		m.mu.Unlock()
		time.Sleep(retryMost)
		synctest.Wait()
		same(t, s.Pending(all, all), 0, 13)
		if st := s.State(); st.Err != nil || st.Queued != 0 {
			t.Errorf("state %+v, want none wrong", st)
		}
	})
	bubble(t, m, DefaultConfig(), func(s *Spool) { same(t, s.Pending(all, all), 0, 13) })
}

// After a failed sync the file is not trusted again: a new one takes its place.
func TestFailedSync(t *testing.T) {
	m := &memory{}
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		queue(t, s, samples(0, 3))
		synctest.Wait()
		m.mu.Lock()
		m.syncFails = syscall.EIO
		m.mu.Unlock()
		queue(t, s, samples(3, 6))
		synctest.Wait()
		if st := s.State(); !errors.Is(st.Err, syscall.EIO) || st.Waiting != 3 {
			t.Errorf("state %+v, want an input/output error", st)
		}
		time.Sleep(retryFirst)
		synctest.Wait()
		same(t, s.Pending(all, all), 0, 6)
	})
	bubble(t, m, DefaultConfig(), func(s *Spool) { same(t, s.Pending(all, all), 0, 6) })
}

// A spool that is full says so and takes nothing; acknowledging makes room.
func TestFull(t *testing.T) {
	c := DefaultConfig()
	c.MaxBytes = 400
	bubble(t, &memory{}, c, func(s *Spool) {
		queue(t, s, samples(0, 5))
		err := s.Queue(samples(5, 10))
		if !errors.Is(err, ErrFull) || !strings.Contains(err.Error(), "400 bytes") {
			t.Errorf("Queue answers %v, want ErrFull", err)
		}
		synctest.Wait()
		same(t, s.Pending(all, all), 0, 5)
		acknowledge(s, s.Pending(all, all))
		queue(t, s, samples(5, 10))
		synctest.Wait()
		same(t, s.Pending(all, all), 5, 10)
		if err := s.Queue([]Record{{Body: make([]byte, MaxBody+1)}}); !errors.Is(err, ErrTooLong) {
			t.Errorf("a long record: %v, want ErrTooLong", err)
		}
	})
}

// The store may acknowledge a record before the disk has it.
func TestAcknowledgedBeforeItIsDurable(t *testing.T) {
	m := &memory{}
	bubble(t, m, DefaultConfig(), func(s *Spool) {
		queue(t, s, samples(0, 4))
		s.Acknowledge(2, 3)
		synctest.Wait()
		var matches []uint32
		for _, r := range s.Pending(all, all) {
			matches = append(matches, r.ID.Match)
		}
		if st := s.State(); !slices.Equal(matches, []uint32{1, 4}) || st.Queued != 0 || st.Waiting != 2 {
			t.Errorf("pending %v, state %+v", matches, st)
		}
	})
}

// A postponed record comes after the others, and stays.
func TestPostponed(t *testing.T) {
	bubble(t, &memory{}, DefaultConfig(), func(s *Spool) {
		queue(t, s, samples(0, 4))
		synctest.Wait()
		queue(t, s, samples(4, 6)) // not durable yet
		s.Postpone(1, 3, 5, 99)
		synctest.Wait()
		var matches []uint32
		for _, r := range s.Pending(all, all) {
			matches = append(matches, r.ID.Match)
		}
		if !slices.Equal(matches, []uint32{2, 4, 1, 3, 5, 6}) || s.State().Waiting != 6 {
			t.Errorf("pending %v, state %+v", matches, s.State())
		}
	})
}

func TestNewerFormatIsRefused(t *testing.T) {
	m := &memory{durable: []byte("ringspl\x02something")}
	if _, err := open(m, DefaultConfig()); err == nil || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("open answers %v, want a refusal of format 2", err)
	}
	if m.replaced > 0 {
		t.Error("the newer file was overwritten")
	}
}

// The real directory: two processes cannot share it, a second start reads what the first wrote, nothing else is left there.
func TestDirectory(t *testing.T) {
	dir := t.TempDir() + "/a/b"
	for round := range 3 {
		s, err := Open(dir, DefaultConfig())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(dir, DefaultConfig()); err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("a second open answers %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- s.Run(ctx) }()
		same(t, s.Pending(all, all), 0, 10*round)
		queue(t, s, samples(10*round, 10*round+10))
		stop()
		if err := <-done; err != nil {
			t.Fatal(err)
		}
	}
}

// Durable records a second with the disk of this machine, in batches as large as one sync lets them become.
func BenchmarkSpool(b *testing.B) {
	c := DefaultConfig()
	durable := make(chan int, 1<<16)
	c.Durable = func(ids []outcome.ID) { durable <- len(ids) }
	s, err := Open(b.TempDir(), c)
	if err != nil {
		b.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	body := bytes.Repeat([]byte("x"), 700)
	const ahead = 200 // rooms whose matches end in one sync's time
	sent, got, syncs := 0, 0, 0
	for b.Loop() {
		for sent-got >= ahead {
			got += <-durable
			syncs++
			acknowledge(s, s.Pending(all, all))
		}
		if err := s.Queue([]Record{{ID: outcome.ID{Instance: 1, Match: uint32(sent)}, Body: body}}); err != nil {
			b.Fatal(err)
		}
		sent++
	}
	b.ReportMetric(float64(sent)/b.Elapsed().Seconds(), "outcomes/s")
	b.ReportMetric(float64(sent)/float64(max(1, syncs)), "outcomes/sync")
	stop()
	<-done
}
