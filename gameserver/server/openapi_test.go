package server

import (
	"slices"
	"testing"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/ringside-go/ringside/internal/openapi"
)

// Every route of a game server is in the description of the API, and the other way round.
func TestOpenAPIHasAllRoutes(t *testing.T) {
	var routes []string
	n := new(Server)
	for p := range n.clientRoutes() {
		routes = append(routes, p)
	}
	for p := range n.internalRoutes(prometheus.NewRegistry()) {
		routes = append(routes, p)
	}
	described := openapi.Operations(openapi.GameServer)
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
