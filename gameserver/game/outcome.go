package game

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ringside-go/ringside/proto"
)

// Outcome is what a game says of a match's end.
type Outcome struct {
	Results []Result // of players; those that name nobody are left out, and so are further ones of the same player
	Data    []byte   // the game's own, for its backend; at most proto.MaxOutcomeData bytes
}

// Result is one player's part of an outcome.
type Result struct {
	Seat  Seat        // who has it
	Alias proto.Alias // instead of Seat: the player of this alias, who has a seat or is among Room.Left
	Place uint8       // 1 is first; equal places are a draw
	Score int32
}

// Decided is an outcome with whom it is about. Clients are told the Outcome only, which names aliases.
type Decided struct {
	proto.Outcome
	Players []proto.PlayerID // of the results, in their order: for the game's backend
	Names   []string         // likewise, shortened to outcomeName bytes: for boards and histories, whose readers know no seats
	Told    bool             // of one that the room keeps: a leader has told it
	Unkept  bool             // the room's state has no place for it, because it needs all that it has as much
}

// OutcomeKeep is the time, in seconds, for which a room keeps an outcome. A leader that takes over in this time tells it
// again, and so hears a player whose connection was dead when it was told: a dead connection goes unnoticed for some
// seconds, and the seat is held for proto.SeatHold (15 s) from then on.
const OutcomeKeep = 30

// outcomeRow is a piece of an outcome that was decided. An outcome can be longer than a string field holds, so it lies
// in as many rows as it needs: one usually, at most 45 of the table's 90.
type outcomeRow struct {
	Match uint32 `state:""`
	Tick  uint32 `state:""`
	Piece uint8  `state:""`        // from 0
	Told  bool   `state:""`        // see Decided
	Text  string `state:"max=252"` // of the encoded Decided, in base64, since strings are text
}

// outcomeName bounds a name in an outcome, in bytes, so that the largest outcome has a bounded size.
const outcomeName = 32

// outcomePiece is the bytes whose base64 digits fill outcomeRow.Text.
const outcomePiece = 252 / 4 * 3

func (s *Simulation) finish(o Outcome) {
	if len(o.Results) > proto.MaxSeats || len(o.Data) > proto.MaxOutcomeData {
		panic(fmt.Sprintf("game: Room.Finish: %d results and %d bytes of data, at most %d and %d are allowed",
			len(o.Results), len(o.Data), proto.MaxSeats, proto.MaxOutcomeData))
	}
	room := s.core.Room.Get()
	out := Decided{Outcome: proto.Outcome{Match: room.Match, Tick: s.at, Data: slices.Clone(o.Data)}}
	for _, r := range o.Results {
		if p, ok := s.resultOf(r); ok && !slices.Contains(out.Players, p.ID) {
			out.Results = append(out.Results, proto.Result{Seat: p.Seat, Alias: p.Alias, Place: r.Place, Score: r.Score})
			out.Players = append(out.Players, p.ID)
			out.Names = append(out.Names, shorten(p.Name))
		}
	}
	room.Match++
	s.forgetLeavers()
	out.Unkept = !s.keep(&out)
	s.outcomes = append(s.outcomes, out)
}

// shorten cuts a name to at most outcomeName bytes, at the beginning of a character.
func shorten(name string) string {
	if len(name) <= outcomeName {
		return name
	}
	end := outcomeName
	for !utf8.RuneStart(name[end]) {
		end--
	}
	return strings.TrimSpace(name[:end])
}

// keep writes o into the table, in the place of older ones that the room needs less when there is no room. If it needs all of them,
// o is not written, and keep returns false.
func (s *Simulation) keep(o *Decided) bool {
	t := &s.core.Outcomes
	rest := o.append(nil)
	for (len(rest)+outcomePiece-1)/outcomePiece > t.Cap()-t.Len() {
		if !s.makeRoom() {
			return false
		}
	}
	for piece := 0; len(rest) > 0; piece++ {
		n := min(len(rest), outcomePiece)
		_, row := t.Add()
		*row = outcomeRow{o.Match, uint32(o.Tick), uint8(piece), false, base64.RawStdEncoding.EncodeToString(rest[:n])}
		rest = rest[n:]
	}
	return true
}

// Need is how much a room needs an outcome that it keeps.
type Need uint8

// The needs, the least first.
const (
	NeedRecall Need = iota // it was told, and is kept for those who come back
	NeedSpare              // it must be told, and is also kept elsewhere
	NeedAlone              // nothing else keeps it: no other outcome takes its place
)

