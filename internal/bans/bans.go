// Package bans is the set of players who may not play, as each process of a fleet has it. Sets are merged: two processes that
// have exchanged theirs have the same. Who exchanges is the router's matter.
package bans

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/ringside-go/ringside/proto"
)

const (
	// MaxBans bounds the bans of a fleet, so that a whole set travels in one request of at most 600 KB. A studio with more
	// has its backend refuse identity tokens.
	MaxBans = 2000
	// MaxTime is how long a ban may last.
	MaxTime = 10 * 365 * 24 * time.Hour
)

// ErrFull: there are MaxBans bans already.
var ErrFull = fmt.Errorf("there are %d bans already; lift some, or have the game's backend refuse identity tokens to those players", MaxBans)

// Ban keeps a player out until a time. A lifted one is kept until then too, so that no process brings the ban back.
type Ban struct {
	Player  proto.PlayerID `json:"player"`
	Until   time.Time      `json:"until"`
	Reason  string         `json:"reason,omitempty"` // shown to the player
	Changed time.Time      `json:"changed"`          // of two that differ, the later one counts
	Lifted  bool           `json:"lifted,omitempty"`
}

func (b Ban) validate(now time.Time) error {
	if _, err := proto.ParsePlayerID(string(b.Player)); err != nil {
		return err
	}
	switch {
	case !now.Before(b.Until) || b.Until.After(now.Add(MaxTime)):
		return fmt.Errorf("a ban lasts until %v; it must end after now, and within %d years", b.Until, MaxTime/(365*24*time.Hour))
	case len(b.Reason) > proto.MaxText:
		return fmt.Errorf("the reason has %d bytes, at most %d are allowed", len(b.Reason), proto.MaxText)
	}
	return nil
}

// compare orders the versions of one player's ban.
func compare(a, b Ban) int {
	if c := a.Changed.Compare(b.Changed); c != 0 {
		return c
	}
	lifted := func(b Ban) int {
		if b.Lifted {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(lifted(a), lifted(b)), a.Until.Compare(b.Until), cmp.Compare(a.Reason, b.Reason))
}

// hash is of all that Set.Hash compares; 0 of no ban.
func (b Ban) hash() uint64 {
	if b.Player == "" {
		return 0
	}
	text, _ := json.Marshal(b)
	return xxhash.Sum64(text)
}

// Text is what the player is told.
func (b Ban) Text() string {
	text := "you are banned until " + b.Until.UTC().Format("2006-01-02 15:04 MST")
	if b.Reason != "" {
		text += ": " + b.Reason
	}
	return text
}

// Set is the bans that a process knows. Its methods may be called from any goroutine. Revision and Of never wait.
type Set struct {
	clock    func() time.Time
	revision atomic.Uint64
	active   atomic.Pointer[map[proto.PlayerID]Ban] // immutable

	mu   sync.Mutex
	all  map[proto.PlayerID]Ban // lifted ones too
	sum  uint64                 // of the hashes of all
	next time.Time              // when the first of all ends; zero: there are none
}

// New builds an empty set. clock tells the time of day; nil: the machine's.
func New(clock func() time.Time) *Set {
	if clock == nil {
		clock = time.Now
	}
	s := &Set{clock: clock, all: map[proto.PlayerID]Ban{}}
	s.active.Store(&map[proto.PlayerID]Ban{})
	return s
}

// Revision changes when a ban comes or is lifted.
func (s *Set) Revision() uint64 { return s.revision.Load() }

// Of gives the ban of a player; ok is false when there is none now.
func (s *Set) Of(player proto.PlayerID) (b Ban, ok bool) {
	b, ok = (*s.active.Load())[player]
	return b, ok && s.clock().Before(b.Until)
}

// Banned is Of as a room asks it.
func (s *Set) Banned(player proto.PlayerID) (text string, banned bool) {
	b, banned := s.Of(player)
	if !banned {
		return "", false
	}
	return b.Text(), true
}

// Add bans a player for so long from now on, instead of what was.
func (s *Set) Add(player proto.PlayerID, d time.Duration, reason string) (Ban, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock().UTC().Round(0)
	s.forget(now)
	b := Ban{Player: player, Until: now.Add(d).Truncate(time.Second), Reason: reason, Changed: now}
	if err := b.validate(now); err != nil {
		return Ban{}, err
	}
	old, known := s.all[player]
	if !known && len(s.all) >= MaxBans {
		return Ban{}, ErrFull
	}
	s.put(b, old)
	s.update()
	return b, nil
}

// Lift ends the ban of a player; false when there is none.
func (s *Set) Lift(player proto.PlayerID) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock().UTC().Round(0)
	s.forget(now)
	b, ok := s.all[player]
	if !ok || b.Lifted {
		return false
	}
	old := b
	b.Lifted, b.Changed = true, now
	s.put(b, old)
	s.update()
	return true
}

