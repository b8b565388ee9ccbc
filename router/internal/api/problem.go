package api

import (
	"fmt"
	"math"
	"net/http"
	"strconv"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
)

// Problem is the error of a handler whose words are for the client: what was wrong, with which value, and what to do.
type Problem struct {
	Status int
	Detail string
	Retry  int    // seconds for a Retry-After header; 0: none
	Field  string // of the body that was wrong, for programs; empty: none
}

func (p *Problem) Error() string { return p.Detail }

// Problemf makes one.
func Problemf(status int, format string, args ...any) *Problem {
	return &Problem{Status: status, Detail: fmt.Sprintf(format, args...)}
}

// TryLater is a 503: nothing is wrong with the request.
func TryLater(format string, args ...any) *Problem {
	p := Problemf(http.StatusServiceUnavailable, format, args...)
	p.Retry = 1
	return p
}

// TooMany is a 429: the client may ask again after wait.
func TooMany(wait time.Duration, format string, args ...any) *Problem {
	p := Problemf(http.StatusTooManyRequests, format, args...)
	p.Retry = int(math.Ceil(wait.Seconds()))
	return p
}

// BadField is a 400 about one field of the body.
func BadField(field string, err error) error {
	p := Problemf(http.StatusBadRequest, "field %q: %v", field, err)
	p.Field = field
	return p
}

// BadQuery is a 400 about one parameter of the query.
func BadQuery(name string, err error) error {
	return Problemf(http.StatusBadRequest, "query %q: %v", name, err)
}

// Shorten bounds what of a client's own text goes back to it.
func Shorten(s string) string {
	const limit = 100
	if len(s) <= limit {
		return s
	}
	return s[:limit] + "…"
}

func (p *Problem) write(w http.ResponseWriter) {
	if p.Status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if p.Retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.Retry))
	}
	obs.FieldProblem(w, p.Status, p.Detail, p.Field)
}
