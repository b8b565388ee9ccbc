package results

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	_ "modernc.org/sqlite" // driver "sqlite"
)

// Store is a results store. Its methods may be called from any goroutine.
type Store struct {
	config  Config
	db      *sql.DB
	dialect *dialect
	boards  map[string]Board
	q       queries
	native  bool // the monthly tables are native partitions

	mu      sync.Mutex
	months  map[string]bool // partitions that exist
	last    int64           // the last number seen
	changed chan struct{}   // closed when last grows
}

// Open opens the store of a URL, sqlite:DIR or postgres://…, and migrates its schema. Close ends it.
func Open(ctx context.Context, location string, c Config) (*Store, error) {
	s, err := connect(location, c)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx); err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// connect opens the database, and leaves its schema alone.
func connect(location string, c Config) (*Store, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	s := &Store{config: c, boards: map[string]Board{}, months: map[string]bool{}, changed: make(chan struct{})}
	for _, b := range c.Boards {
		s.boards[b.Name] = b
	}
	switch kind, rest, _ := strings.Cut(location, ":"); {
	case kind == "sqlite" && rest != "":
		if err := os.MkdirAll(rest, 0o700); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrURL, err)
		}
		s.dialect = sqlite
		var err error
		if s.db, err = sql.Open("sqlite", sqliteSource(rest)); err != nil {
			return nil, fmt.Errorf("%w: %w", ErrURL, err)
		}
	case kind == "postgres" || kind == "postgresql":
		config, err := pgx.ParseConfig(location)
		if err != nil {
			return nil, fmt.Errorf("%w: %w", ErrURL, err) // pgx redacts the password
		}
		// A router that was cut off in the middle of its turn must not keep the others waiting.
		config.RuntimeParams["idle_in_transaction_session_timeout"] = "15000"
		if config.RuntimeParams["application_name"] == "" {
			config.RuntimeParams["application_name"] = "ringside"
		}
		s.dialect, s.db = postgres, stdlib.OpenDB(*config)
	default:
		return nil, fmt.Errorf("%w: %q; use sqlite:DIR or postgres://USER@HOST/DATABASE", ErrURL, redact(location))
	}
	s.db.SetMaxOpenConns(8) // one writes, the others read or claim deliveries
	s.db.SetMaxIdleConns(8)
	s.q = makeQueries(s.dialect)
	return s, nil
}

// sqliteSource makes every commit durable (synchronous FULL), lets readers go on beside the writer (WAL), and lets writing
// transactions take turns from their beginning (immediate).
func sqliteSource(dir string) string {
	path := url.URL{Path: filepath.ToSlash(filepath.Join(dir, "results.db"))}
	return "file:" + path.EscapedPath() + "?_txlock=immediate&_pragma=busy_timeout(10000)&_pragma=journal_mode(WAL)" +
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(ON)"
}

// redact removes the password from a URL that goes into a log.
func redact(location string) string {
	if u, err := url.Parse(location); err == nil {
		return u.Redacted()
	}
	kind, _, _ := strings.Cut(location, ":")
	return kind + ":…"
}

// prepare migrates the schema and reads what every Store knows.
func (s *Store) prepare(ctx context.Context) error {
	m, err := s.migrations()
	if err != nil {
		return err
	}
	current, target, err := m.GetVersions(ctx)
	if err != nil {
		return wrap(err)
	}
	if current > target {
		return fmt.Errorf("%w: the store has schema %d, this program knows %d at most; start the newer version, or go back with it to schema %d first",
			ErrSchema, current, target, target)
	}
	if _, err := m.Up(ctx); err != nil {
		return fmt.Errorf("results store: migrate: %w", err)
	}
	if s.dialect == postgres {
		err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_partitioned_table WHERE partrelid = 'outcomes'::regclass)").Scan(&s.native)
		if err != nil {
			return wrap(err)
		}
		var commit string
		if err := s.db.QueryRowContext(ctx, "SHOW synchronous_commit").Scan(&commit); err != nil {
			return wrap(err)
		}
		if commit == "off" {
			return fmt.Errorf("%w: the database has synchronous_commit off, so a crash of it would lose outcomes that were reported durable; "+
				"set it on for this database or role", ErrURL)
		}
	}
	_, err = s.Last(ctx)
	return err
}

//go:embed migrations
var migrations embed.FS

// migrations are those of the store's dialect. Routers that start at once take turns.
func (s *Store) migrations() (*goose.Provider, error) {
	files, err := fs.Sub(migrations, "migrations/"+s.dialect.name)
	if err != nil {
		return nil, err
	}
	options := []goose.ProviderOption{goose.WithTableName("results_schema"), goose.WithDisableGlobalRegistry(true)}
	if s.dialect == postgres {
		locker, err := lock.NewPostgresSessionLocker()
		if err != nil {
			return nil, err
		}
		options = append(options, goose.WithSessionLocker(locker))
	}
	return goose.NewProvider(s.dialect.goose, s.db, files, options...)
}

// Close ends the store. Run has returned before.
func (s *Store) Close() error { return s.db.Close() }

// Run notices what other routers write, and removes what is older than the retention, until ctx ends.
func (s *Store) Run(ctx context.Context) error {
	look := time.NewTicker(lookInterval)
	defer look.Stop()
	maintain := time.NewTicker(time.Hour)
	defer maintain.Stop()
	for failed := false; ; {
		var err error
		select {
		case <-ctx.Done():
			return nil
		case <-look.C:
			_, err = s.Last(ctx)
		case <-maintain.C:
			err = s.Maintain(ctx)
		}
		if err != nil && !failed && !errors.Is(err, context.Canceled) {
			s.config.Logger.Error("the results store does not answer", "error", err)
		}
		failed = err != nil
	}
}

// lookInterval is how late a reader hears of an outcome that another router wrote.
const lookInterval = 250 * time.Millisecond

// Last is the number of the newest outcome; 0: there is none.
func (s *Store) Last(ctx context.Context) (int64, error) {
	var last int64
	if err := s.db.QueryRowContext(ctx, "SELECT last FROM results_sequence").Scan(&last); err != nil {
		return 0, wrap(err)
	}
	s.advance(last)
	return last, nil
}

func (s *Store) advance(last int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last > s.last {
		s.last = last
		close(s.changed)
		s.changed = make(chan struct{})
	}
}

// Changed gives the last number that this router knows of, and a channel that is closed when there is a higher one.
func (s *Store) Changed() (last int64, changed <-chan struct{}) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.changed
}
