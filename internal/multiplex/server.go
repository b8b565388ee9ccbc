package multiplex

import (
	"context"
	"errors"
	"net"
	"net/http"
	"sync"

	"github.com/ringside-go/ringside/internal/network"
)

// backlog is how many streams a Server holds that nobody has accepted yet. Those beyond it are closed.
const backlog = 1024

// Server takes links and is the listener of their streams. It is the handler of Path.
type Server struct {
	addr    net.Addr
	taken   func(*http.Request) // called for each request whose connection was taken over
	refused func()              // called for each stream that is closed because backlog others wait
	streams chan net.Conn
	done    chan struct{}
	cutOff  context.Context // ends links at once
	cut     context.CancelFunc

	mu      sync.Mutex
	links   map[*Link]struct{} // nil: no more
	running sync.WaitGroup     // one for each link
}

// NewServer makes a Server behind the listener of addr. It calls taken for each request that became a link, and refused for each stream
// that it closes because too many wait for Accept.
func NewServer(addr net.Addr, taken func(*http.Request), refused func()) *Server {
	s := &Server{addr: addr, taken: taken, refused: refused, streams: make(chan net.Conn, backlog), done: make(chan struct{}), links: map[*Link]struct{}{}}
	s.cutOff, s.cut = context.WithCancel(context.Background())
	return s
}

// ServeHTTP takes a link.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	conn, pending, err := Take(w, r)
	if err != nil {
		return
	}
	s.taken(r)
	l := New(conn, s.accept)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.links == nil {
		_ = conn.Close()
		return
	}
	s.links[l] = struct{}{}
	s.running.Go(func() {
		l.Run(s.cutOff, network.Raw(conn), pending)
		s.mu.Lock()
		defer s.mu.Unlock()
		delete(s.links, l)
	})
}

func (s *Server) accept(stream *Stream) {
	select {
	case s.streams <- stream:
	default:
		_ = stream.Close()
		s.refused()
	}
}

// Accept implements net.Listener.
func (s *Server) Accept() (net.Conn, error) {
	select {
	case c := <-s.streams:
		return c, nil
	case <-s.done:
		return nil, net.ErrClosed
	}
}

// Close implements net.Listener. Links go on until Run ends.
func (s *Server) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	select {
	case <-s.done:
	default:
		close(s.done)
	}
	return nil
}

// Addr implements net.Listener.
func (s *Server) Addr() net.Addr { return s.addr }

// Run waits for ctx to end, then closes all links and waits for them. They are cut off if killed is ctx's cause.
func (s *Server) Run(ctx context.Context, killed error) error {
	<-ctx.Done()
	defer s.cut()
	s.mu.Lock()
	left := s.links
	s.links = nil
	s.mu.Unlock()
	for l := range left {
		if errors.Is(context.Cause(ctx), killed) {
			s.cut()
		} else {
			l.Close()
		}
	}
	s.running.Wait()
	return nil
}
