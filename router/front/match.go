package front

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

const (
	// matchAge is how old the servers' reports may be that a match is made from.
	matchAge = 500 * time.Millisecond
	// matchPatience is how long a player may wait for the first report of a kind of room, rather than to be put into yet
	// another new one: the time to connect and the age of two reports. Only the first few players of a kind wait.
	matchPatience = 1500 * time.Millisecond
)

// postMatch gives a seat in the fullest open room of the game and the options asked for, or in a new one.
func (f *Front) postMatch(w http.ResponseWriter, r *http.Request) error {
	c, err := readEntry(w, r)
	if err != nil {
		return err
	}
	if c.Room != "" || c.Role != ticket.Player {
		return problemf(http.StatusBadRequest, "a match gives a seat in a room that is found for you; leave out \"room\" "+
			"and \"role\", or use POST /v1/rooms")
	}
	if err := f.identify(r, &c); err != nil {
		return err
	}
	server, err := f.findSeat(r.Context(), &c)
	if err != nil {
		return err
	}
	return f.admit(w, r, c, server)
}

// findSeat reserves a seat for c and sets its room. It may wait for the servers' next reports.
func (f *Front) findSeat(ctx context.Context, c *ticket.Claims) (server membership.Member, err error) {
	kind := matchKind(c.Game, c.Options)
	for deadline := time.Now().Add(matchPatience); ; {
		fleet, now := f.table.Fleet(), time.Now()
		s, ok := f.matches.seat(f.survey.get(matchAge), kind, now, now.Before(deadline), func() (proto.RoomID, bool) {
			room, _, ok := f.picker.Pick(fleet, kind)
			return room, ok
		})
		if ok && s.wait {
			select {
			case <-time.After(matchAge / 5):
				continue
			case <-ctx.Done():
				return membership.Member{}, tryLater("the client left before a seat was found")
			}
		}
		if ok && s.leader.Name == "" {
			s.leader, ok = fleet.Home(s.room)
		}
		if !ok {
			return membership.Member{}, noServers(fleet)
		}
		c.Room = s.room
		return s.leader, nil
	}
}

// matchKind is how the ids of the rooms begin that quick match makes for game and (canonical) options. So every router
// tells from a room's id alone that it is open to strangers, and to which; rooms made by POST /v1/rooms stay private.
func matchKind(game proto.GameName, options []byte) string {
	sum := sha256.Sum256(append(append([]byte(game), 0), options...))
	return "q-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:10]) + "-"
}

// kindOf gives the kind of a room that quick match made; ok is false for other rooms.
func kindOf(room proto.RoomID) (kind string, ok bool) {
	n := len(matchKind("", nil))
	if len(room) <= n || room[:2] != "q-" || room[n-1] != '-' {
		return "", false
	}
	return string(room[:n]), true
}
