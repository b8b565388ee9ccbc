package resultsapi

import (
	"encoding/json"
	"errors"
	"maps"
	"math"
	"net/http"
	"slices"
	"time"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/router/internal/results"
)

// Internal is the handler for the internal listener.
func (a *API) Internal() http.Handler { return a.mux(a.internal()) }

// InternalRoutes: see PublicRoutes.
func InternalRoutes() []string { return slices.Sorted(maps.Keys(new(API).internal())) }

func (a *API) internal() map[string]func(*request) error {
	return map[string]func(*request) error{
		"POST /internal/v1/outcomes":                a.put,
		"POST /internal/v1/takeovers":               a.takeover,
		"POST /internal/v1/rooms":                   a.putRooms,
		"GET /internal/v1/conflicts":                a.conflicts,
		"GET /internal/v1/endpoints":                a.endpoints,
		"GET /internal/v1/endpoints/{name}/dead":    a.dead,
		"POST /internal/v1/endpoints/{name}/retry":  a.retry,
		"POST /internal/v1/endpoints/{name}/enable": a.enable,
		"DELETE /internal/v1/endpoints/{name}":      a.remove,
		"POST /internal/v1/boards/{board}/rebuild":  a.rebuild,
	}
}

// body reads the request's JSON.
func (r *request) body(v any, most int64) error {
	err := json.NewDecoder(http.MaxBytesReader(r.w, r.Body, most)).Decode(v)
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return refuse(http.StatusRequestEntityTooLarge, "the request has more than %d bytes; send smaller batches", most)
	}
	if err != nil {
		return refuse(http.StatusBadRequest, "the request's JSON cannot be read: %v", err)
	}
	return nil
}

func (a *API) put(r *request) error {
	var batch outcome.Batch
	if err := r.body(&batch, outcome.MaxBatchBytes); err != nil {
		return err
	}
	answers, err := a.config.Store.Put(r.Context(), batch.Entries)
	if err != nil {
		return err
	}
	return r.json(outcome.Answers{Answers: answers})
}

func (a *API) takeover(r *request) error {
	var t outcome.Takeover
	if err := r.body(&t, 4<<10); err != nil {
		return err
	}
	if t.Instance == 0 {
		return refuse(http.StatusBadRequest, "a takeover needs an instance")
	}
	epoch, ok, err := a.config.Store.Raise(r.Context(), t.Instance, t.Epoch, t.From)
	if err != nil {
		return err
	}
	return r.json(outcome.TakeoverAnswer{OK: ok, Epoch: epoch})
}

func (a *API) conflicts(r *request) error {
	limit, err := r.number("limit", pageDefault, results.MaxPage)
	if err != nil {
		return err
	}
	list, err := a.config.Store.Conflicts(r.Context(), int(limit))
	if err != nil {
		return err
	}
	return r.json(struct {
		Conflicts []results.Conflict `json:"conflicts"`
	}{list})
}

func (a *API) endpoints(r *request) error {
	list, err := a.config.Store.Endpoints(r.Context())
	if err != nil {
		return err
	}
	return r.json(struct {
		Endpoints []results.EndpointState `json:"endpoints"`
	}{list})
}

func (a *API) dead(r *request) error {
	after, err := r.number("after", 0, math.MaxInt64)
	if err != nil {
		return err
	}
	list, err := a.config.Store.DeadLetters(r.Context(), r.PathValue("name"), after, pageDefault)
	if err != nil {
		return err
	}
	return r.json(struct {
		Dead []results.Delivery `json:"dead"`
	}{list})
}

// retry takes {"seqs": [1, 2]}; no seqs: all.
func (a *API) retry(r *request) error {
	var which struct {
		Seqs []int64 `json:"seqs"`
	}
	if err := r.body(&which, 64<<10); err != nil {
		return err
	}
	n, err := a.config.Store.Retry(r.Context(), r.PathValue("name"), which.Seqs...)
	if err != nil {
		return err
	}
	return r.json(struct {
		Retried int64 `json:"retried"`
	}{n})
}

func (a *API) enable(r *request) error {
	if err := a.config.Store.Enable(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return a.endpoints(r)
}

func (a *API) remove(r *request) error {
	if err := a.config.Store.RemoveEndpoint(r.Context(), r.PathValue("name")); err != nil {
		return err
	}
	return a.endpoints(r)
}

// rebuild reads all outcomes of a game, which takes longer than other requests may.
func (a *API) rebuild(r *request) error {
	control := http.NewResponseController(r.w)
	_ = control.SetReadDeadline(time.Time{}) // not every writer has deadlines
	_ = control.SetWriteDeadline(time.Time{})
	if err := a.config.Store.Rebuild(r.Context(), r.PathValue("board")); err != nil {
		return err
	}
	r.w.WriteHeader(http.StatusNoContent)
	return nil
}
