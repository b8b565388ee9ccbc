package servers

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
	// AskTimeout bounds the wait for one server. Servers answer from memory, so one that needs longer counts as unreachable.
	AskTimeout = 500 * time.Millisecond
	// askWidth is how many servers are asked at once.
	askWidth = 64
	// MaxAnswer bounds a server's answer in bytes. The largest is a page of rooms, of about 300 bytes each.
	MaxAnswer = 1 << 20
)

// ErrNotFound says that a server answered 404.
var ErrNotFound = errors.New("not found")

// Client asks game servers at their internal addresses.
type Client struct {
	table  *lookup.Table
	client *http.Client // for what anybody may hear
	tokens *http.Client // for requests with tokens
}

// NewClient makes a Client of the servers in table's view.
func NewClient(d Dialer, table *lookup.Table) *Client {
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
					conn, err := d.Dial(ctx, m)
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
	return &Client{table: table, client: client(func(net.Conn) error { return nil }), tokens: client(d.MayHear)}
}

// NewRequest makes one for m. In place of an address it has m's name, so a connection is only used again for the server whose name
// it has proved.
func NewRequest(ctx context.Context, method string, m membership.Member, path string, body io.Reader) (*http.Request, error) {
	req, err := http.NewRequestWithContext(ctx, method, m.Inside()+path, body)
	if err != nil {
		return nil, fmt.Errorf("server %s: %w", m.Name, err)
	}
	req.Host, req.URL.Scheme, req.URL.Host = req.URL.Host, "http", string(m.Name) // Dialer.Dial does TLS
	return req, nil
}

// Get reads m's JSON answer to a GET of path into v. It blocks for AskTimeout at most.
func (c *Client) Get(ctx context.Context, m membership.Member, path string, v any) error {
	ctx, cancel := context.WithTimeout(ctx, AskTimeout)
	defer cancel()
	req, err := NewRequest(ctx, http.MethodGet, m, path, nil)
	if err != nil {
		return err
	}
	resp, err := c.client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound:
		return fmt.Errorf("%s: %w", req.URL, ErrNotFound)
	default:
		return fmt.Errorf("%s answered %s", req.URL, resp.Status)
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, MaxAnswer)).Decode(v); err != nil {
		return fmt.Errorf("%s: %w", req.URL, err)
	}
	return nil
}

// Do sends a request of NewRequest.
func (c *Client) Do(req *http.Request) (*http.Response, error) { return c.client.Do(req) }

// DoSecret sends one with a token in it, to a server that has proved its name or is on this machine.
func (c *Client) DoSecret(req *http.Request) (*http.Response, error) { return c.tokens.Do(req) }

// Close gives idle connections back.
func (c *Client) Close() {
	c.client.CloseIdleConnections()
	c.tokens.CloseIdleConnections()
}

// ForEach calls f for each of the indices below n, askWidth of them at once, and waits for all.
func ForEach(n int, f func(i int)) {
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

// In gives the game servers of a view, draining ones too.
func In(view *membership.View) (all []membership.Member) {
	for _, m := range view.Members {
		if m.Role == membership.GameServer {
			all = append(all, m)
		}
	}
	return all
}
