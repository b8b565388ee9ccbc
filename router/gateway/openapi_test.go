package gateway

import (
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/openapi"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
)

// noResults is a results store that answers nothing.
type noResults struct{ Results }

func (noResults) Public(func(*http.Request) (bool, string, error)) http.Handler {
	return http.NotFoundHandler()
}
func (noResults) Internal() http.Handler { return http.NotFoundHandler() }

// Every route of a router is in the description of the API, and the other way round.
func TestOpenAPIHasAllRoutes(t *testing.T) {
	c := DefaultConfig()
	c.Signer, c.Results = ticket.NewSigner(ticket.DevKey()), noResults{}
	f, err := New(c, membership.NewStatic(membership.Member{}))
	if err != nil {
		t.Fatal(err)
	}
	routes := resultsapi.InternalRoutes()
	for _, p := range f.mux.Patterns() {
		switch p {
		case " /", " /internal/": // what is left; InternalRoutes has those of the latter
		default:
			routes = append(routes, strings.TrimSuffix(p, "{$}"))
		}
	}
	compare(t, routes, openapi.Operations(openapi.Router))
	for _, p := range resultsapi.PublicRoutes() {
		if !slices.Contains(routes, p) {
			t.Errorf("the front does not pass %s on to the results store", p)
		}
	}
}

func compare(t *testing.T, routes, described []string) {
	t.Helper()
	for _, r := range routes {
		if !slices.Contains(described, r) {
			t.Errorf("%s is not in internal/openapi/document", r)
		}
	}
	for _, d := range described {
		if !slices.Contains(routes, d) {
			t.Errorf("internal/openapi/document has %s, which nothing answers", d)
		}
	}
}
