package front

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/membership"
)

const (
	// watchInterval is how often the servers are asked while somebody watches.
	watchInterval = 300 * time.Millisecond
	// watchBeat is how long nothing is sent at most, so that a watcher knows whether what he sees is of this moment.
	watchBeat = time.Second
	// maxWatchers bounds those who watch at once. One costs a socket and a goroutine.
	maxWatchers = 200
)

// watch shows the fleet to any number of watchers as it changes. Each of them waits for the newest edition and writes it
// himself: there is no queue. Who has missed an edition gets the whole picture instead of what has changed, so a slow one
// skips, costs nothing meanwhile, and holds up nobody. ringside_watchers shows how many there are.
type watch struct {
	survey *survey
	noted  func() []eventDoc // this router's own events
	about  aboutRouter
	gauge  prometheus.Gauge
	wanted chan struct{} // holds one: there is a first watcher

	mu       sync.Mutex
	watchers int // at most maxWatchers; beyond, 503
	stopped  bool
	edition  *edition      // the newest; nil: none since the first watcher came
	changed  chan struct{} // closed when edition is replaced, and when stopped is set
}

// aboutRouter tells a watcher who shows him the fleet.
type aboutRouter struct {
	Router membership.ServerName `json:"router"`
	Mode   Mode                  `json:"mode"`
}

// edition is a picture as the bytes that watchers get. It is immutable, and shared by all of them.
type edition struct {
	number uint64        // counts this router's editions from 1
	change []byte        // from the edition before
	whole  func() []byte // all of it; encoded for the first who calls it, from any goroutine
}

func newWatch(c Config, s *survey, self membership.ServerName, noted func() []eventDoc) *watch {
	return &watch{survey: s, noted: noted, about: aboutRouter{self, c.Mode}, gauge: c.Metrics.Watchers,
		wanted: make(chan struct{}, 1), changed: make(chan struct{})}
}

// enter counts a watcher in; leave must follow unless there is an error.
func (w *watch) enter() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.stopped:
		return tryLater("this router is stopping")
	case w.watchers == maxWatchers:
		return tryLater("%d others watch the fleet through this router, which are all it takes; try again, or at another router", maxWatchers)
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

// newest gives the newest edition, nil while there is none, and a channel that is closed when that is no longer so. It
// does not block. ok is false when there will be none any more.
func (w *watch) newest() (e *edition, changed <-chan struct{}, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.edition, w.changed, !w.stopped
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

// run makes editions while there are watchers, until ctx ends.
func (w *watch) run(ctx context.Context) {
	number := uint64(0)
	for {
		select {
		case <-w.wanted:
			number = w.follow(ctx, number)
		case <-ctx.Done():
			return
		}
	}
}

// follow makes editions, the first of which comes after number, until nobody watches. It returns the last one's number.
func (w *watch) follow(ctx context.Context, number uint64) uint64 {
	tick := time.NewTicker(watchInterval)
	defer tick.Stop()
	var shown *picture
	var at time.Time
	for w.watched() {
		shot := w.survey.get(watchInterval / 2)
		now := paint(shot, w.noted(), shown)
		if change, isNew := now.since(shown); isNew || time.Since(at) >= watchBeat {
			number++
			w.show(&edition{number, encodeChange(shot.at, change), sync.OnceValue(func() []byte { return w.encodeWhole(shot.at, now) })})
			shown, at = now, time.Now()
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return number
		}
	}
	return number
}

// watched reports whether there are watchers. If not, there is no newest edition any more either.
func (w *watch) watched() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.watchers == 0 {
		w.edition = nil
	}
	return w.watchers > 0
}

func (w *watch) show(e *edition) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.stopped {
		w.edition = e
		close(w.changed)
		w.changed = make(chan struct{})
	}
}

func encodeChange(at time.Time, c pictureChange) []byte {
	return message("change", struct {
		Time time.Time `json:"time"`
		pictureChange
	}{at.UTC(), c})
}

func (w *watch) encodeWhole(at time.Time, p *picture) []byte {
	all, _ := p.since(nil)
	return message("snapshot", struct {
		Time time.Time `json:"time"`
		aboutRouter
		pictureChange
	}{at.UTC(), w.about, all})
}

// message is a server-sent event whose data is v.
func message(event string, v any) []byte {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err) // v is of our own types, and all that servers put into it came as JSON
	}
	return append(append([]byte("event: "+event+"\ndata: "), data...), "\n\n"...)
}