// put replaces old by b, which becomes the later of the two though another process's clock may be ahead.
func (s *Set) put(b, old Ban) {
	if !b.Changed.After(old.Changed) {
		b.Changed = old.Changed.Add(1)
	}
	s.replace(old, b)
}

// replace puts b in the place of old, which is zero if there is none.
func (s *Set) replace(old, b Ban) {
	s.sum += b.hash() - old.hash()
	s.all[b.Player] = b
	if s.next.IsZero() || b.Until.Before(s.next) {
		s.next = b.Until
	}
}

// Merge takes over what another process knows, and reports whether anything was new. What is not valid, or over, is left out,
// as is what would make more than twice MaxBans, which may happen when many are made at several routers at once.
func (s *Set) Merge(theirs []Ban) (changed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	now := s.clock()
	s.forget(now)
	for _, b := range theirs {
		old, known := s.all[b.Player]
		if b.validate(now) != nil || known && compare(b, old) <= 0 || !known && len(s.all) >= 2*MaxBans {
			continue
		}
		s.replace(old, b)
		changed = true
	}
	if changed {
		s.update()
	}
	return changed
}

// All gives everything for another process to merge, by player: lifted ones too.
func (s *Set) All() []Ban {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(s.clock())
	return sorted(s.all)
}

// Active gives the bans that hold, by player.
func (s *Set) Active() []Ban {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(s.clock())
	return sorted(*s.active.Load())
}

func sorted(m map[proto.PlayerID]Ban) []Ban {
	return slices.SortedFunc(maps.Values(m), func(a, b Ban) int { return cmp.Compare(a.Player, b.Player) })
}

// Hash is the same for two sets with the same content; empty for an empty one.
func (s *Set) Hash() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.forget(s.clock())
	if len(s.all) == 0 {
		return ""
	}
	return strconv.FormatUint(s.sum, 16)
}

// forget drops what is over at now. Called with mu held.
func (s *Set) forget(now time.Time) {
	if s.next.IsZero() || now.Before(s.next) {
		return
	}
	s.next = time.Time{}
	for player, b := range s.all {
		switch {
		case !now.Before(b.Until):
			s.sum -= b.hash()
			delete(s.all, player)
		case s.next.IsZero() || b.Until.Before(s.next):
			s.next = b.Until
		}
	}
	s.update()
}

// update publishes the bans that hold. Called with mu held.
func (s *Set) update() {
	active := make(map[proto.PlayerID]Ban, len(s.all))
	for player, b := range s.all {
		if !b.Lifted {
			active[player] = b
		}
	}
	s.active.Store(&active)
	s.revision.Add(1)
}

// ParseTime reads how long a ban is to last.
func ParseTime(seconds float64) (time.Duration, error) {
	if !(seconds >= 1 && seconds <= MaxTime.Seconds()) {
		return 0, errors.New("seconds must be a number from 1 to " + strconv.Itoa(int(MaxTime.Seconds())) + ", which is 10 years")
	}
	return time.Duration(seconds * float64(time.Second)), nil
}
