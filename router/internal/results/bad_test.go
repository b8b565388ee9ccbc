package results

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
)

// Bad input gets a typed error, and the store is what it was.
func TestBadInput(t *testing.T) {
	each(t, func(t *testing.T, at string) {
		c, _ := settings()
		c.Boards = []Board{{Name: "top", Game: "arena", Keep: Best, Season: Monthly}}
		s := open(t, at, c)
		ctx := context.Background()
		put(t, s, entry(t, decided(5, 1, 1), 1))
		const injection = "x'; DROP TABLE outcomes; --"
		for name, try := range map[string]struct {
			want error
			do   func() error
		}{
			"cursor of another store": {ErrRequest, func() error { _, err := s.After(ctx, 99, 10); return err }},
			"negative cursor":         {ErrRequest, func() error { _, err := s.After(ctx, -1, 10); return err }},
			"no limit":                {ErrRequest, func() error { _, err := s.After(ctx, 0, 0); return err }},
			"a large limit":           {ErrRequest, func() error { _, err := s.After(ctx, 0, MaxPage+1); return err }},
			"SQL as a room":           {ErrRequest, func() error { _, err := s.Room(ctx, injection, 1, 0, 10); return err }},
			"SQL as a player":         {ErrRequest, func() error { _, err := s.Player(ctx, injection, 0, 10); return err }},
			"SQL as a board":          {ErrUnknown, func() error { _, err := s.Standings(ctx, injection, "", "", 10); return err }},
			"SQL as a season":         {ErrRequest, func() error { _, err := s.Standings(ctx, "top", injection, "", 10); return err }},
			"a month that is none":    {ErrRequest, func() error { _, err := s.Standings(ctx, "top", "2026-13", "", 10); return err }},
			"a week of a month board": {ErrRequest, func() error { _, err := s.Standings(ctx, "top", "2026-W48", "", 10); return err }},
			"around nobody":           {ErrUnknown, func() error { _, err := s.Standings(ctx, "top", "", injection, 10); return err }},
			"rebuild of no board":     {ErrUnknown, func() error { return s.Rebuild(ctx, injection) }},
			"SQL as an endpoint":      {ErrRequest, func() error { return s.AddEndpoint(ctx, injection, 0) }},
			"no such endpoint":        {ErrUnknown, func() error { return s.Enable(ctx, injection) }},
			"no such outcome":         {ErrUnknown, func() error { _, err := s.Get(ctx, outcome.ID{Instance: 9, Match: 9}); return err }},
			"a long batch":            {ErrRequest, func() error { _, err := s.Put(ctx, make([]outcome.Entry, outcome.MaxBatch+1)); return err }},
			"an epoch of nobody":      {outcome.ErrInvalid, func() error { _, _, err := s.Raise(ctx, 5, outcome.Epoch{}, 1); return err }},
		} {
			if err := try.do(); !errors.Is(err, try.want) {
				t.Errorf("%s: %v, want %v", name, err, try.want)
			}
		}
		// A bad entry does not hold up the others of its batch.
		quoted := decided(6, 1, 1)
		quoted.Results[0].Alias = `Robert'); DROP TABLE outcomes;-- "\ ☃`
		oversize := outcome.Entry{Epoch: outcome.Epoch{Counter: 1, Server: "gs"}, Body: []byte(`"` + strings.Repeat("x", outcome.MaxBody) + `"`)}
		nobody := entry(t, decided(8, 1, 1), 1)
		nobody.Epoch.Server = ""
		answers := put(t, s, outcome.Entry{}, entry(t, quoted, 1), oversize, nobody)
		wantVerdicts(t, answers, "invalid 0, stored 2, invalid 0, invalid 0")
		for _, n := range []int{0, 2, 3} {
			if answers[n].Reason == "" {
				t.Errorf("answer %d has no reason", n)
			}
		}
		list, err := s.After(ctx, 0, 10)
		if err != nil || len(list) != 2 || !strings.Contains(string(list[1].Body), "☃") {
			t.Errorf("the store has %v, %v", seqs(list), err)
		}
	})
}

func TestBadSettings(t *testing.T) {
	ctx := context.Background()
	for _, location := range []string{"", "sqlite:", "mysql://x", "results.db", "postgres://u:secret@localhost:99999/x", "sqlite:/proc/none"} {
		_, err := Open(ctx, location, DefaultConfig())
		if !errors.Is(err, ErrURL) || strings.Contains(err.Error(), "secret") {
			t.Errorf("Open(%q) answers %v, want ErrURL without a password", location, err)
		}
	}
	for _, b := range []Board{{"top", "arena", "most", "", false}, {"top", "arena", Best, "day", false}, {"a b", "arena", Best, "", false},
		{"top", "", Best, "", false}, {"top", "arena", Elo, "", true}} {
		c := DefaultConfig()
		c.Boards = []Board{b}
		if err := c.Validate(); err == nil {
			t.Errorf("board %+v is allowed", b)
		}
	}
	c := DefaultConfig()
	c.Boards = []Board{{"top", "a", Best, "", false}, {"top", "b", Best, "", false}}
	if c.Validate() == nil {
		t.Error("two boards of one name are allowed")
	}
	c = DefaultConfig()
	c.Retention = time.Hour
	if c.Validate() == nil {
		t.Error("a retention of an hour is allowed")
	}
}
