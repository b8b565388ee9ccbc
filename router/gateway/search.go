package gateway

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
)

// maxSearched bounds for how many seconds a player may have searched, so that a range stays one.
const maxSearched = 600

// skillEntry asks for rooms with a numeric property near a value. Routers remember nothing of a search: the client says how long it has searched.
type skillEntry struct {
	Property string  `json:"property"`
	Value    float64 `json:"value"`
	Range    float64 `json:"range"`    // how far from Value the property may be when the search begins
	Widen    float64 `json:"widen"`    // what is added to Range for each second
	Searched float64 `json:"searched"` // seconds, at most maxSearched
}

// search is what a request of quick match asks of a room's properties. Rooms that were made with any options are searched, since properties say
// what matters; a new room has the options of the request. The zero search asks for rooms of the same options.
type search struct {
	game    proto.GameName
	where   where.Conditions
	waiting proto.RoomID // where the player waits; empty: nowhere
	key     string       // the same for requests of one search
}

// any reports whether s asks for something.
func (s *search) any() bool { return len(s.where) > 0 }

// readSearch reads the parts of e that are about properties.
func readSearch(e *entry, c *ticket.Claims) (s search, err error) {
	s.game = c.Game
	if s.where, err = where.Parse(e.Where); err != nil {
		return s, badField("where", err)
	}
	s.key = strings.Join(e.Where, "\x00")
	if e.Skill != nil {
		near, err := e.Skill.conditions()
		if err != nil {
			return s, badField("skill", err)
		}
		s.where = append(s.where, near...)
		s.key += fmt.Sprintf("\x00%s %v", e.Skill.Property, e.Skill.Value)
	}
	if e.Waiting == "" {
		return s, nil
	}
	if s.waiting, err = proto.ParseRoomID(e.Waiting); err != nil {
		return s, badField("waiting", err)
	}
	if _, ok := ticket.MatchKindOf(s.waiting); !ok || !s.any() || c.Role != ticket.Player || e.Party != nil || e.Players != nil {
		return s, badField("waiting", errors.New("it is the id of the room that quick match gave, for one player who asks with \"where\" or \"skill\""))
	}
	return s, nil
}

// conditions are those that hold for properties in the range as it is now.
func (s *skillEntry) conditions() (where.Conditions, error) {
	switch {
	case s.Property == "" || strings.ContainsAny(s.Property, "!<>="):
		return nil, fmt.Errorf("property is %.40q; name a numeric property of the game's rooms", s.Property)
	case s.Range < 0 || s.Widen < 0:
		return nil, errors.New("range and widen cannot be negative")
	case s.Searched < 0 || s.Searched > maxSearched:
		return nil, fmt.Errorf("searched is %v; it is a number of seconds, at most %d", s.Searched, maxSearched)
	}
	reach := s.Range + s.Widen*s.Searched
	if math.IsInf(s.Value+reach, 0) || math.IsInf(s.Value-reach, 0) {
		return nil, errors.New("the range has no end; use a smaller range or widen")
	}
	number := func(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
	return where.Parse([]string{s.Property + ">=" + number(s.Value-reach), s.Property + "<=" + number(s.Value+reach)})
}

// refuseSearch refuses the parts of e that are about quick match only.
func (e *entry) refuseSearch() error {
	if len(e.Where) > 0 || e.Skill != nil || e.Waiting != "" {
		return problemf(http.StatusBadRequest, "\"where\", \"skill\" and \"waiting\" find a room; use POST /v1/match, or leave them out")
	}
	return nil
}
