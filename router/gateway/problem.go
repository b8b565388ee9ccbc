package gateway

import (
	"fmt"
	"net/http"
	"strconv"

	"github.com/ringside-go/ringside/internal/obs"
)

// problem is the error of a handler whose words are for the client: what was wrong, with which value, and what to do.
type problem struct {
	status int
	detail string
	retry  int    // seconds for a Retry-After header; 0: none
	field  string // of the body that was wrong, for programs; empty: none
}

func (p *problem) Error() string { return p.detail }

func problemf(status int, format string, args ...any) *problem {
	return &problem{status: status, detail: fmt.Sprintf(format, args...)}
}

// tryLater is a 503: nothing is wrong with the request.
func tryLater(format string, args ...any) *problem {
	p := problemf(http.StatusServiceUnavailable, format, args...)
	p.retry = 1
	return p
}

func (p *problem) write(w http.ResponseWriter) {
	if p.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", "Bearer")
	}
	if p.retry > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(p.retry))
	}
	obs.FieldProblem(w, p.status, p.detail, p.field)
}
