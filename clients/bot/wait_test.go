package main

import (
	"context"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/clients/goclient/bots"
)

func TestWaitReady(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/readyz" || asked.Add(1) < 3 {
			http.Error(w, "not yet", http.StatusServiceUnavailable)
		}
	}))
	defer s.Close()
	if err := waitReady(t.Context(), s.Client(), s.URL+"/", 20*time.Second); err != nil || asked.Load() != 3 {
		t.Errorf("%v after %d questions, want none after 3", err, asked.Load())
	}
	asked.Store(-1000)
	if err := waitReady(t.Context(), s.Client(), s.URL, time.Millisecond); err == nil || !strings.Contains(err.Error(), "not ready after 1ms") {
		t.Errorf("a router that is not ready gives %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := waitReady(ctx, s.Client(), s.URL, time.Hour); err == nil {
		t.Error("a wait that was called off ends well")
	}
}

// away is a router that takes no connection for so many times, and then has no place.
type away struct{ times int }

func (a *away) RoundTrip(*http.Request) (*http.Response, error) {
	if a.times--; a.times >= 0 {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	}
	w := httptest.NewRecorder()
	http.Error(w, "full", http.StatusServiceUnavailable)
	return w.Result(), nil
}

// A player tries again where nobody takes the connection, as long as it may; what it is told is final.
func TestPlayersTryAgain(t *testing.T) {
	for _, c := range []struct {
		patience time.Duration
		left     int // connections that are refused
		want     string
	}{
		{time.Hour, 3, "503"},
		{0, 3, "connection refused"},
	} {
		synctest.Test(t, func(t *testing.T) {
			l := &load{config: Config{Router: "http://router", Game: "arena"}, pass: &bots.Pass{HTTP: &http.Client{Transport: &away{c.left}}}, patience: time.Now().Add(c.patience)}
			if l.dial(t.Context(), newPlayer(l, 0, 0), "", &sync.WaitGroup{}) {
				t.Fatal("the player is in")
			}
			if err := l.firstError(); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("with %v the player gets %v, want %q", c.patience, err, c.want)
			}
		})
	}
}
