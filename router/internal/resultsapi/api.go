package resultsapi

import (
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/router/internal/results"
)

// Caller is who makes a request.
type Caller struct {
	Operator bool   // sees everything
	Player   string // identity; empty: a guest, or nobody
}

// Config of an API.
type Config struct {
	Store      *results.Store
	Caller     func(*http.Request) (Caller, error) // an error is answered with 401
	MaxWaiting int                                 // long polls and event streams at once; beyond, 503
	Logger     *slog.Logger
}

// API answers for a store.
type API struct {
	config  Config
	waiting chan struct{} // size MaxWaiting; full: 503
}

// New builds an API.
func New(c Config) *API { return &API{c, make(chan struct{}, c.MaxWaiting)} }

// Bounds of a request.
const (
	maxWait     = 30 * time.Second // a proxy closes a silent request after a minute, often
	pageDefault = 100
)

// Public is the handler of what studios and players read.
func (a *API) Public() http.Handler { return a.mux(a.public()) }

// PublicRoutes gives the patterns that Public answers, InternalRoutes those of Internal.
func PublicRoutes() []string { return slices.Sorted(maps.Keys(new(API).public())) }

func (a *API) public() map[string]func(*request) error {
	return map[string]func(*request) error{
		"GET /v1/rooms/{room}/outcomes":    a.room,
		"GET /v1/outcomes":                 a.all,
		"GET /v1/players/{player}/matches": a.player,
		"GET /v1/boards":                   a.boards,
		"GET /v1/boards/{board}":           a.board,
		"GET /v1/stats/rooms":              a.rooms,
	}
}

func (a *API) mux(routes map[string]func(*request) error) http.Handler {
	mux := http.NewServeMux()
	for pattern, h := range routes {
		mux.HandleFunc(pattern, a.handle(h))
	}
	return mux
}

// request is what a handler gets.
type request struct {
	*http.Request
	w      http.ResponseWriter
	query  url.Values
	caller Caller
}

// refusal is an error with a status.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

func (a *API) handle(h func(*request) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		query, err := url.ParseQuery(r.URL.RawQuery)
		if err != nil {
			a.fail(w, refuse(http.StatusBadRequest, "the query cannot be read: %v", err))
			return
		}
		var caller Caller
		if a.config.Caller != nil {
			if caller, err = a.config.Caller(r); err != nil {
				a.fail(w, refuse(http.StatusUnauthorized, "%v", err))
				return
			}
		}
		if err := h(&request{r, w, query, caller}); err != nil && r.Context().Err() == nil {
			a.fail(w, err)
		}
	}
}

// fail answers with a problem that says what to do.
func (a *API) fail(w http.ResponseWriter, err error) {
	var r *refusal
	switch {
	case errors.As(err, &r):
		if r.status == http.StatusUnauthorized {
			w.Header().Set("WWW-Authenticate", "Bearer")
		}
		if r.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", "1")
		}
		obs.Problem(w, r.status, r.detail)
	case errors.Is(err, results.ErrRequest), errors.Is(err, outcome.ErrInvalid):
		obs.Problem(w, http.StatusBadRequest, err.Error())
	case errors.Is(err, results.ErrUnknown):
		obs.Problem(w, http.StatusNotFound, err.Error())
	case errors.Is(err, results.ErrExpired):
		obs.Problem(w, http.StatusGone, err.Error())
	default:
		a.config.Logger.Error("the results store does not answer", "error", err)
		w.Header().Set("Retry-After", "1")
		obs.Problem(w, http.StatusServiceUnavailable, "the results store does not answer at the moment; nothing is lost, try again")
	}
}

// number reads a whole number of the query; none is the default.
func (r *request) number(name string, otherwise, most int64) (int64, error) {
	text := r.query.Get(name)
	if text == "" {
		return otherwise, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 || n > most {
		return 0, refuse(http.StatusBadRequest, "%s is %.40q; a whole number from 0 to %d is needed", name, text, most)
	}
	return n, nil
}

func (r *request) wait() (time.Duration, error) {
	text := r.query.Get("wait")
	if text == "" {
		return 0, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < 0 {
		return 0, refuse(http.StatusBadRequest, "wait is %.40q; a duration such as 25s is needed, at most %v", text, maxWait)
	}
	return min(d, maxWait), nil
}

func (r *request) json(v any) error {
	b, err := outcome.Encode(v)
	if err != nil {
		return err
	}
	r.w.Header().Set("Content-Type", "application/json")
	r.w.Header().Set("Cache-Control", "no-store")
	_, _ = r.w.Write(append(b, '\n')) // an error is the client's, who is gone
	return nil
}

// page is the answer with outcomes.
type page struct {
	Outcomes []results.Stored `json:"outcomes"`
	Next     int64            `json:"next"` // the cursor for the next page
}
