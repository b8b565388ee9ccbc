package front

import (
	"crypto/sha256"
	"encoding/base32"
	"net/http"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/proto"
)

// matchAge is how old the servers' reports may be that a match is made from.
const matchAge = 500 * time.Millisecond

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
	fleet := f.table.Fleet()
	kind := matchKind(c.Game, c.Options)
	room, server, ok := f.matches.seat(f.survey.get(matchAge), kind, time.Now(), func() (proto.RoomID, bool) {
		room, _, ok := f.picker.Pick(fleet, kind)
		return room, ok
	})
	if ok && server.Name == "" {
		server, ok = fleet.Home(room)
	}
	if !ok {
		return noServers(fleet)
	}
	c.Room = room
	return f.admit(w, r, c, server)
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