// Kept is an outcome that a room keeps whatever its age.
type Kept struct {
	Match uint32
	Need  Need
}

// KeepOutcomes keeps these outcomes, and not only for OutcomeKeep. Where the table has no room for a new one, the oldest of those
// that are needed least go. The simulation reads kept until the next call.
func (s *Simulation) KeepOutcomes(kept []Kept) { s.kept = kept }

// since is how many matches a is after b, negative when it is before: they are counted modulo 2^32.
func since(a, b uint32) int { return int(int32(a - b)) }

// need is how much the outcome of match is needed; kept: whatever its age. Those of the present tick are nowhere else yet.
func (s *Simulation) need(match uint32) (n Need, kept bool) {
	if len(s.outcomes) > 0 && since(match, s.outcomes[0].Match) >= 0 {
		return NeedAlone, true
	}
	for _, k := range s.kept {
		if k.Match == match {
			return k.Need, true
		}
	}
	return NeedRecall, false
}

// makeRoom removes the oldest of the outcomes that are needed least; false: all are needed.
func (s *Simulation) makeRoom() bool {
	drop, least := uint32(0), NeedAlone
	for _, row := range s.core.Outcomes.All() {
		if n, _ := s.need(row.Match); n < least || n == least && n < NeedAlone && since(row.Match, drop) < 0 {
			drop, least = row.Match, n
		}
	}
	if least == NeedAlone {
		return false
	}
	for id, row := range s.core.Outcomes.All() {
		if row.Match == drop {
			s.core.Outcomes.Remove(id)
		}
	}
	return true
}

// dropOldOutcomes notes what was told, for the next leader, and forgets what was decided over OutcomeKeep seconds ago and is not kept.
func (s *Simulation) dropOldOutcomes() {
	for id, row := range s.core.Outcomes.All() {
		if !row.Told {
			n, kept := s.need(row.Match)
			row.Told = kept && n == NeedRecall
		}
		if uint32(s.at)-row.Tick <= uint32(OutcomeKeep*s.settings.TickRate) {
			continue
		}
		if _, kept := s.need(row.Match); !kept {
			s.core.Outcomes.Remove(id)
		}
	}
}

// Match is the number of the match being played, from 1.
func (s *Simulation) Match() uint32 { return s.core.Room.Get().Match }

// Outcomes gives the outcomes decided in the last Step. Valid until the next.
func (s *Simulation) Outcomes() []Decided { return s.outcomes }

// RecentOutcomes gives the outcomes that the room keeps, by match, also those that were decided before this simulation was
// rebuilt. A new leader tells them all: a client knows by the match number which ones it has
// heard.
func (s *Simulation) RecentOutcomes() ([]Decided, error) {
	var rows []outcomeRow
	for _, row := range s.core.Outcomes.All() {
		rows = append(rows, *row)
	}
	slices.SortFunc(rows, func(a, b outcomeRow) int {
		return cmp.Or(since(a.Match, b.Match), cmp.Compare(a.Piece, b.Piece))
	})
	var all []Decided
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
		o, err := parseDecided(record)
		if err != nil {
			return nil, fmt.Errorf("game: kept outcome of match %d: %w", rows[0].Match, err)
		}
		o.Told = rows[0].Told
		all, rows = append(all, o), rows[n:]
	}
	return all, nil
}

// append appends the record of the outcome, then for each player the id and the name: length u8, then the text.
func (o *Decided) append(b []byte) []byte {
	b = o.Outcome.Append(b)
	for i, id := range o.Players {
		b = append(append(b, byte(len(id))), id...)
		b = append(append(b, byte(len(o.Names[i]))), o.Names[i]...)
	}
	return b
}

func parseDecided(b []byte) (o Decided, err error) {
	_, body, rest, err := proto.NextRecord(b)
	if err == nil {
		o.Outcome, err = proto.ParseOutcome(body)
	}
	if err != nil {
		return o, err
	}
	text := func() string {
		if len(rest) == 0 || len(rest) <= int(rest[0]) {
			err = proto.ErrShort
			return ""
		}
		n := 1 + int(rest[0])
		s := string(rest[1:n])
		rest = rest[n:]
		return s
	}
	for range o.Results {
		o.Players = append(o.Players, proto.PlayerID(text()))
		o.Names = append(o.Names, text())
		if err != nil {
			return o, err
		}
	}
	return o, nil
}
