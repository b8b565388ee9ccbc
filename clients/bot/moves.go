package main

import (
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/ringside-go/ringside/clients/goclient"
	"github.com/ringside-go/ringside/proto"
)

// maxReplay is how many ticks may be played again when a server's process is gone (guarantee G2).
const maxReplay = 2

// moves is what all players saw of changes of connection, by kind.
type moves struct {
	mu     sync.Mutex
	byKind map[goclient.MoveKind]*moveCount
	log    []MoveEntry
}

// maxMoveLog is how many moves a report lists: those of 160 players through 100 rolling restarts take 2 MB. Later ones are
// counted only.
const maxMoveLog = 16000

type moveCount struct {
	n, prepared              uint64
	gap                      histogram
	missed, replayed         uint64
	mostMissed, mostReplayed uint32 // by one player at once
}

// kinds of moves, in the order of reports.
var kinds = []goclient.MoveKind{goclient.Handoff, goclient.Failover, goclient.Reconnect}

func newMoves() *moves {
	m := &moves{byKind: make(map[goclient.MoveKind]*moveCount), log: []MoveEntry{}}
	for _, kind := range kinds {
		m.byKind[kind] = &moveCount{}
	}
	return m
}

// add counts a move of a player in room, whose first frame after it came at now, and returns what is wrong with it, or "".
func (m *moves) add(move goclient.Move, room proto.RoomID, now time.Time) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.log) < maxMoveLog {
		m.log = append(m.log, MoveEntry{At: now, Room: room, Kind: move.Kind, Prepared: move.Prepared, From: move.From, To: move.To,
			Gap: milliseconds(move.Gap), Missed: move.MissedTicks, Replayed: move.ReplayedTicks, Cause: fmt.Sprint(move.Cause)})
	}
	c := m.byKind[move.Kind]
	c.n++
	if move.Prepared {
		c.prepared++
	}
	c.gap.add(move.Gap)
	c.missed += uint64(move.MissedTicks)
	c.replayed += uint64(move.ReplayedTicks)
	c.mostMissed = max(c.mostMissed, move.MissedTicks)
	c.mostReplayed = max(c.mostReplayed, move.ReplayedTicks)
	if limit, ok := replayLimit(move); ok && move.ReplayedTicks > limit {
		return fmt.Sprintf("%d ticks are played again after a %s from %s to %s; at most %d may be",
			move.ReplayedTicks, move.Kind, move.From, move.To, limit)
	}
	return ""
}

// replayLimit is how many ticks a move may play again. None is known when a server is cut off: it plays on alone until
// it notices, and its players lose that when they are sent on, find nothing but silence, or find the room elsewhere.
func replayLimit(move goclient.Move) (limit uint32, ok bool) {
	var closed *goclient.CloseError
	switch {
	case move.Kind == goclient.Handoff:
		return 0, move.Prepared
	case move.Kind == goclient.Failover:
		return maxReplay, !errors.As(move.Cause, &closed) && !errors.Is(move.Cause, os.ErrDeadlineExceeded) && move.Cause != goclient.ErrSuspended
	}
	return 0, true
}

// Moves is a moveCount in a report.
type Moves struct {
	Count        uint64    `json:"count"`    // one for each player who moved
	Prepared     uint64    `json:"prepared"` // of them with the next connection open before
	Gap          Quantiles `json:"gap_ms"`   // from the last frame before to the first one after
	Missed       uint64    `json:"ticks_missed"`
	MostMissed   uint32    `json:"ticks_missed_max"` // by one player at one move
	Replayed     uint64    `json:"ticks_replayed"`   // played again, summed over players
	MostReplayed uint32    `json:"ticks_replayed_max"`
}

// MoveEntry is one player's move in a report, by which whoever caused it finds it again.
type MoveEntry struct {
	At       time.Time         `json:"at"` // of the first frame after
	Room     proto.RoomID      `json:"room"`
	Kind     goclient.MoveKind `json:"kind"`
	Prepared bool              `json:"prepared"`
	From     string            `json:"from"`
	To       string            `json:"to"`
	Gap      float64           `json:"gap_ms"`
	Missed   uint32            `json:"ticks_missed"`
	Replayed uint32            `json:"ticks_replayed"`
	Cause    string            `json:"cause"` // with which the old connection ended
}

func (m *moves) report() map[goclient.MoveKind]Moves {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := make(map[goclient.MoveKind]Moves)
	for kind, c := range m.byKind {
		r[kind] = Moves{c.n, c.prepared, quantiles(&c.gap), c.missed, c.mostMissed, c.replayed, c.mostReplayed}
	}
	return r
}
