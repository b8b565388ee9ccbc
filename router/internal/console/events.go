package console

import (
	"net/http"

	"github.com/ringside-go/ringside/router/internal/api"
)

// GetEvents streams the fleet as server-sent events: one snapshot, then changes, each of them JSON. A Last-Event-ID means
// nothing: every stream begins with a snapshot. Strangers get the summary.
func (c *Console) GetEvents(w http.ResponseWriter, r *http.Request) error {
	watch := c.watch
	if c.Guard.AllowReader(r) != nil {
		watch = c.summaries
	}
	free, err := c.Gate.Stream(r)
	if err != nil {
		return api.TryLater("%v", err)
	}
	defer free()
	if err := watch.enter(); err != nil {
		return err
	}
	defer watch.leave()
	s := api.NewStream(w)
	if r.Method == http.MethodHead {
		return nil
	}
	seen := uint64(0)
	for err := s.Send([]byte(": the fleet as this router sees it\n\n")); err == nil; {
		newest, changed, ok := watch.newest()
		switch {
		case !ok:
			return nil
		case newest != nil && newest.number == seen+1 && seen > 0:
			seen, err = newest.number, s.Send(newest.change)
		case newest != nil && newest.number != seen:
			seen, err = newest.number, s.Send(newest.whole())
		default:
			select {
			case <-changed:
			case <-r.Context().Done():
				return nil
			}
		}
	}
	return nil
}
