package fake

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
)

// Until polls cond, since sockets tell nothing when the other side has got on.
func Until(t *testing.T, what string, cond func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Timeout); !cond(); {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not after %v", what, Timeout)
		}
		time.Sleep(time.Millisecond)
	}
}

// Into reads a JSON answer that must have status.
func Into[T any](t *testing.T, resp *http.Response, status int) (v T) {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != status || resp.Header.Get("Content-Type") != "application/json" {
		t.Fatalf("got %s %q; want %d", resp.Status, body, status)
	}
	if err := json.Unmarshal(body, &v); err != nil {
		t.Fatalf("%q: %v", body, err)
	}
	return v
}

// CheckProblem checks that resp is a problem document with status whose detail says text.
func CheckProblem(t *testing.T, resp *http.Response, status int, text string) {
	t.Helper()
	body, _ := io.ReadAll(resp.Body)
	var p struct {
		Title  string
		Status int
		Detail string
	}
	if err := json.Unmarshal(body, &p); err != nil {
		t.Fatalf("%s with body %q: %v", resp.Status, body, err)
	}
	if resp.StatusCode != status || p.Status != status || p.Title != http.StatusText(status) || !strings.Contains(p.Detail, text) ||
		resp.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("got %s %s %q; want %d with %q", resp.Status, resp.Header.Get("Content-Type"), body, status, text)
	}
}

// FleetOf gives n members that nobody answers for.
func FleetOf(n int) (all []membership.Member) {
	for i := range n {
		all = append(all, membership.Member{
			Name: membership.ServerName(fmt.Sprintf("game-%d", i+1)), Role: membership.GameServer, State: membership.Serving,
			URL: fmt.Sprintf("https://game-%d.example.com:9000", i+1), Weight: 1,
		})
	}
	return all
}
