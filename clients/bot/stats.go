package main

import (
	"fmt"
	"sync"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
)

// playerStats is what one player saw. The player's goroutine writes it, progress reads it: mu is held for nanoseconds.
type playerStats struct {
	mu        sync.Mutex
	frames    uint64 // ticks within the window
	first     bool   // a frame was seen, lastFrame is set
	lastFrame time.Time
	jitter    histogram // difference of a frame's gap from the tick length
	latency   histogram // input given to client until acknowledged
	matches   uint32    // outcomes
	lastMatch uint32
	broken    map[string]uint64 // by kind
	details   []string          // the first few
	gone      error             // why the player could not go on

	before, after goclient.Stats // at the window's ends
}

// maxDetails is how many broken invariants a player describes; the others are counted.
const maxDetails = 3

func (s *playerStats) frame(now time.Time, period time.Duration, counted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first && counted {
		gap := now.Sub(s.lastFrame) - period
		s.jitter.add(gap.Abs())
	}
	if counted {
		s.frames++
	}
	s.first, s.lastFrame = true, now
}

func (s *playerStats) acked(latency time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency.add(latency)
}

// outcome counts a match; hearing of it again, or of an earlier one, is a broken invariant.
func (s *playerStats) outcome(match uint32, counted bool) {
	s.mu.Lock()
	last := s.lastMatch
	s.lastMatch = max(last, match)
	if counted && match > last {
		s.matches++
	}
	s.mu.Unlock()
	if match <= last {
		s.violated("outcome-again", fmt.Sprintf("outcome of match %d after that of match %d", match, last))
	}
}

func (s *playerStats) violated(kind, detail string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.broken == nil {
		s.broken = make(map[string]uint64)
	}
	s.broken[kind]++
	if len(s.details) < maxDetails {
		s.details = append(s.details, kind+": "+detail)
	}
}

func (s *playerStats) lost(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gone = err
}
