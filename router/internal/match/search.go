package match

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/internal/where"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/api"
)

// maxSearched bounds for how many seconds a player may have searched, so that a range stays one.
const maxSearched = 600

// Skill asks for rooms with a numeric property near a value. Routers remember nothing of a search: the client says how long it has searched.
type Skill struct {
	Property string  `json:"property"`
	Value    float64 `json:"value"`
	Range    float64 `json:"range"`    // how far from Value the property may be when the search begins
	Widen    float64 `json:"widen"`    // what is added to Range for each second
	Searched float64 `json:"searched"` // seconds, at most maxSearched
}

// Search is what a request of quick match asks of a room's properties. Rooms that were made with any options are searched, since properties say
// what matters; a new room has the options of the request. The zero Search asks for rooms of the same options.
type Search struct {
	game    proto.GameName
	where   where.Conditions
	waiting proto.RoomID // where the player waits; empty: nowhere
	key     string       // the same for requests of one search
}

// any reports whether s asks for something.
func (s *Search) any() bool { return len(s.where) > 0 }

// Query is the part of a request that is about properties.
type Query struct {
	Where   []string // conditions of the room's properties
	Skill   *Skill   // a range of one property, which widens
	Waiting string   // the room in which the player waits for a better one
}

// Empty reports whether a query asks for nothing.
func (q *Query) Empty() bool { return len(q.Where) == 0 && q.Skill == nil && q.Waiting == "" }

// Read checks a query by a player with claims c. alone says that it is for one player.
func (q *Query) Read(c *ticket.Claims, alone bool) (s Search, err error) {
	s.game = c.Game
	if s.where, err = where.Parse(q.Where); err != nil {
		return s, api.BadField("where", err)
	}
	s.key = strings.Join(q.Where, "\x00")
	if q.Skill != nil {
		near, err := q.Skill.conditions()
		if err != nil {
			return s, api.BadField("skill", err)
		}
		s.where = append(s.where, near...)
		s.key += fmt.Sprintf("\x00%s %v", q.Skill.Property, q.Skill.Value)
	}
	if q.Waiting == "" {
		return s, nil
	}
	if s.waiting, err = proto.ParseRoomID(q.Waiting); err != nil {
		return s, api.BadField("waiting", err)
	}
	if _, ok := ticket.MatchKindOf(s.waiting); !ok || !s.any() || c.Role != ticket.Player || !alone {
		return s, api.BadField("waiting", errors.New("it is the id of the room that quick match gave, for one player who asks with \"where\" or \"skill\""))
	}
	return s, nil
}

// conditions are those that hold for properties in the range as it is now.
func (s *Skill) conditions() (where.Conditions, error) {
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
