package front

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
)

const (
	// askTimeout bounds the wait for one server. Servers answer from memory, so one that needs longer counts as unreachable.
	askTimeout = 500 * time.Millisecond
	// askWidth is how many servers are asked at once.
	askWidth = 64
	// maxAnswer bounds a server's answer in bytes. The largest is a page of rooms, of about 300 bytes each.
	maxAnswer = 1 << 20
)

// errNotFound says that a server answered 404.
var errNotFound = errors.New("not found")

// asker asks game servers at their internal addresses.
type asker struct{ client *http.Client }

func newAsker(n network.Network) *asker {
	dial := network.Or(n).DialContext
	return &asker{client: &http.Client{
		Transport: &http.Transport{
			DialContext:         func(ctx context.Context, _, addr string) (net.Conn, error) { return dial(ctx, addr) },
			MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second,
		},
		// A member's address is known from gossip. Where a redirect leads is not.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// get reads m's JSON answer to a GET of path into v. It blocks for askTimeout at most.
func (a *asker) get(ctx context.Context, m membership.Member, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.Inside()+path, nil)
	if err != nil {
		return err
	}
	resp, err := a.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w", req.URL, errNotFound)
	default:
		return fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxAnswer)).Decode(v); err != nil {
		return fmt.Errorf("%s: %w", req.URL, err)
	}
	return nil
}

// close gives idle connections back.
func (a *asker) close() { a.client.CloseIdleConnections() }

// forEach calls f for each of the indices below n, askWidth of them at once, and waits for all.
func forEach(n int, f func(i int)) {
	var group errgroup.Group
	group.SetLimit(askWidth)
	for i := range n {
		group.Go(func() error {
			f(i)
			return nil
		})
	}
	_ = group.Wait()
}

// gameServers gives the game servers of a view, draining ones too.
func gameServers(view *membership.View) (all []membership.Member) {
	for _, m := range view.Members {
		if m.Role == membership.GameServer {
			all = append(all, m)
		}
	}
	return all
}
