package console

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/lookup"
)

const (
	// watchInterval is how often the servers are asked for details while somebody watches.
	watchInterval = 500 * time.Millisecond
	// watchBeat is the longest time without a message, so that a watcher knows whether what it shows is current.
	watchBeat = time.Second
)

// watch shows the fleet to any number of watchers as it changes. Each of them waits for the newest revision and writes it
// itself: there is no queue. A watcher that missed a revision gets the whole snapshot instead of the change, so a slow one skips
// revisions and delays nobody. ringside_watchers counts them. Servers are asked only while there are watchers, and once for all of them.
type watch struct {
	build  func(before *snapshot) (now *snapshot, at time.Time) // asks the servers
	about  aboutRouter
	gauge  prometheus.Gauge
	wanted chan struct{} // holds one: there is a first watcher

	mu       sync.Mutex
	watchers int // Config.Gate bounds the strangers
	stopped  bool
	revision *revision     // the newest; nil: none since the first watcher came
	changed  chan struct{} // closed when revision is replaced, and when stopped is set
}

// aboutRouter tells a watcher which router shows it the fleet, and whether that is the summary for strangers.
type aboutRouter struct {
	Router  membership.ServerName `json:"router,omitempty"`
	Mode    lookup.Mode           `json:"mode"`
	Summary bool                  `json:"summary,omitempty"`
}

// revision is a snapshot as the bytes that watchers get. It is immutable, and shared by all of them.
type revision struct {
	number uint64        // counts this router's revisions from 1
	change []byte        // from the revision before
	whole  func() []byte // all of it; encoded for the first caller, from any goroutine
}

func newWatch(gauge prometheus.Gauge, about aboutRouter, build func(before *snapshot) (*snapshot, time.Time)) *watch {
	return &watch{build: build, about: about, gauge: gauge,
		wanted: make(chan struct{}, 1), changed: make(chan struct{})}
}

// enter counts a watcher in; leave must follow unless there is an error.
func (w *watch) enter() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.stopped {
		return api.TryLater("this router is stopping")
	}
	w.watchers++
	w.gauge.Inc()
	select {
	case w.wanted <- struct{}{}:
	default:
	}
	return nil
}

func (w *watch) leave() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.watchers--
	w.gauge.Dec()
}

// newest gives the newest revision, nil while there is none, and a channel that is closed when there is another. It does not
// block. ok is false when there will be no more.
func (w *watch) newest() (r *revision, changed <-chan struct{}, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.revision, w.changed, !w.stopped
}

// stop sends all watchers away.
func (w *watch) stop() {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.stopped = true
		close(w.changed)
	}
}

// run makes revisions while there are watchers, until ctx ends.
func (w *watch) run(ctx context.Context) {
	number := uint64(0)
	for {
		select {
		case <-w.wanted:
			number = w.serve(ctx, number)
		case <-ctx.Done():
			return
		}
	}
}

// serve makes revisions, the first of which comes after number, until nobody watches. It returns the last one's number.
func (w *watch) serve(ctx context.Context, number uint64) uint64 {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var shown *snapshot
	var shownAt time.Time
	for w.watched() {
		now, at := w.build(shown)
		if change, isNew := now.since(shown); isNew || time.Since(shownAt) >= watchBeat {
			number++
			w.show(&revision{number, encodeChange(at, change), sync.OnceValue(func() []byte { return w.encodeWhole(at, now) })})
			shown, shownAt = now, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return number
		}
	}
	return number
}

// watched reports whether there are watchers. If not, it forgets the newest revision.
func (w *watch) watched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers == 0 {
		w.revision = nil
	}
	return w.watchers > 0
}

func (w *watch) show(r *revision) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.revision = r
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

func encodeChange(at time.Time, c snapshotChange) []byte {
	return message("change", struct {
		Time time.Time `json:"time"`
		snapshotChange
	}{at.UTC(), c})
}

func (w *watch) encodeWhole(at time.Time, s *snapshot) []byte {
	all, _ := s.since(nil)
	return message("snapshot", struct {
		Time time.Time `json:"time"`
		aboutRouter
		snapshotChange
	}{at.UTC(), w.about, all})
}

// message is a server-sent event whose data is v.
func message(event string, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // v has our own types, and what servers put into it was JSON
	}
	return append(append([]byte("event: "+event+"\ndata: "), data...), "\n\n"...)
}
