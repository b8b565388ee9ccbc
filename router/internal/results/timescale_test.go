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

// timescale makes a database of its own with the TimescaleDB extension, because the catalogue is the database's. Where the extension
// cannot be installed it is a stand-in: its name in the catalogue, and its functions, which write down what they are called with.
func timescale(t *testing.T) (at string, admin *sql.DB, real bool) {
	t.Helper()
	location(t, "postgres") // skips where there is none
	u, err := url.Parse(os.Getenv("RINGSIDE_POSTGRES"))
	if err != nil {
		t.Fatal(err)
	}
	server := connectTo(t, u.String())
	name := fmt.Sprintf("ringside_%d_%d", os.Getpid(), databases.Add(1))
	if _, err := server.Exec("CREATE DATABASE " + name); err != nil {
		t.Skipf("no database can be made: %v", err)
	}
	t.Cleanup(func() {
		if _, err := server.Exec("DROP DATABASE " + name + " WITH (FORCE)"); err != nil {
			t.Error(err)
		}
	})
	u.Path = "/" + name
	at = u.String()
	admin = connectTo(t, at)
	if _, err := admin.Exec("CREATE EXTENSION timescaledb"); err == nil {
		return at, admin, true
	}
	t.Log("TIMESCALEDB IS NOT INSTALLED: a stand-in takes its place")
	for _, step := range []string{
		"BEGIN",
		"SET allow_system_table_mods = on",
		`INSERT INTO pg_extension (oid, extname, extowner, extnamespace, extrelocatable, extversion)
			SELECT 99999, 'timescaledb', 10, oid, false, '0' FROM pg_namespace WHERE nspname = 'public'`,
		"CREATE TABLE calls (call text)",
		`CREATE FUNCTION create_hypertable(relation regclass, col name, chunk_time_interval interval) RETURNS void
			LANGUAGE sql AS 'INSERT INTO calls VALUES (relation || '' '' || col || '' '' || chunk_time_interval)'`,
		`CREATE FUNCTION drop_chunks(relation regclass, older_than timestamptz) RETURNS void
			LANGUAGE sql AS 'INSERT INTO calls VALUES (relation || '' before '' || (older_than AT TIME ZONE ''UTC'')::date)'`,
		"COMMIT",
	} {
		if _, err := admin.Exec(step); err != nil {
			t.Skipf("%s is not allowed: %v", step, err)
		}
	}
	return at, admin, false
}

// Where the TimescaleDB extension is installed, the tables that grow with time become hypertables, no native partition is made,
// retention removes chunks, and the statistics of a game are a continuous aggregate, which outlives the rooms'.
func TestHypertables(t *testing.T) {
	c, watch := settings()
	c.Retention = leastRetention
	ctx := context.Background()
	at, admin, real := timescale(t)
	s := open(t, at, c)
	if s.native {
		t.Error("the tables are native partitions")
	}
	put(t, s, entry(t, decided(5, 1, 1), 1))
	putRooms(t, s, watch, 7, 60)
	if real {
		if _, err := admin.Exec("CALL refresh_continuous_aggregate('game_minutes', NULL, NULL)"); err != nil {
			t.Fatal(err)
		}
	}
	watch.advance(100 * 24 * time.Hour)
	put(t, s, entry(t, decided(5, 2, 1), 1))
	putRooms(t, s, watch, 7, 30)
	if err := s.Maintain(ctx); err != nil {
		t.Fatal(err)
	}
	if list, err := s.After(ctx, 1, 10); err != nil || len(list) != 1 {
		t.Errorf("left are %v, %v", seqs(list), err)
	}
	points, err := s.Rooms(ctx, RoomQuery{From: start.Add(-time.Hour), To: c.Now().Add(time.Hour), Step: 24 * time.Hour})
	if err != nil || len(points) != 2 || points[0].Rooms != 1 || points[1].Rooms != 0.5 {
		t.Errorf("the game's statistics are %+v, %v", points, err)
	}
	check := func(what, query, want string) {
		t.Helper()
		var got string
		if err := admin.QueryRow(query).Scan(&got); err != nil || got != want {
			t.Errorf("%s: %q, %v; want %q", what, got, err, want)
		}
	}
	if !real {
		check("calls", "SELECT string_agg(call, ', ') FROM calls",
			"outcomes at 1 mon, player_results at 1 mon, room_minutes at 1 day, room_minutes before 2027-02-07")
		return
	}
	check("hypertables", `SELECT string_agg(hypertable_name::text, ' ' ORDER BY hypertable_name) FROM timescaledb_information.hypertables
		WHERE hypertable_schema = 'public'`, "outcomes player_results room_minutes")
	check("room minutes that are left", "SELECT count(*)::text FROM room_minutes", "1")
	check("aggregates", "SELECT string_agg(view_name::text, ' ') FROM timescaledb_information.continuous_aggregates", "game_minutes")
	check("policies", `SELECT string_agg(proc_name::text, ' ') FROM timescaledb_information.jobs WHERE hypertable_name IS NOT NULL`,
		"policy_refresh_continuous_aggregate")
	m, err := s.migrations()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.DownTo(ctx, 0); err != nil {
		t.Errorf("down: %v", err)
	}
}

// A store whose schema was made before the extension was installed keeps its native partitions, and goes on.
func TestTimescaleComesLater(t *testing.T) {
	c, watch := settings()
	ctx := context.Background()
	at, admin, real := timescale(t)
	if !real {
		t.Skip("TIMESCALEDB IS NOT INSTALLED")
	}
	if _, err := admin.Exec("DROP EXTENSION timescaledb"); err != nil {
		t.Fatal(err)
	}
	s, err := connect(at, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.migrations()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.UpTo(ctx, 3); err != nil {
		t.Fatal(err)
	}
	again := connectTo(t, at) // the extension must be the first that a connection sees of it
	if _, err := again.Exec("CREATE EXTENSION timescaledb"); err != nil {
		t.Fatal(err)
	}
	late := open(t, at, c)
	if !late.native {
		t.Error("the tables are no native partitions any more")
	}
	put(t, late, entry(t, decided(5, 1, 1), 1))
	putRooms(t, late, watch, 7, 60)
	if m, err = late.migrations(); err != nil {
		t.Fatal(err)
	}
	if _, err := m.DownTo(ctx, 0); err != nil {
		t.Errorf("down: %v", err)
	}
}
