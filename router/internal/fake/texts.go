package fake

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"sync"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
)

// Texts is a network.Network of game servers whose answers are texts. It works in a bubble of testing/synctest.
type Texts struct {
	network.Network // nil: nobody listens

	mu      sync.Mutex
	answers map[string]string // JSON by server name and path, as game-1/v1/server; none: connections are closed
	asked   map[string]int    // by the same
}

// NewTexts makes Texts without servers.
func NewTexts() *Texts { return &Texts{answers: map[string]string{}, asked: map[string]int{}} }

// Servers gives members with those names, which answer {} to requests for summaries and details until told otherwise.
func (s *Texts) Servers(names ...membership.ServerName) (all []membership.Member) {
	for _, name := range names {
		s.Answer(string(name), "/v1/server", "{}")
		s.Answer(string(name), "/v1/server/details", "{}")
		all = append(all, membership.Member{Name: name, Role: membership.GameServer, State: membership.Serving, URL: "http://" + string(name)})
	}
	return all
}

// Answer sets what a server answers to a path; "": it closes the connection.
func (s *Texts) Answer(server, path, text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answers[server+path] = text
}

// DialContext connects to a server by its name.
func (s *Texts) DialContext(_ context.Context, addr string) (net.Conn, error) {
	server, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	client, conn := net.Pipe()
	go s.serve(server, conn)
	return client, nil
}

// serve answers until the connection ends, or the server refuses.
func (s *Texts) serve(server string, conn net.Conn) {
	defer conn.Close()
	for requests := bufio.NewReader(conn); ; {
		r, err := http.ReadRequest(requests)
		if err != nil {
			return
		}
		s.mu.Lock()
		s.asked[server+r.URL.Path]++
		answer := s.answers[server+r.URL.Path]
		s.mu.Unlock()
		if answer == "" {
			return
		}
		if _, err := fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(answer), answer); err != nil {
			return
		}
	}
}

// Requests gives how often a server was asked for a path since the last call.
func (s *Texts) Requests(server, path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := s.asked[server+path]
	s.asked[server+path] = 0
	return n
}
