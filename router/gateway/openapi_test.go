package gateway

import (
	"slices"
	"strings"
	"testing"

	"github.com/ringside-go/ringside/internal/openapi"
	"github.com/ringside-go/ringside/router/internal/resultsapi"
)

// Every route of a router is in the description of the API, and the other way round.
func TestOpenAPIHasAllRoutes(t *testing.T) {
	f := newTestFront(t, func(c *Config) { c.Results = echoResults{} })
	routes := resultsapi.InternalRoutes()
	for _, p := range f.patterns {
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
