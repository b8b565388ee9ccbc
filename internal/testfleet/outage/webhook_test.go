package outage

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// hooks is a studio's web server with endpoints that fail the first attempt at each message, each in its own way.
type hooks struct {
	mu       sync.Mutex
	attempts map[string]map[string]int // endpoint → webhook-id → attempts
	taken    map[string]map[string]int // those of them that the endpoint has taken
	back     bool                      // /gone takes messages again
	late     time.Duration
}

// ServeHTTP takes a message, or fails.
func (h *hooks) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	endpoint, id := strings.TrimPrefix(r.URL.Path, "/"), r.Header.Get("Webhook-Id")
	h.mu.Lock()
	if h.attempts[endpoint] == nil {
		h.attempts[endpoint], h.taken[endpoint] = map[string]int{}, map[string]int{}
	}
	h.attempts[endpoint][id]++
	n, back := h.attempts[endpoint][id], h.back
	h.mu.Unlock()
	switch {
	case endpoint == "fails" && n == 1:
		w.WriteHeader(http.StatusInternalServerError)
		return
	case endpoint == "closes" && n == 1:
		panic(http.ErrAbortHandler)
	case endpoint == "hangs" && n == 1:
		<-r.Context().Done()
		return
	case endpoint == "late" && n == 1:
		time.Sleep(h.late) // and then takes it, which the router does not hear
	case endpoint == "gone" && !back:
		w.WriteHeader(http.StatusGone)
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.taken[endpoint][id]++
}

// has reports whether an endpoint has taken every message so often at least.
func (h *hooks) has(endpoint string, ids []string, times int) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, id := range ids {
		if h.taken[endpoint][id] < times {
			return false
		}
	}
	return true
}

// Endpoints that answer 500, close, hang, or take a message only after the router has given up: each gets every outcome, under one id
// for all attempts, and none holds up the one that is well. One that answers 410 gets nothing more until it is enabled.
func TestEndpointsThatFail(t *testing.T) {
	h := &hooks{attempts: map[string]map[string]int{}, taken: map[string]map[string]int{}, late: 11 * time.Second}
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	b := newBed(t)
	var endpoints []map[string]any
	for _, name := range []string{"well", "fails", "closes", "hangs", "late", "gone"} {
		endpoints = append(endpoints, map[string]any{"name": name, "url": server.URL + "/" + name, "private": true, "fromStart": true,
			"secrets": []string{"whsec_" + base64.StdEncoding.EncodeToString([]byte("a secret of twenty-four b"))}})
	}
	file := filepath.Join(b.dir, "hooks.json")
	text, err := json.Marshal(endpoints)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	b.start(router)
	b.start("gs-1", "-idle-room=100ms")
	b.start("gs-2", "-idle-room=100ms")
	b.whole()
	p := b.enter("ann", "short")
	b.await("the player hears outcomes", func() bool { return p.matches() >= 3 })
	p.leave()
	b.await("the room ends", func() bool { return b.metric("gs-1", "ringside_rooms")+b.metric("gs-2", "ringside_rooms") == 0 })
	var ids []string
	for _, o := range b.settle(p) {
		ids = append(ids, fmt.Sprintf("%s-%d", o.Outcome.Instance, o.Outcome.Match))
	}
	b.kill(router)
	b.args[router] = []string{"-webhooks=" + file}
	b.start(router)
	b.await("the endpoint that is well has all", func() bool { return h.has("well", ids, 1) })
	for _, name := range []string{"fails", "closes", "hangs"} {
		b.await("endpoint "+name+" has all", func() bool { return h.has(name, ids, 1) })
	}
	b.await("the late endpoint has all twice", func() bool { return h.has("late", ids, 2) })
	owed := func() (disabled string, due, dead int) {
		var page struct {
			Endpoints []struct {
				Name, Disabled string
				Due, Dead      int
			}
		}
		b.await("the endpoints can be read", func() bool { return b.get(router, "/internal/v1/endpoints", &page) })
		for _, e := range page.Endpoints {
			dead += e.Dead
			if e.Disabled != "" {
				disabled += e.Name
			} else {
				due += e.Due
			}
		}
		return disabled, due, dead
	}
	b.await("nothing is owed to the others", func() bool {
		disabled, due, dead := owed()
		return disabled == "gone" && due == 0 && dead == 0
	})
	h.mu.Lock()
	h.back = true
	h.mu.Unlock()
	if _, status := b.do(http.MethodPost, router, "/internal/v1/endpoints/gone/enable", ""); status != http.StatusOK {
		t.Errorf("enable answers %d", status)
	}
	b.await("the endpoint that was gone has all", func() bool { return h.has("gone", ids, 1) })
	h.mu.Lock()
	defer h.mu.Unlock()
	for name, attempts := range h.attempts {
		if len(attempts) != len(ids) {
			t.Errorf("endpoint %s saw %d ids, want %d: %v", name, len(attempts), len(ids), attempts)
		}
	}
}
