package resultsapi

import (
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/roomstats"
	"github.com/ringside-go/ringside/router/internal/results"
)

// maxRoomBatch holds roomstats.MaxRooms rooms with the longest names.
const maxRoomBatch = 1 << 20

func (a *API) putRooms(r *request) error {
	var b roomstats.Batch
	if err := r.body(&b, maxRoomBatch); err != nil {
		return err
	}
	if err := a.config.Store.PutRooms(r.Context(), &b); err != nil {
		return err
	}
	return r.json(struct{}{})
}

// rooms answers for the last hour by minutes, if nothing else is asked.
func (a *API) rooms(r *request) error {
	if err := r.operator(); err != nil {
		return err
	}
	q := results.RoomQuery{Game: r.query.Get("game"), Room: r.query.Get("room"), To: time.Now().UTC(), Step: time.Minute}
	var err error
	if text := r.query.Get("step"); text != "" {
		if q.Step, err = time.ParseDuration(text); err != nil {
			return refuse(http.StatusBadRequest, "step is %.40q; a duration such as 5m or 24h is needed", text)
		}
	}
	if q.To, err = r.time("to", q.To); err != nil {
		return err
	}
	if q.From, err = r.time("from", q.To.Add(-time.Hour)); err != nil {
		return err
	}
	points, err := a.config.Store.Rooms(r.Context(), q)
	if err != nil {
		return err
	}
	return r.json(struct {
		From   time.Time           `json:"from"`
		To     time.Time           `json:"to"`
		Step   string              `json:"step"`
		Points []results.RoomPoint `json:"points"`
	}{q.From, q.To, q.Step.String(), points})
}

// time reads a time of the query; none is the default.
func (r *request) time(name string, otherwise time.Time) (time.Time, error) {
	text := r.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	at, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return at, refuse(http.StatusBadRequest, "%s is %.40q; a time such as 2026-11-29T12:00:00Z is needed", name, text)
	}
	return at.UTC(), nil
}
