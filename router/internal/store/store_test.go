package store

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/obs"
)

func testConfig(location string) Config {
	return Config{Location: location, Waiting: 1, Logger: slog.New(slog.DiscardHandler), Metrics: obs.NewRouterMetrics(nil)}
}

// A database that cannot be reached does not keep the router from starting; requests hear that they should come back.
func TestUnreachableDatabase(t *testing.T) {
	s, err := Open(t.Context(), testConfig("postgres://nobody@127.0.0.1:1/none?connect_timeout=1"))
	if err != nil {
		t.Fatal(err)
	}
	for _, h := range []http.Handler{s.Internal(), s.Public(func(*http.Request) (bool, string, error) { return true, "", nil })} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/v1/outcomes", nil))
		if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
			t.Errorf("answers %d %s", w.Code, w.Body)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}

// What is wrong with the settings is said at the start.
func TestBadSettings(t *testing.T) {
	dir := t.TempDir()
	hooks := filepath.Join(dir, "hooks.json")
	if err := os.WriteFile(hooks, []byte(`[{"name":"a","url":"https://example.com"}]`), 0o600); err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(*Config){
		"use sqlite:DIR":     func(c *Config) { c.Location = "mysql://x" },
		"NAME=GAME:KEEP":     func(c *Config) { c.Boards = []string{"arena"} },
		"use best":           func(c *Config) { c.Boards = []string{"a=arena:most"} },
		"more is always":     func(c *Config) { c.Boards = []string{"a=arena:elo:low"} },
		"want NAME=GAME":     func(c *Config) { c.Boards = []string{"a=arena:best:week:month"} },
		"use week":           func(c *Config) { c.Boards = []string{"a=arena:sum:day"} },
		"-webhooks":          func(c *Config) { c.Webhooks = hooks },
		"no such file":       func(c *Config) { c.Webhooks = filepath.Join(dir, "none") },
		"at least 168h0m0s":  func(c *Config) { c.Retention = 1 },
		"not a directory":    func(c *Config) { c.Location = "sqlite:" + hooks },
		"is declared twice":  func(c *Config) { c.Boards = []string{"a=arena:sum", "a=arena:best"} },
		"a game is needed":   func(c *Config) { c.Boards = []string{"a=:sum"} },
		"unusable results s": func(c *Config) { c.Location = "postgres://%" },
	} {
		c := testConfig("sqlite:" + filepath.Join(dir, "db"))
		change(&c)
		if s, err := Open(t.Context(), c); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: got %v", want, err)
			if s != nil {
				_ = s.Close()
			}
		}
	}
}

// A store serves what game servers write.
func TestServes(t *testing.T) {
	c := testConfig("sqlite:" + t.TempDir())
	c.Boards = []string{"arena=arena:best:week", "laps=arena:best:low:week", "strokes=arena:sum:year:low", "all=arena:elo"}
	s, err := Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	s.Internal().ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/internal/v1/outcomes", strings.NewReader(`{"entries":[]}`)))
	if w.Code != http.StatusOK {
		t.Errorf("answers %d %s", w.Code, w.Body)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := s.Run(ctx); err != nil {
		t.Error(err)
	}
}
