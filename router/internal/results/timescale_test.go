package results

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"testing"
	"time"
)

// connectTo gives one connection.
func connectTo(t *testing.T, at string) *sql.DB {
	t.Helper()
	db, err := sql.Open("pgx", at)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	db.SetMaxOpenConns(1)
	return db
}

// Where the TimescaleDB extension is installed, the monthly tables become hypertables, and no native partition is made. The
// extension's package may not be there, so this is a stand-in: its name in the catalogue, and its function, which writes
// down what it is called with.
func TestHypertables(t *testing.T) {
	c, watch := settings()
	c.Retention = leastRetention
	location(t, "postgres") // skips where there is none
	// The catalogue is the database's, so this test has one of its own.
	u, err := url.Parse(os.Getenv("RINGSIDE_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	server := connectTo(t, u.String())
	name := fmt.Sprintf("ringside_hypertables_%d", os.Getpid())
	if _, err := server.Exec("CREATE DATABASE " + name); err != nil {
		t.Skipf("no database can be made: %v", err)
	}
	t.Cleanup(func() {
		if _, err := server.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	at := u.String()
	admin := connectTo(t, at)
	for _, step := range []string{
		"BEGIN",
		"SET allow_system_table_mods = on",
		`INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
			SELECT 99999, 'timescaledb', 10, oid, false, '0' FROM pg_namespace WHERE nspname = 'public'`,
		"CREATE TABLE calls (relation text, col text, chunk interval)",
		`CREATE FUNCTION create_hypertable(relation regclass, col name, chunk_time_interval interval) RETURNS void
			LANGUAGE sql AS 'INSERT INTO calls VALUES (relation::text, col, chunk_time_interval)'`,
		"COMMIT",
	} {
		if _, err := admin.Exec(step); err != nil {
			t.Skipf("%s is not allowed: %v", step, err)
		}
	}
	s := open(t, at, c)
	if s.native {
		t.Error("the tables are native partitions")
	}
	var calls string
	err = admin.QueryRow("SELECT string_agg(relation || ' ' || col || ' ' || chunk, ', ' ORDER BY relation) FROM calls").Scan(&calls)
	if want := "outcomes at 1 mon, player_results at 1 mon"; err != nil || calls != want {
		t.Errorf("create_hypertable was called with %q, %v; want %q", calls, err, want)
	}
	put(t, s, entry(t, decided(5, 1, 1), 1))
	watch.advance(100 * 24 * time.Hour)
	put(t, s, entry(t, decided(5, 2, 1), 1))
	if err := s.Maintain(context.Background()); err != nil {
		t.Fatal(err)
	}
	if list, err := s.After(context.Background(), 1, 10); err != nil || len(list) != 1 {
		t.Errorf("left are %v, %v", seqs(list), err)
	}
}
