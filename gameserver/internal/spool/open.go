package spool

import (
	"fmt"
	"strings"
	"time"
)

// Open opens the spool of dir, which it makes if need be, and reads what it holds. The caller runs Run, which closes it.
func Open(dir string, c Config) (*Spool, error) {
	d, err := openDisk(dir)
	if err != nil {
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	s, err := open(d, c)
	if err != nil {
		_ = d.close()
		return nil, fmt.Errorf("spool %s: %w", dir, err)
	}
	return s, nil
}

func open(d disk, c Config) (*Spool, error) {
	s := &Spool{config: c, disk: d, wake: make(chan struct{}, 1), index: map[uint64]*entry{}, start: time.Now()}
	b, err := d.read()
	if err != nil {
		return nil, err
	}
	if len(b) >= len(magic) && strings.HasPrefix(magic, string(b[:len(magic)-1])) && b[len(magic)-1] != magic[len(magic)-1] {
		return nil, fmt.Errorf("%s has format %d, this program knows %d only; start the version that wrote it", fileName, b[len(magic)-1], magic[len(magic)-1])
	}
	records, damaged := parse(b[min(len(b), len(magic)):])
	for _, r := range records {
		s.add(r, s.start).durable = true
	}
	s.waiting = len(records)
	s.damaged = int64(damaged)
	if err := s.rewrite(s.entries); err != nil {
		return nil, err
	}
	return s, nil
}

// InMemory gives a spool without a disk, for a server without -data: what it reports durable ends with the process.
func InMemory(c Config) *Spool {
	s, err := open(nowhere{}, c)
	if err != nil {
		panic("spool: " + err.Error()) // nowhere has no errors
	}
	return s
}

// nowhere is a disk that keeps nothing.
type nowhere struct{}

func (nowhere) read() ([]byte, error)                  { return nil, nil }
func (nowhere) replace([]byte) (file, error)           { return nowhere{}, nil }
func (nowhere) close() error                           { return nil }
func (nowhere) WriteAt(b []byte, _ int64) (int, error) { return len(b), nil }
func (nowhere) Truncate(int64) error                   { return nil }
func (nowhere) Sync() error                            { return nil }
func (nowhere) Close() error                           { return nil }
