package pages_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ringside-go/ringside/router/gateway"
	"github.com/ringside-go/ringside/router/internal/fake"
	"github.com/ringside-go/ringside/router/internal/pages"
	"github.com/ringside-go/ringside/router/internal/routertest"
)

// paged is a router with small pages.
func paged(t *testing.T) *routertest.Router {
	t.Helper()
	files := fstest.MapFS{
		"index.html":       {Data: []byte("<title>game</title>")},
		"fleet.html":       {Data: []byte("<title>fleet</title>")},
		"matches.html":     {Data: []byte("<title>matches</title>")},
		"leaderboard.html": {Data: []byte("<title>leaderboard</title>")},
		"inspect.html":     {Data: []byte("<title>inspect</title>")},
		"assets/game.js":   {Data: []byte(strings.Repeat("play(); ", 100))},
		"assets/game.css":  {Data: []byte("p{}")},
	}
	return routertest.Start(t, func(c *gateway.Config) { c.Pages = files }, fake.NewServer(t, "game-1").Member())
}

func TestPages(t *testing.T) {
	f := paged(t)
	html, script := "text/html; charset=utf-8", "text/javascript; charset=utf-8"
	for _, c := range []struct{ path, accept, kind, body string }{
		{"/", "text/html,*/*", html, "<title>game</title>"},
		{"/", "*/*", html, "<title>game</title>"},
		{"/fleet", "text/html,*/*", html, "<title>fleet</title>"},
		{"/matches", "text/html,*/*", html, "<title>matches</title>"},
		{"/leaderboard?board=x", "text/html,*/*", html, "<title>leaderboard</title>"},
		{"/fleet", "*/*", "text/plain; charset=utf-8", "Ringside · 2 members"},
		{"/assets/game.js", "*/*", script, "play(); play();"},
		{"/assets/game.css", "text/css", "text/css; charset=utf-8", "p{}"},
	} {
		resp := f.Call(t, "GET", c.path, "", "Accept", c.accept)
		body, _ := io.ReadAll(resp.Body)
		if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != c.kind || !strings.HasPrefix(string(body), c.body) {
			t.Errorf("%s for %s: %s %v %.100q", c.path, c.accept, resp.Status, resp.Header, body)
		}
		if strings.HasPrefix(c.kind, "text/plain") {
			continue
		}
		policy := resp.Header.Get("Content-Security-Policy")
		if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") || !strings.Contains(policy, "connect-src 'self' ws: wss:") ||
			resp.Header.Get("Cache-Control") != "no-cache" || resp.Header.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s has header %v", c.path, resp.Header)
		}
		if head := f.Call(t, "HEAD", c.path, "", "Accept", c.accept); head.StatusCode != 200 || head.Header.Get("ETag") != resp.Header.Get("ETag") {
			t.Errorf("HEAD %s: %s %v", c.path, head.Status, head.Header)
		}
		again := f.Call(t, "GET", c.path, "", "Accept", c.accept, "If-None-Match", resp.Header.Get("ETag"))
		if again.StatusCode != http.StatusNotModified {
			t.Errorf("%s, when it is known: %s", c.path, again.Status)
		}
	}
	fake.CheckProblem(t, f.Call(t, "GET", "/assets/old.js", ""), http.StatusNotFound, "load the page again")
	fake.CheckProblem(t, f.Call(t, "GET", "/assets/..%2findex.html", ""), http.StatusNotFound, "load the page again")
	fake.CheckProblem(t, f.Call(t, "GET", "/index.html", ""), http.StatusNotFound, "nothing at")
	fake.CheckProblem(t, f.Call(t, "POST", "/fleet", ""), http.StatusMethodNotAllowed, "answers GET")
}

func TestPagesAreCompressed(t *testing.T) {
	f := paged(t)
	for _, c := range []struct{ path, accept, coding string }{
		{"/assets/game.js", "br, GZip", "gzip"},
		{"/assets/game.js", "br", ""},
		{"/assets/game.js", "gzip;q=0, identity", ""},
		{"/assets/game.css", "gzip", ""}, // too small to gain anything
	} {
		resp := f.Call(t, "GET", c.path, "", "Accept-Encoding", c.accept)
		if resp.Header.Get("Content-Encoding") != c.coding || resp.Header.Get("Vary") != "Accept-Encoding" {
			t.Errorf("%s for %q: %v", c.path, c.accept, resp.Header)
		}
		if c.coding == "" {
			continue
		}
		z, err := gzip.NewReader(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		if body, err := io.ReadAll(z); err != nil || string(body) != strings.Repeat("play(); ", 100) {
			t.Errorf("got %q, %v", body, err)
		}
	}
}

// Without pages there is the text; pages that cannot be served are found at the start.
func TestNoPages(t *testing.T) {
	f := routertest.Start(t, nil)
	fake.CheckProblem(t, f.Call(t, "GET", "/", "", "Accept", "text/html"), http.StatusNotFound, "no index.html")
	resp := f.Call(t, "GET", "/fleet", "", "Accept", "text/html")
	if resp.StatusCode != 200 || resp.Header.Get("Content-Type") != "text/plain; charset=utf-8" || resp.Header.Get("Vary") != "Accept" {
		t.Errorf("/fleet: %s %v", resp.Status, resp.Header)
	}
	for want, files := range map[string]fstest.MapFS{
		"type of assets/x.exe":    {"index.html": {}, "fleet.html": {}, "matches.html": {}, "leaderboard.html": {}, "inspect.html": {}, "assets/x.exe": {}},
		"fleet.html is missing":   {"index.html": {}},
		"matches.html is missing": {"index.html": {}, "fleet.html": {}},
	} {
		if _, err := pages.New(files, nil); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// A game's own pages come before those that are built in, and a change of a file is seen by the next request.
func TestOwnPages(t *testing.T) {
	built := fstest.MapFS{
		"index.html": {Data: []byte("built in")}, "fleet.html": {Data: []byte("fleet")}, "matches.html": {}, "leaderboard.html": {}, "inspect.html": {}, "assets/ringside.js": {Data: []byte("sdk")},
	}
	own := fstest.MapFS{
		"index.html":     {Data: []byte("own"), ModTime: time.Unix(1, 0)},
		"assets/game.js": {Data: []byte("one")},
		"assets/x.exe":   {},
	}
	f := routertest.Start(t, func(c *gateway.Config) { c.Pages, c.OwnPages = built, own }, fake.NewServer(t, "game-1").Member())
	want := func(path, body string) {
		t.Helper()
		resp := f.Call(t, "GET", path, "", "Accept", "text/html")
		if b, _ := io.ReadAll(resp.Body); resp.StatusCode != 200 || string(b) != body {
			t.Errorf("%s: %s %q, want %q", path, resp.Status, b, body)
		}
	}
	want("/", "own")
	want("/fleet", "fleet")
	want("/assets/ringside.js", "sdk")
	want("/assets/game.js", "one")
	own["index.html"] = &fstest.MapFile{Data: []byte("new"), ModTime: time.Unix(2, 0)}
	own["assets/more.js"] = &fstest.MapFile{Data: []byte("more")}
	want("/", "new")
	want("/assets/more.js", "more")
	fake.CheckProblem(t, f.Call(t, "GET", "/assets/x.exe", ""), http.StatusInternalServerError, "type of assets/x.exe")
	fake.CheckProblem(t, f.Call(t, "GET", "/assets/..%2findex.html", ""), http.StatusNotFound, "load the page again")
	if _, err := pages.New(built, fstest.MapFS{}); err == nil || !strings.Contains(err.Error(), "own pages need an index.html") {
		t.Errorf("got %v", err)
	}
}
