package game

import (
	"strings"

	"github.com/ringside-go/ringside/proto"
)

// Undecided reports whether the game has not said yet whether everybody who has joined gets the seat: the next Step may free seats.
func (s *Simulation) Undecided() bool { return s.joining != 0 && s.admitter != nil }

// admit asks the game about p, who has joined. Without its consent the seat is free again.
func (s *Simulation) admit(p Player) bool {
	if s.admitter == nil {
		return true
	}
	claims := s.claims[p.Seat]
	s.claims[p.Seat] = nil
	err := s.admitter.Admit(&s.room, p, claims)
	if err == nil {
		return true
	}
	s.kicked = append(s.kicked, Kicked{Seat: p.Seat, Reason: clip(err.Error()), Refused: true})
	s.free(p.Seat)
	return false
}

// clip cuts a text to what a client can be told.
func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), proto.MaxText)], "")
}
