package gateway

import (
	"fmt"
	"net/http"

	"github.com/ringside-go/ringside/router/internal/api"
	"github.com/ringside-go/ringside/router/internal/servers"
)

// getLive says that this process answers, and nothing about others: an orchestrator restarts it when this fails.
func (g *Gateway) getLive(w http.ResponseWriter, _ *http.Request) error {
	_, _ = fmt.Fprintln(w, "ok")
	return nil
}

// getReady says whether clients should be sent here: the fleet is seen and this router is not draining.
func (g *Gateway) getReady(w http.ResponseWriter, _ *http.Request) error {
	if g.draining.Load() {
		return api.TryLater("this router is stopping")
	}
	fleet := g.table.Fleet()
	if len(fleet.Serving()) == 0 {
		return servers.None(fleet)
	}
	_, _ = fmt.Fprintln(w, "ok")
	return nil
}
