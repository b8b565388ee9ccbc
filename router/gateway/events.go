package gateway

import (
	"net/http"
	"time"
)

// writeTimeout is how long a watcher may take to read a message. A slower one is disconnected, and gets the whole snapshot when
// it comes back.
const writeTimeout = 30 * time.Second

// getEvents streams the fleet as server-sent events: one snapshot, then changes, each of them JSON. A Last-Event-ID means
// nothing: every stream begins with a snapshot. Strangers get the summary.
func (f *Gateway) getEvents(w http.ResponseWriter, r *http.Request) error {
	watch := f.watch
	if f.allowReader(r) != nil {
		watch = f.summaries
	}
	free, err := f.gate.Stream(r)
	if err != nil {
		return tryLater("%v", err)
	}
	defer free()
	if err := watch.enter(); err != nil {
		return err
	}
	defer watch.leave()
	eventStream(w)
	if r.Method == http.MethodHead {
		return nil
	}
	s := sender{w, http.NewResponseController(w)}
	seen := uint64(0)
	for err := s.send([]byte(": the fleet as this router sees it\n\n")); err == nil; {
		newest, changed, ok := watch.newest()
		switch {
		case !ok:
			return nil
		case newest != nil && newest.number == seen+1 && seen > 0:
			seen, err = newest.number, s.send(newest.change)
		case newest != nil && newest.number != seen:
			seen, err = newest.number, s.send(newest.whole())
		default:
			select {
			case <-changed:
			case <-r.Context().Done():
				return nil
			}
		}
	}
	return nil
}

// eventStream begins an answer of server-sent events.
func eventStream(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would collect what it gets
}

// sender writes an answer piece by piece.
type sender struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// send blocks until b is on its way, for writeTimeout at most.
func (s sender) send(b []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(writeTimeout))
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.control.Flush()
}
