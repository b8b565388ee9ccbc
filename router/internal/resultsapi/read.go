package resultsapi

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/results"
)

// poll reads until there is something, or wait is over.
func (a *API) poll(r *request, wait time.Duration, read func() ([]results.Stored, error)) ([]results.Stored, error) {
	_, changed := a.config.Store.Changed() // before the read, so that nothing falls between
	list, err := read()
	if err != nil || len(list) > 0 || wait == 0 {
		return list, err
	}
	leave, err := a.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	over := time.NewTimer(wait)
	defer over.Stop()
	for {
		select {
		case <-r.Context().Done():
			return nil, r.Context().Err()
		case <-over.C:
			return list, nil
		case <-changed:
		}
		_, changed = a.config.Store.Changed()
		if list, err = read(); err != nil || len(list) > 0 {
			return list, err
		}
	}
}

// enter takes a place for a request that waits.
func (a *API) enter() (leave func(), err error) {
	select {
	case a.waiting <- struct{}{}:
		return func() { <-a.waiting }, nil
	default:
		return nil, refuse(http.StatusServiceUnavailable, "%d requests wait for outcomes already; try again in a moment, or without wait", cap(a.waiting))
	}
}

// room reads the outcomes of a room: in order after a cursor, or, with before, the newest first. With an instance it reads one match
// of one life of the room.
func (a *API) room(r *request) error {
	room := proto.RoomID(r.PathValue("room"))
	match, err := r.number("match", 0, math.MaxUint32)
	if err != nil {
		return err
	}
	after, limit, wait, err := r.cursor()
	if err != nil {
		return err
	}
	if r.query.Has("before") {
		if wait != 0 || after != 0 {
			return refuse(http.StatusBadRequest, "before reads backwards; leave out after and wait")
		}
		before, err := r.number("before", 0, math.MaxInt64)
		if err != nil {
			return err
		}
		list, err := a.config.Store.RoomBefore(r.Context(), room, uint32(match), before, limit)
		if err != nil {
			return err
		}
		return r.page(list, 0)
	}
	read := func() ([]results.Stored, error) {
		return a.config.Store.Room(r.Context(), room, uint32(match), after, limit)
	}
	if text := r.query.Get("instance"); text != "" {
		id, err := outcome.ParseID(text + "-" + r.query.Get("match"))
		if err != nil {
			return refuse(http.StatusBadRequest, "instance is %.40q and match %.40q; an instance has 16 hexadecimal digits, and a match number from 1 must go with it", text, r.query.Get("match"))
		}
		read = func() ([]results.Stored, error) { return a.config.Store.RoomMatch(r.Context(), room, id) }
	}
	list, err := a.poll(r, wait, read)
	if err != nil {
		return err
	}
	return r.page(list, after)
}

// cursor reads after, limit and wait.
func (r *request) cursor() (after int64, limit int, wait time.Duration, err error) {
	if after, err = r.number("after", 0, math.MaxInt64); err != nil {
		return 0, 0, 0, err
	}
	n, err := r.number("limit", pageDefault, results.MaxPage)
	if err != nil {
		return 0, 0, 0, err
	}
	wait, err = r.wait()
	return after, int(n), wait, err
}

func (r *request) page(list []results.Stored, next int64) error {
	if n := len(list); n > 0 {
		next = list[n-1].Seq
	}
	list, err := r.show(list)
	if err != nil {
		return err
	}
	return r.json(page{list, next})
}

func (r *request) operator() error {
	if !r.caller.Operator {
		return refuse(http.StatusForbidden, "only operators may read this; send their token")
	}
	return nil
}

func (a *API) all(r *request) error {
	if err := r.operator(); err != nil {
		return err
	}
	after, limit, wait, err := r.cursor()
	if err != nil {
		return err
	}
	if strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		return a.stream(r, after)
	}
	list, err := a.poll(r, wait, func() ([]results.Stored, error) { return a.config.Store.After(r.Context(), after, limit) })
	if err != nil {
		return err
	}
	return r.page(list, after)
}

// How an event stream is kept alive, and how long a reader that takes nothing may hold it.
const (
	streamBeat  = 15 * time.Second
	streamWrite = 20 * time.Second
)

// stream sends outcomes as they are stored. Each event's id is the cursor with which the client comes back.
func (a *API) stream(r *request, after int64) error {
	if last := r.Header.Get("Last-Event-ID"); last != "" {
		var err error
		if after, err = strconv.ParseInt(last, 10, 64); err != nil {
			return refuse(http.StatusBadRequest, "Last-Event-ID is %.40q; it must be the id of an event", last)
		}
	}
	leave, err := a.enter()
	if err != nil {
		return err
	}
	defer leave()
	control := http.NewResponseController(r.w)
	begun := false
	for {
		_, changed := a.config.Store.Changed()
		list, err := a.config.Store.After(r.Context(), after, pageDefault)
		if err != nil {
			if begun {
				return nil // the client comes back with its cursor, and hears what is wrong
			}
			return err
		}
		if !begun {
			r.w.Header().Set("Content-Type", "text/event-stream")
			r.w.Header().Set("Cache-Control", "no-store")
			r.w.Header().Set("X-Accel-Buffering", "no")
			begun = true
		}
		_ = control.SetWriteDeadline(time.Now().Add(streamWrite)) // not every writer has one
		for _, o := range list {
			data, err := outcome.Encode(o)
			if err != nil {
				return nil
			}
			if _, err := fmt.Fprintf(r.w, "id: %d\nevent: outcome\ndata: %s\n\n", o.Seq, data); err != nil {
				return nil
			}
			after = o.Seq
		}
		if len(list) == 0 {
			if _, err := fmt.Fprint(r.w, ":\n\n"); err != nil {
				return nil
			}
		}
		if control.Flush() != nil {
			return nil
		}
		if len(list) == pageDefault {
			continue
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-changed:
		case <-time.After(streamBeat):
		}
	}
}
