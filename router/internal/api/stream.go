package api

import (
	"net/http"
	"time"
)

// WriteTimeout is how long a watcher may take to read a message. A slower one is disconnected, and gets the whole snapshot when
// it comes back.
const WriteTimeout = 30 * time.Second

// NewStream begins an answer of server-sent events.
func NewStream(w http.ResponseWriter) *Stream {
	h := w.Header()
	h.Set("Content-Type", "text/event-stream")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would collect what it gets
	return &Stream{w, http.NewResponseController(w)}
}

// Stream is an answer of server-sent events, which is written piece by piece.
type Stream struct {
	w       http.ResponseWriter
	control *http.ResponseController
}

// Send blocks until b is on its way, for WriteTimeout at most.
func (s *Stream) Send(b []byte) error {
	_ = s.control.SetWriteDeadline(time.Now().Add(WriteTimeout))
	if _, err := s.w.Write(b); err != nil {
		return err
	}
	return s.control.Flush()
}
