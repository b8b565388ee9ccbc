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
	frames    uint64    // ticks within the window
	first     bool      // a frame was seen, lastFrame is set
	began     time.Time // of the first frame
	lastFrame time.Time
	jitter    histogram         // difference of a frame's gap from the tick length
	latency   histogram         // input given to client until acknowledged
	matches   uint32            // outcomes
	lastMatch uint32            // newest whose outcome was heard
	takenBack bool              // it is being played again
	broken    map[string]uint64 // by kind
	details   []string          // the first few
	gone      error             // why the player could not go on

	before, after goclient.Stats // at the window's ends
}

// Broken invariants that no single client can see in what it is sent; the others are goclient.Violations.
const (
	ticksReplayed    = "ticks-replayed"     // more than a guarantee allows
	outcomeTakenBack = "outcome-taken-back" // the match is played again
)

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
	if !s.first {
		s.began = now
	}
	s.first, s.lastFrame = true, now
}

func (s *playerStats) acked(latency time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.latency.add(latency)
}

// outcome counts a match.
func (s *playerStats) outcome(match uint32, counted bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lastMatch = max(s.lastMatch, match)
	if counted {
		s.matches++
	}
}

// match takes the number of the match that is played: one whose outcome was heard is not played again.
func (s *playerStats) match(now uint32) {
	s.mu.Lock()
	heard, again := s.lastMatch, now != 0 && now <= s.lastMatch && !s.takenBack
	s.takenBack = now != 0 && now <= s.lastMatch
	s.mu.Unlock()
	if again {
		s.violated(outcomeTakenBack, fmt.Sprintf("match %d is played after the outcome of match %d", now, heard))
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
