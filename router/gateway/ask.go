package gateway

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
	"github.com/ringside-go/ringside/router/internal/lookup"
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
type asker struct {
	client *http.Client // for what anybody may hear
	tokens *http.Client // for requests with tokens
}

func newAsker(r reach, table *lookup.Table) *asker {
	client := func(check func(net.Conn) error) *http.Client {
		return &http.Client{
			Transport: &http.Transport{
				DialContext: func(ctx context.Context, _, addr string) (net.Conn, error) {
					name, _, err := net.SplitHostPort(addr)
					if err != nil {
						return nil, err
					}
					m, ok := table.Fleet().View.Find(membership.ServerName(name))
					if !ok {
						return nil, fmt.Errorf("server %s is not in the fleet", name)
					}
					conn, err := r.dial(ctx, m)
					if err != nil {
						return nil, err
					}
					if err := check(conn); err != nil {
						_ = conn.Close()
						return nil, fmt.Errorf("server %s at %s is not sent a token: %w", name, conn.RemoteAddr(), err)
					}
					return conn, nil
				},
				MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second,
			},
			// A member's address is known from gossip. Where a redirect leads is not.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
	}
	return &asker{client: client(func(net.Conn) error { return nil }), tokens: client(r.mayHear)}
}

// request is one for m. In place of an address it has m's name, so a connection is only used again for the server whose name
// it has proved.
func request(ctx context.Context, method string, m membership.Member, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.Inside()+path, body)
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", m.Name, err)
	}
	req.Host, req.URL.Scheme, req.URL.Host = req.URL.Host, "http", string(m.Name) // reach.dial does TLS
	return req, nil
}

// get reads m's JSON answer to a GET of path into v. It blocks for askTimeout at most.
func (a *asker) get(ctx context.Context, m membership.Member, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := request(ctx, http.MethodGet, m, path, nil)
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
func (a *asker) close() {
	a.client.CloseIdleConnections()
	a.tokens.CloseIdleConnections()
}

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
