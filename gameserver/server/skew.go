package server

import (
	"context"
	"hash/maphash"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/ticket"
)

const (
	// skewInterval is how often the tickets of the time since are judged, and so the least time between two warnings.
	skewInterval = time.Minute
	// skewTolerance is how far in the future a ticket may have been issued. Clocks that NTP disciplines differ by far less.
	skewTolerance = 30 * time.Second
	// skewTickets is how many different tickets must agree. A client that kept a few old ones must not raise an alarm.
	skewTickets = 5
	// skewBand is how far the ages of tickets that agree may be apart. A client shows a new ticket within seconds.
	skewBand = 10 * time.Second
	// skewShare is how many tickets must be in doubt for each one that is not.
	skewShare = 10
	// skewMemory bounds the doubtful tickets that are remembered in an interval. Further ones are ignored: they could only
	// confirm what these show.
	skewMemory = 64
)

// skew notices when this server's clock differs from those of the routers that issue tickets. Such a server refuses every
// ticket, or accepts expired ones. Clients show a ticket right after it was issued, so its age by this server's clock is the
// skew. A single old ticket proves nothing; many different ones of the same age, with hardly a good one among them, do.
type skew struct {
	log     *slog.Logger
	metrics *obs.ServerMetrics
	seed    maphash.Seed

	mu    sync.Mutex
	good  int
	doubt map[uint64]time.Duration // ages of refused or future tickets, by their hashes; at most skewMemory
}

func newSkew(log *slog.Logger, m *obs.ServerMetrics) *skew {
	return &skew{log: log, metrics: m, seed: maphash.MakeSeed(), doubt: map[uint64]time.Duration{}}
}

// see notes a ticket with a valid signature that a client showed at now.
func (s *skew) see(signed string, c ticket.Claims, expired bool, now time.Time) {
	if c.Issued.IsZero() {
		return
	}
	age := now.Sub(c.Issued)
	s.mu.Lock()
	defer s.mu.Unlock()
	if !expired && age >= -skewTolerance {
		s.good++
		return
	}
	key := maphash.String(s.seed, signed)
	if _, known := s.doubt[key]; !known && len(s.doubt) < skewMemory {
		s.doubt[key] = age
	}
}

// run judges the tickets until ctx ends.
func (s *skew) run(ctx context.Context) error {
	timer := time.NewTicker(skewInterval)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			s.judge()
		}
	}
}

// judge warns if the tickets since the last call show a skew. Without any ticket the metric keeps its value.
func (s *skew) judge() {
	s.mu.Lock()
	good, doubt := s.good, s.doubt
	s.good, s.doubt = 0, map[uint64]time.Duration{}
	s.mu.Unlock()
	ahead, found := estimate(good, doubt)
	switch {
	case found:
		s.metrics.ClockSkew.Set(ahead.Seconds())
		s.log.Warn("this server's clock and the routers' clocks differ, so tickets are refused or expire late; check NTP on this server and on the routers",
			"ahead", ahead, "tickets", len(doubt), "good", good)
	case good > 0:
		s.metrics.ClockSkew.Set(0)
	}
}

// estimate is how far this server's clock is ahead by the ages of doubtful tickets, to the second. found: enough of them agree.
func estimate(good int, doubt map[uint64]time.Duration) (ahead time.Duration, found bool) {
	if good*skewShare > len(doubt) {
		return 0, false
	}
	ages := make([]time.Duration, 0, len(doubt))
	for _, age := range doubt {
		ages = append(ages, age)
	}
	slices.Sort(ages)
	agree := max(skewTickets, (len(ages)+1)/2)
	for i := 0; i+agree <= len(ages); i++ {
		if ages[i+agree-1]-ages[i] <= skewBand {
			return ages[i].Round(time.Second), true
		}
	}
	return 0, false
}
