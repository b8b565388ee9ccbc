package gateway

import (
	"fmt"
	"net/http"
)

// getLive says that this process answers, and nothing about others: an orchestrator restarts it when this fails.
func (f *Gateway) getLive(w http.ResponseWriter, _ *http.Request) error {
	_, _ = fmt.Fprintln(w, "ok")
	return nil
}

// getReady says whether clients should be sent here: the fleet is seen and this router is not draining.
func (f *Gateway) getReady(w http.ResponseWriter, _ *http.Request) error {
	if f.draining.Load() {
		return tryLater("this router is stopping")
	}
	fleet := f.table.Fleet()
	if len(fleet.Serving()) == 0 {
		return noServers(fleet)
	}
	_, _ = fmt.Fprintln(w, "ok")
	return nil
}
