package main

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Connections go to all routers that are ready, and not long after one is not ready any more, to the others only.
func TestBalancer(t *testing.T) {
	var draining atomic.Bool
	router := func(name string, drains bool) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/readyz" && drains && draining.Load() {
				w.WriteHeader(http.StatusServiceUnavailable)
			}
			_, _ = io.WriteString(w, name)
		}))
		t.Cleanup(s.Close)
		return strings.TrimPrefix(s.URL, "http://")
	}
	b, err := newBalancer([]string{router("a", true), router("b", false)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.close)
	client := http.Client{Timeout: 2 * balancerPatience, Transport: &http.Transport{DisableKeepAlives: true}}
	ask := func() (names string) { // of both, in turn
		for range 2 {
			resp, err := client.Get(b.url())
			if err != nil {
				t.Fatal(err)
			}
			name, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			names += string(name)
		}
		return names
	}
	await := func(want ...string) {
		t.Helper()
		for end := time.Now().Add(10 * balancerPoll); ; time.Sleep(10 * time.Millisecond) { // it asks every balancerPoll
			got := ask()
			for _, w := range want {
				if got == w {
					return
				}
			}
			if time.Now().After(end) {
				t.Fatalf("connections go to %s, want %s", got, want)
			}
		}
	}
	await("ab", "ba")
	draining.Store(true)
	await("bb")
	draining.Store(false)
	await("ab", "ba")
}
