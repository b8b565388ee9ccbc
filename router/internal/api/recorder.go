package api

import (
	"bufio"
	"net"
	"net/http"
)

// recorder remembers the status for metric and log.
type recorder struct {
	http.ResponseWriter
	status int
}

func (r *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	r.status = http.StatusSwitchingProtocols
	return http.NewResponseController(r.ResponseWriter).Hijack()
}

// Unwrap lets http.ResponseController flush and set deadlines.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

func (r *recorder) WriteHeader(status int) {
	if r.status == 0 {
		r.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

func (r *recorder) Write(b []byte) (int, error) {
	if r.status == 0 {
		r.status = http.StatusOK
	}
	return r.ResponseWriter.Write(b)
}

// Answered reports whether a handler has begun its answer on w.
func Answered(w http.ResponseWriter) bool {
	rec, ok := w.(*recorder)
	return !ok || rec.status != 0
}
