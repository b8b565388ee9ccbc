// Package store puts a router's results store together: the database, what is read of it and written to it over HTTP, and the
// webhooks. It is what gateway.Config.Results takes.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/router/internal/results"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
	"github.com/ringside-go/ringside/router/internal/webhook"
)

// Config of a Store.
type Config struct {
	Location  string        // sqlite:DIR or postgres://USER@HOST/DATABASE
	Webhooks  string        // JSON file with the endpoints; empty: there are none
	Boards    []string      // leaderboards, NAME=GAME:KEEP, then :low, :SEASON, or both
	Retention time.Duration // of outcomes and histories; 0: for ever
	Rooms     time.Duration // retention of the statistics of rooms; 0: for ever
	Waiting   int           // long polls and event streams at once
	Logger    *slog.Logger
	Metrics   *obs.RouterMetrics
}

// Store is a results store. A database that cannot be reached does not keep the router from its players: requests are answered with
// 503, and game servers keep their outcomes.
type Store struct {
	config   Config
	database results.Config
	webhooks webhook.Config
	open     atomic.Pointer[results.Store] // nil: the database was not reached yet
}

const (
	// openTimeout bounds one try to open the database, its migration included, which takes long only where there is much.
	openTimeout = time.Minute
	// firstTry is how long a router that starts waits for the database.
	firstTry = 5 * time.Second
	// openRetry is the time between two tries.
	openRetry = 2 * time.Second
)

// Open opens the database, and migrates its schema. An error says what is wrong with the settings, or that a newer program has migrated
// the database; one that cannot be reached is none. Run must follow, or Close.
func Open(ctx context.Context, c Config) (*Store, error) {
	s := &Store{config: c, database: results.DefaultConfig(), webhooks: webhook.Config{Logger: c.Logger}}
	s.database.Logger, s.database.Retention, s.database.RoomRetention = c.Logger, c.Retention, c.Rooms
	s.database.Conflict = func(id outcome.ID, v outcome.Verdict) {
		c.Metrics.Conflicts.WithLabelValues(string(v)).Inc()
		why := "the results store refused an outcome: another leader has decided the match, or leads the room; GET /internal/v1/conflicts has the bodies"
		if v == outcome.Invalid {
			why = "the results store cannot read an outcome, which waits at its game server; update the routers before the game servers; GET /internal/v1/conflicts has the body"
		}
		c.Logger.Error(why, "outcome", id, "verdict", v)
	}
	s.webhooks.Observe = func(endpoint, result string, took time.Duration) {
		c.Metrics.WebhookTime.WithLabelValues(endpoint, result).Observe(took.Seconds())
	}
	var err error
	if s.database.Boards, err = parseBoards(c.Boards); err != nil {
		return nil, err
	}
	if c.Webhooks != "" {
		if s.webhooks.Endpoints, err = webhook.LoadEndpoints(c.Webhooks); err != nil {
			return nil, fmt.Errorf("-webhooks: %w", err)
		}
		for _, e := range s.webhooks.Endpoints {
			for _, result := range webhook.Results {
				c.Metrics.WebhookTime.WithLabelValues(e.Name, result) // 0 from the start
			}
		}
	}
	if err := s.database.Validate(); err != nil {
		return nil, err
	}
	first, cancel := context.WithTimeout(ctx, firstTry)
	defer cancel()
	switch err := s.connect(first); {
	case errors.Is(err, results.ErrURL) || errors.Is(err, results.ErrSchema):
		return nil, fmt.Errorf("-results: %w", err)
	case err != nil:
		c.Logger.Error("the results store cannot be reached; outcomes wait on the game servers until it can", "error", err)
	}
	return s, nil
}

func (s *Store) connect(ctx context.Context) error {
	db, err := results.Open(ctx, s.config.Location, s.database)
	if err == nil {
		s.open.Store(db)
	}
	return err
}

// Close ends a Store for which Run is never called.
func (s *Store) Close() error {
	if db := s.open.Load(); db != nil {
		return db.Close()
	}
	return nil
}

// Run delivers and maintains until ctx ends. Then it closes the database.
func (s *Store) Run(ctx context.Context) error {
	for s.open.Load() == nil {
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(openRetry):
		}
		try, cancel := context.WithTimeout(ctx, openTimeout)
		if err := s.connect(try); err == nil {
			s.config.Logger.Info("the results store is reached")
		} else {
			s.config.Logger.Debug("the results store cannot be reached", "error", err)
		}
		cancel()
	}
	db := s.open.Load()
	var group errgroup.Group
	group.Go(func() error { return db.Run(ctx) })
	if len(s.webhooks.Endpoints) > 0 {
		dispatcher, err := webhook.New(s.webhooks, db)
		if err != nil {
			return err // LoadEndpoints has checked them
		}
		group.Go(func() error { return dispatcher.Run(ctx) })
	}
	return errors.Join(group.Wait(), db.Close())
}

// Public is what studios and players read; see package resultsapi. caller says who makes a request: an operator, or a player.
func (s *Store) Public(caller func(*http.Request) (operator bool, player string, err error)) http.Handler {
	return s.once(func(db *results.Store) http.Handler {
		return resultsapi.New(resultsapi.Config{Store: db, MaxWaiting: s.config.Waiting, Logger: s.config.Logger,
			Caller: func(r *http.Request) (c resultsapi.Caller, err error) {
				c.Operator, c.Player, err = caller(r)
				return c, err
			}}).Public()
	})
}

// Internal is what game servers write and operators do. Its caller has checked who asks.
func (s *Store) Internal() http.Handler {
	return s.once(func(db *results.Store) http.Handler {
		return resultsapi.New(resultsapi.Config{Store: db, MaxWaiting: 1, Logger: s.config.Logger}).Internal()
	})
}

// once makes a handler when the database was reached.
func (s *Store) once(build func(*results.Store) http.Handler) http.Handler {
	var once sync.Once
	var h http.Handler
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		db := s.open.Load()
		if db == nil {
			w.Header().Set("Retry-After", "2")
			obs.Problem(w, http.StatusServiceUnavailable, "the results store was not reached yet; nothing is lost, try again")
			return
		}
		once.Do(func() { h = build(db) })
		h.ServeHTTP(w, r)
	})
}

// parseBoards reads declarations of leaderboards.
func parseBoards(list []string) (boards []results.Board, err error) {
	for _, text := range list {
		name, rest, ok := strings.Cut(text, "=")
		parts := strings.Split(rest, ":")
		b := results.Board{Name: name, Game: parts[0]}
		for n, word := range parts[1:] {
			switch {
			case n == 0:
				b.Keep = results.Keep(word)
			case word == "low" && !b.Low:
				b.Low = true
			case b.Season == results.Always && word != "":
				b.Season = results.Season(word)
			default:
				ok = false
			}
		}
		if !ok || len(parts) < 2 {
			return nil, fmt.Errorf("-boards: %q; want NAME=GAME:KEEP and then :low, :SEASON or both; KEEP is best, sum, last or elo, low puts the lowest score first, SEASON is week, month or year", text)
		}
		boards = append(boards, b)
	}
	return boards, nil
}
