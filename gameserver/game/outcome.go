package game

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"

	"github.com/ringside-go/ringside/proto"
)

// Outcome is what a game says of a match's end.
type Outcome struct {
	Results []Result // of seats that somebody has; others are left out
	Data    []byte   // the game's own, for its backend; at most proto.MaxOutcomeData bytes
}

// Result is one seat's part of an outcome.
type Result struct {
	Seat  Seat
	Place uint8 // 1 is first; equal places are a draw
	Score int32
}

// OutcomeKeep is the time, in seconds, for which a room keeps an outcome. A leader that takes over in this time tells it
// again, and so hears a player whose connection was dead when it was told: a dead connection goes unnoticed for some
// seconds, and the seat is held for proto.SeatHold (15 s) from then on.
const OutcomeKeep = 30

// outcomeRow is a piece of an outcome that was decided. An outcome can be longer than a string field holds, so it lies
// in as many rows as it needs: one usually, at most 30 of the table's 64.
type outcomeRow struct {
	Match uint32 `state:""`
	Tick  uint32 `state:""`
	Piece uint8  `state:""`        // from 0
	Text  string `state:"max=252"` // of the encoded proto.Outcome, in base64, since strings are text
}

// outcomePiece is the bytes whose base64 digits fill outcomeRow.Text.
const outcomePiece = 252 / 4 * 3

func (s *Simulation) finish(o Outcome) {
	if len(o.Results) > proto.MaxSeats || len(o.Data) > proto.MaxOutcomeData {
		panic(fmt.Sprintf("game: Room.Finish: %d results and %d bytes of data, at most %d and %d are allowed",
			len(o.Results), len(o.Data), proto.MaxSeats, proto.MaxOutcomeData))
	}
	room := s.core.Room.Get()
	out := proto.Outcome{Match: room.Match, Tick: s.at, Data: slices.Clone(o.Data)}
	for _, r := range o.Results {
		if p, ok := s.Player(r.Seat); ok {
			out.Results = append(out.Results, proto.Result{Seat: r.Seat, Player: p.ID, Place: r.Place, Score: r.Score})
		}
	}
	room.Match++
	s.outcomes = append(s.outcomes, out)
	s.keep(&out)
}

// keep writes o into the table, over the oldest ones when they leave no room.
func (s *Simulation) keep(o *proto.Outcome) {
	t := &s.core.Outcomes
	rest := o.Append(nil)
	for (len(rest)+outcomePiece-1)/outcomePiece > t.Cap()-t.Len() {
		s.dropOutcomes(s.oldestMatch() + 1)
	}
	for piece := 0; len(rest) > 0; piece++ {
		n := min(len(rest), outcomePiece)
		_, row := t.Add()
		*row = outcomeRow{o.Match, uint32(o.Tick), uint8(piece), base64.RawStdEncoding.EncodeToString(rest[:n])}
		rest = rest[n:]
	}
}

func (s *Simulation) oldestMatch() uint32 {
	oldest := s.core.Room.Get().Match
	for _, row := range s.core.Outcomes.All() {
		oldest = min(oldest, row.Match)
	}
	return oldest
}

// dropOutcomes forgets the matches below match.
func (s *Simulation) dropOutcomes(match uint32) {
	for id, row := range s.core.Outcomes.All() {
		if row.Match < match {
			s.core.Outcomes.Remove(id)
		}
	}
}

// KeepOutcomes keeps the outcomes from match on beyond OutcomeKeep, because nobody was told of them yet; the table's size
// bounds them still. 0: none.
func (s *Simulation) KeepOutcomes(match uint32) { s.untold = match }

// dropOldOutcomes forgets what was decided over OutcomeKeep seconds ago and has been told.
func (s *Simulation) dropOldOutcomes() {
	for id, row := range s.core.Outcomes.All() {
		told := s.untold == 0 || row.Match < s.untold
		if told && uint32(s.at)-row.Tick > uint32(OutcomeKeep*s.settings.TickRate) {
			s.core.Outcomes.Remove(id)
		}
	}
}

// Match is the number of the match being played, from 1.
func (s *Simulation) Match() uint32 { return s.core.Room.Get().Match }

// Outcomes gives the outcomes decided in the last Step. Valid until the next.
func (s *Simulation) Outcomes() []proto.Outcome { return s.outcomes }

// RecentOutcomes gives the outcomes that the room keeps, by match, also those that were decided before this simulation was
// rebuilt. A new leader tells them all: a client knows by the match number which ones it has
// heard.
func (s *Simulation) RecentOutcomes() ([]proto.Outcome, error) {
	var rows []outcomeRow
	for _, row := range s.core.Outcomes.All() {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b outcomeRow) int {
		return cmp.Or(cmp.Compare(a.Match, b.Match), cmp.Compare(a.Piece, b.Piece))
	})
	var all []proto.Outcome
	for len(rows) > 0 {
		var record []byte
		n := 0
		for ; n < len(rows) && rows[n].Match == rows[0].Match; n++ {
			piece, err := base64.RawStdEncoding.DecodeString(rows[n].Text)
			if err != nil {
				return nil, fmt.Errorf("game: kept outcome of match %d, piece %d: %w", rows[0].Match, rows[n].Piece, err)
			}
			record = append(record, piece...)
		}
		_, body, _, err := proto.NextRecord(record)
		if err != nil {
			return nil, fmt.Errorf("game: kept outcome of match %d: %w", rows[0].Match, err)
		}
		o, err := proto.ParseOutcome(body)
		if err != nil {
			return nil, fmt.Errorf("game: kept outcome of match %d: %w", rows[0].Match, err)
		}
		all, rows = append(all, o), rows[n:]
	}
	return all, nil
}
