package gateway

import (
	"bufio"
	"errors"
	"maps"
	"net"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// handler answers a request, or returns a *problem (any other error is a 500) before it has written anything.
type handler func(w http.ResponseWriter, r *http.Request) error

// route serves pattern with h and adds what all routes share: cross-origin headers, the check of the method (empty: any),
// problem documents, the request metric under name, and the access log at debug.
func (f *Gateway) route(pattern, name, method string, h handler) {
	f.routes(pattern, name, map[string]handler{method: h})
}

// routes is route for a pattern with several methods.
func (f *Gateway) routes(pattern, name string, methods map[string]handler) {
	list := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	for method := range methods {
		f.patterns = append(f.patterns, method+" "+pattern)
	}
	f.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
		h := methods[r.Method]
		if h == nil && r.Method == http.MethodHead {
			h = methods[http.MethodGet]
		}
		if h == nil {
			h = methods[""]
		}
		start := time.Now()
		rec := &recorder{ResponseWriter: w}
		// Tickets and identity tokens are in bodies and headers, never in cookies, so any origin may ask. On the internal listener
		// whoever reaches it sees all, so a page of another origin in an operator's browser must not.
		if !internal(r) {
			rec.Header().Set("Access-Control-Allow-Origin", "*")
			rec.Header().Set("Access-Control-Expose-Headers", "Retry-After")
		}
		switch {
		case h != nil:
			if err := h(rec, r); err != nil {
				f.fail(rec, r, err)
			}
		case r.Method == http.MethodOptions && !internal(r):
			preflight(rec, list)
		default:
			rec.Header().Set("Allow", list+", OPTIONS")
			problemf(http.StatusMethodNotAllowed, "%s answers %s, not %s", r.URL.Path, list, r.Method).write(rec)
		}
		took := time.Since(start)
		f.config.Metrics.Requests.WithLabelValues(name, strconv.Itoa(rec.status/100)+"xx").Observe(took.Seconds())
		f.config.Logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", rec.status, "took", took,
			"remote", r.RemoteAddr)
	})
}

func (f *Gateway) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *problem
	if !errors.As(err, &p) {
		f.config.Logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = problemf(http.StatusInternalServerError, "the router failed; its log says why. Try again in a moment")
	}
	p.write(w)
}

func preflight(w http.ResponseWriter, methods string) {
	h := w.Header()
	h.Set("Allow", methods+", OPTIONS")
	h.Set("Access-Control-Allow-Methods", methods)
	h.Set("Access-Control-Allow-Headers", "Authorization, Content-Type")
	h.Set("Access-Control-Max-Age", "86400")
	w.WriteHeader(http.StatusNoContent)
}

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

// shorten bounds what of a client's own text goes back to it.
func shorten(s string) string {
	const limit = 100
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}
