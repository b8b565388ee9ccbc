package results

import (
	"context"
	"errors"
	"fmt"
	"testing"
)

// Every earlier schema migrates to the newest with what it has, and back to nothing.
func TestMigrations(t *testing.T) { each(t, migrateFromEach) }

// The same where the tables are hypertables.
func TestMigrationsOfHypertables(t *testing.T) {
	at, _, real := timescale(t)
	if !real {
		t.Skip("TIMESCALEDB IS NOT INSTALLED")
	}
	migrateFromEach(t, at)
}

func migrateFromEach(t *testing.T, at string) {
	c, _ := settings()
	ctx := context.Background()
	s, err := connect(at, c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	m, err := s.migrations()
	if err != nil {
		t.Fatal(err)
	}
	_, newest, err := m.GetVersions(ctx)
	if err != nil || newest < 3 {
		t.Fatalf("newest schema is %d, %v", newest, err)
	}
	for from := int64(1); from < newest; from++ {
		if _, err := m.UpTo(ctx, from); err != nil {
			t.Fatal(err)
		}
		// What a program of that schema has written.
		for _, step := range []string{
			"UPDATE results_sequence SET last = 1",
			"INSERT INTO outcome_ids (instance, match, seq, at, hash) VALUES (5, 1, 1, " + s.dialect.time("1790000000000") + ", 7)",
		} {
			if _, err := s.db.Exec(step); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.prepare(ctx); err != nil {
			t.Fatalf("from schema %d: %v", from, err)
		}
		wantVerdicts(t, put(t, s, entry(t, decided(5, 1, 1), 1), entry(t, decided(5, 2, 1), 1)), "conflict 1, stored 2")
		if _, err := m.DownTo(ctx, 0); err != nil {
			t.Fatalf("down from %d: %v", newest, err)
		}
		clear(s.months)
	}
	if _, err := m.Up(ctx); err != nil {
		t.Fatal(err)
	}
	if _, err := s.db.Exec(fmt.Sprintf("INSERT INTO results_schema (version_id, is_applied) VALUES (%d, true)", newest+1)); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(ctx, at, c); !errors.Is(err, ErrSchema) {
		t.Errorf("a store of schema %d: %v, want ErrSchema", newest+1, err)
	}
}
