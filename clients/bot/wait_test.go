package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
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
