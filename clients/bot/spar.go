package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ringside-go/ringside/proto"
)

const (
	// sparInterval is the time between two looks at the rooms: a visitor's first opponents are there about so soon.
	sparInterval = time.Second
	// sparSettle is how long after a partner came or went the router may still say how it was before.
	sparSettle = 2 * time.Second
	// sparTimeout bounds one look, and the entering that follows from it.
	sparTimeout = 10 * time.Second
	// maxFleet bounds the router's description of the fleet in bytes; a room takes about 300.
	maxFleet = 64 << 20
)

// sparNames are what sparring partners are called.
var sparNames = []string{"Jab", "Hook", "Cross", "Feint", "Slip", "Weave", "Bolo", "Clinch", "Parry", "Haymaker", "Uppercut", "Southpaw"}

// sparring keeps those company who come by quick match: it brings each of their rooms up to Config.Spar players, and
// leaves again when people come. While nobody is there, one room goes on, so that there is something to watch.
type sparring struct {
	load  *load
	kind  string    // how the ids of the rooms begin that quick match makes for this game; empty before the first is known
	made  int       // partners until now
	since time.Time // when the last one came or was asked to leave
	going sync.WaitGroup

	mu    sync.Mutex
	rooms map[proto.RoomID][]*player // who is in
}

// Spar spars until ctx ends. What goes wrong is said on c.Progress and tried again.
func Spar(ctx context.Context, c Config) error {
	c.Match = true
	l, err := newLoad(c)
	if err != nil {
		return err
	}
	s := &sparring{load: l, rooms: make(map[proto.RoomID][]*player)}
	defer s.going.Wait()
	ticker := time.NewTicker(sparInterval)
	defer ticker.Stop()
	for said := ""; ; {
		switch err := s.look(ctx); {
		case ctx.Err() != nil:
			return nil
		case err == nil:
			said = ""
		case err.Error() != said:
			said = err.Error()
			fmt.Fprintln(c.Progress, "sparring:", said)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// ring is a room of quick match, as the router says.
type ring struct {
	Room    proto.RoomID `json:"room"`
	Seats   int          `json:"seats"`
	Players int          `json:"players"` // partners included
}

// look brings the partners to where they are wanted.
func (s *sparring) look(ctx context.Context) error {
	if time.Since(s.since) < sparSettle {
		return nil
	}
	look, cancel := context.WithTimeout(ctx, sparTimeout)
	defer cancel()
	var rings map[proto.RoomID]ring
	if s.kind != "" {
		var err error
		if rings, err = s.rings(look); err != nil {
			return err
		}
	}
	if len(rings) == 0 && s.count() == 0 {
		return s.enter(look, ctx, "") // quick match makes a room
	}
	var errs []error
	for room, n := range wanted(rings, s.partners(), s.load.config.Spar) {
		for range n - s.in(room) {
			if err := s.enter(look, ctx, room); err != nil {
				errs = append(errs, err)
				break
			}
		}
		for range s.in(room) - n {
			s.leave(room)
		}
	}
	return errors.Join(errs...)
}

// wanted is how many partners there should be in each of rings, where there are mine now: as many as are missing to
// want players, without the last seat, in rooms where people are. Where nobody is anywhere, one room goes on: the one
// with the most partners, the first by id of equal ones.
func wanted(rings map[proto.RoomID]ring, mine map[proto.RoomID]int, want int) map[proto.RoomID]int {
	out := make(map[proto.RoomID]int, len(rings))
	alone, people := proto.RoomID(""), false
	for room, r := range rings {
		humans := max(0, r.Players-mine[room])
		if out[room] = 0; humans > 0 {
			people = true
			out[room] = max(0, min(want, r.Seats-1)-humans)
		}
		if alone == "" || mine[room] > mine[alone] || mine[room] == mine[alone] && room < alone {
			alone = room
		}
	}
	if !people && alone != "" {
		out[alone] = max(0, min(want, rings[alone].Seats-1))
	}
	return out
}

// rings asks the router for the rooms of quick match that are led.
func (s *sparring) rings(ctx context.Context) (map[proto.RoomID]ring, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(s.load.config.Router, "/")+"/v1/fleet", nil)
	if err != nil {
		return nil, err
	}
	resp, err := s.load.pass.HTTP.Do(req)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	var fleet struct {
		Rooms []ring `json:"rooms"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxFleet)).Decode(&fleet); err != nil {
		return nil, fmt.Errorf("%s: %w", req.URL, err)
	}
	rings := make(map[proto.RoomID]ring)
	for _, r := range fleet.Rooms {
		// While a room moves two servers have it.
		if strings.HasPrefix(string(r.Room), s.kind) && r.Players >= rings[r.Room].Players {
			rings[r.Room] = r
		}
	}
	return rings, nil
}

// enter brings a new partner into room, or with "" to where quick match says. It plays until ctx ends or it is asked to
// leave.
func (s *sparring) enter(entering, ctx context.Context, room proto.RoomID) error {
	p := newPlayer(s.load, s.made, 0)
	p.name = sparNames[s.made%len(sparNames)]
	p.brain.skill = gentle
	s.made++
	if err := p.dial(entering, room); err != nil {
		return fmt.Errorf("%s could not enter: %w", p.name, err)
	}
	s.since = time.Now()
	room = p.client.Welcome().Room
	s.kind = string(room[:strings.LastIndexByte(string(room), '-')+1])
	s.mu.Lock()
	s.rooms[room] = append(s.rooms[room], p)
	s.mu.Unlock()
	s.going.Go(func() {
		err := p.client.Run(ctx)
		s.forget(room, p)
		if err != nil && ctx.Err() == nil {
			fmt.Fprintf(s.load.config.Progress, "sparring: %s is out of %s: %v\n", p.name, room, err)
		}
		for _, detail := range p.stats.details {
			fmt.Fprintf(s.load.config.Progress, "sparring: %s in %s: %s\n", p.name, room, detail)
		}
	})
	return nil
}

// leave takes the newest partner out of room.
func (s *sparring) leave(room proto.RoomID) {
	s.mu.Lock()
	all := s.rooms[room]
	p := all[len(all)-1]
	s.mu.Unlock()
	s.since = time.Now()
	s.forget(room, p)
	_ = p.client.Leave("others come") // a partner on its way back is closed, which comes to the same
}

func (s *sparring) forget(room proto.RoomID, p *player) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rooms[room] = slices.DeleteFunc(s.rooms[room], func(q *player) bool { return q == p })
	if len(s.rooms[room]) == 0 {
		delete(s.rooms, room)
	}
}

func (s *sparring) in(room proto.RoomID) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.rooms[room])
}

func (s *sparring) count() (n int) {
	for _, in := range s.partners() {
		n += in
	}
	return n
}

// partners counts those who are in, by room.
func (s *sparring) partners() map[proto.RoomID]int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := make(map[proto.RoomID]int, len(s.rooms))
	for room, in := range s.rooms {
		n[room] = len(in)
	}
	return n
}
