package results_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
	"github.com/ringside-go/ringside/router/internal/results"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
)

// open opens a router's store, and runs it.
func open(t *testing.T, at string) *results.Store {
	t.Helper()
	s, err := results.Open(t.Context(), at, results.DefaultConfig())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := errors.Join(<-ended, s.Close()); err != nil {
			t.Error(err)
		}
	})
	return s
}

// errBusy is the answer where too many streams wait.
var errBusy = errors.New("too many streams")

// Two routers write at once, and a reader of the event stream of a third one, whose connection ends again and again, hears of every
// outcome once and in order: an outcome never becomes visible behind a cursor that has passed it.
func TestEventStreamHasNoGap(t *testing.T) {
	results.Each(t, func(t *testing.T, at string) {
		const writers, batches, size, read = 2, 40, 3, 17
		api := resultsapi.New(resultsapi.Config{Store: open(t, at), MaxWaiting: 2, Logger: slog.New(slog.DiscardHandler),
			Caller: func(*http.Request) (resultsapi.Caller, error) { return resultsapi.Caller{Operator: true}, nil }})
		server := httptest.NewServer(api.Public())
		defer server.Close()
		done := make(chan error, writers)
		for w := range writers {
			s := open(t, at)
			go func() { done <- write(s, proto.Instance(w+1), batches, size) }()
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		seen := map[string]bool{} // outcomes
		const total = writers * batches * size
		for last := 0; last < total; {
			n, err := follow(ctx, server.URL, last, min(read, total-last), seen)
			if errors.Is(err, errBusy) { // the server has not noticed yet that the last streams have ended
				time.Sleep(time.Millisecond)
				continue
			}
			if err != nil {
				t.Fatalf("after event %d: %v", last, err)
			}
			last += n
		}
		for range writers {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
	})
}

// write puts batches of outcomes of an instance.
func write(s *results.Store, instance proto.Instance, batches, size int) error {
	for b := range batches {
		var entries []outcome.Entry
		for n := range size {
			body, err := results.Decided(instance, uint32(b*size+n+1), 1).Encode()
			if err != nil {
				return err
			}
			entries = append(entries, outcome.Entry{Epoch: outcome.Epoch{Counter: 1, Server: "gs-1"}, Body: body})
		}
		if _, err := s.Put(context.Background(), entries); err != nil {
			return err
		}
	}
	return nil
}

// follow reads at most so many events from last on, over a connection of its own, and gives how many there were.
func follow(ctx context.Context, url string, last, most int, seen map[string]bool) (n int, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/v1/outcomes", nil)
	if err != nil {
		return 0, err
	}
	r.Header.Set("Accept", "text/event-stream")
	r.Header.Set("Last-Event-ID", fmt.Sprint(last))
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusServiceUnavailable {
		return 0, errBusy
	}
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(resp.Body)
		return 0, fmt.Errorf("%s %s", resp.Status, text)
	}
	lines := bufio.NewScanner(resp.Body)
	for lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "id: "); ok {
			if want := fmt.Sprint(last + n + 1); id != want {
				return n, fmt.Errorf("event %s comes, want %s", id, want)
			}
		}
		data, ok := strings.CutPrefix(lines.Text(), "data: ")
		if !ok {
			continue
		}
		_, what, _ := strings.Cut(data, `"instance":`)
		what, _, _ = strings.Cut(what, `,"room"`)
		if seen[what] {
			return n, fmt.Errorf("outcome %s comes twice", what)
		}
		seen[what] = true
		if n++; n == most {
			return n, nil
		}
	}
	if n == 0 {
		return 0, fmt.Errorf("the stream has ended: %w", lines.Err())
	}
	return n, nil
}
