package api

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Handler answers a request, or returns a *Problem (any other error is a 500) before it has written anything.
type Handler func(w http.ResponseWriter, r *http.Request) error

// Mux sends requests to the handlers of their routes.
type Mux struct {
	mux      *http.ServeMux
	patterns []string // each with its method
	requests *prometheus.HistogramVec
	logger   *slog.Logger
}

// NewMux makes a Mux without routes. requests has the labels route and status.
func NewMux(requests *prometheus.HistogramVec, logger *slog.Logger) *Mux {
	return &Mux{mux: http.NewServeMux(), requests: requests, logger: logger}
}

// ServeHTTP answers one request.
func (m *Mux) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

// Patterns are the routes, each with its method: "GET /v1/rooms".
func (m *Mux) Patterns() []string { return m.patterns }

// Route serves pattern with h and adds what all routes share: cross-origin headers, the check of the method (empty: any),
// problem documents, the request metric under name, and the access log at debug.
func (m *Mux) Route(pattern, name, method string, h Handler) {
	m.Routes(pattern, name, map[string]Handler{method: h})
}

// Routes is Route for a pattern with several methods.
func (m *Mux) Routes(pattern, name string, methods map[string]Handler) {
	list := strings.Join(slices.Sorted(maps.Keys(methods)), ", ")
	for method := range methods {
		m.patterns = append(m.patterns, method+" "+pattern)
	}
	for _, class := range []string{"2xx", "5xx"} {
		m.requests.WithLabelValues(name, class) // 0 from the start
	}
	m.mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
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
		if !Internal(r) {
			rec.Header().Set("Access-Control-Allow-Origin", "*")
			rec.Header().Set("Access-Control-Expose-Headers", "Retry-After")
		}
		switch {
		case h != nil:
			if err := h(rec, r); err != nil {
				m.fail(rec, r, err)
			}
		case r.Method == http.MethodOptions && !Internal(r):
			preflight(rec, list)
		default:
			rec.Header().Set("Allow", list+", OPTIONS")
			Problemf(http.StatusMethodNotAllowed, "%s answers %s, not %s", r.URL.Path, list, r.Method).write(rec)
		}
		took := time.Since(start)
		m.requests.WithLabelValues(name, strconv.Itoa(rec.status/100)+"xx").Observe(took.Seconds())
		m.logger.Debug("request", "method", r.Method, "path", r.URL.Path, "status", rec.status, "took", took,
			"remote", r.RemoteAddr)
	})
}

func (m *Mux) fail(w http.ResponseWriter, r *http.Request, err error) {
	var p *Problem
	if !errors.As(err, &p) {
		m.logger.Error("request failed", "method", r.Method, "path", r.URL.Path, "err", err)
		p = Problemf(http.StatusInternalServerError, "the router failed; its log says why. Try again in a moment")
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

// internalKey marks the requests of the internal listener in their context.
type internalKey struct{}

// MarkInternal marks the request as one of the internal listener.
func MarkInternal(r *http.Request) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), internalKey{}, true))
}

// Internal reports whether a request came by the internal listener.
func Internal(r *http.Request) bool { return r.Context().Value(internalKey{}) != nil }
