package main

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

func TestReferencePlays(t *testing.T) {
	plays(t, (&server{hz: 50, rooms: make(map[string]*room)}).handler())
}

func TestFloorPlays(t *testing.T) {
	h := newFloor(50)
	if h == nil {
		t.Skip("for Linux only")
	}
	plays(t, h)
}

// plays checks that every player gets states and sees that its inputs were applied.
func plays(t *testing.T, handler http.Handler) {
	h := httptest.NewServer(handler)
	defer h.Close()
	l := &load{url: "ws" + strings.TrimPrefix(h.URL, "http"), rooms: 3, players: 4, hz: 50}
	if err := l.start(t.Context(), time.Millisecond); err != nil {
		t.Fatal(err)
	}
	defer l.end()
	l.measuring.Store(true)
	for limit := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		if time.Now().After(limit) {
			t.Fatal("not every player has seen its inputs applied")
		}
		acked := 0
		for _, c := range l.conns {
			c.mu.Lock()
			if c.acked > 2 {
				acked++
			}
			c.mu.Unlock()
		}
		if acked == 12 {
			break
		}
	}
	if n, b := l.states.Load(), l.bytes.Load(); n == 0 || b < n*headSize {
		t.Errorf("%d states of %d bytes", n, b)
	}
	// The kernel counts CPU time in steps of up to 10 ms.
	for limit := time.Now().Add(time.Minute); ; time.Sleep(time.Millisecond) {
		m, err := l.scrape()
		if err == nil && m["process_cpu_seconds_total"] > 0 {
			break
		}
		if time.Now().After(limit) {
			t.Fatalf("the server's metrics: %v, %v", m, err)
		}
	}
}
