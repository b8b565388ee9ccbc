package gateway

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/router/internal/access"
	"github.com/ringside-go/ringside/router/internal/api"
)

// shutdownTimeout bounds the wait for requests that are being answered when the drain is over. None takes longer.
const shutdownTimeout = 5 * time.Second

// publicListener limits the connections of the public listener, and ends their TLS.
func (g *Gateway) publicListener(l net.Listener) net.Listener {
	l = g.gate.Listener(l)
	if g.config.TLS != nil {
		l = network.TLSListener(l, g.config.TLS)
	}
	return l
}

// internalListener takes the certificates of game servers that show one.
func (g *Gateway) internalListener(l net.Listener) net.Listener {
	if g.config.Certs != nil {
		l = g.config.Certs.Listener(l)
	}
	return g.gate.Internal(l)
}

func (g *Gateway) publicServer() *http.Server { return g.newServer(g) }

// internalServer marks its requests as internal, and tells them their connection.
func (g *Gateway) internalServer() *http.Server {
	s := g.newServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.ServeHTTP(w, api.MarkInternal(r)) }))
	attached := s.ConnContext
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context { return access.WithConn(attached(ctx, c), c) }
	return s
}

func (g *Gateway) newServer(h http.Handler) *http.Server {
	s := &http.Server{
		Handler:           h,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second, // bodies have at most maxBody bytes
		WriteTimeout:      15 * time.Second, // past matchWait and adminTimeout; a tunnel and a stream have their own deadlines
		IdleTimeout:       15 * time.Second, // a browser loads a page's files over one connection; who waits longer opens another
		MaxHeaderBytes:    16 << 10,
		ErrorLog:          slog.NewLogLogger(g.config.Logger.Handler(), slog.LevelDebug),
	}
	g.gate.Attach(s)
	return s
}

// serve answers on l until the server is shut down.
func serve(s *http.Server, l net.Listener) error {
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("HTTP server at %s ended: %w", l.Addr(), err)
	}
	return nil
}

// finish takes no more requests and waits for those that are being answered; false when they take too long.
func finish(server *http.Server) bool {
	ctx, cancel := context.WithTimeout(context.Background(), shutdownTimeout)
	defer cancel()
	return server.Shutdown(ctx) == nil
}
