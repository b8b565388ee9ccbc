// Package session is one client's connection: it accepts the WebSocket, reads hello and inputs, and sends what a room
// queues without ever waiting for the client. It knows no rooms: Admission lets a client in and
// returns its Occupant.
// DESIGN.md beside this file tells of its goroutines, queues and invariants.
package session

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/ringside-go/ringside/internal/edge"
	"github.com/ringside-go/ringside/proto"
)

// Admission lets clients into rooms. Package server implements it over registry and room.
type Admission interface {
	// Enter is called on the connection's goroutine after a hello. Its Versions are those that client and server both
	// speak: what is sent to c is of the newest of them. It may block for as long as
	// ctx lasts, which ends when the connection is closed from here; that the client went away is noticed after Enter
	// only. hello is c's to keep. A *proto.Refusal is sent to the client and closes it; other errors close it with
	// CloseInternal. Once Enter returned an occupant, its QueueLeave or QueueLost is called exactly once, for which c must
	// be closed or polled (Conn.Poll) from then on.
	Enter(ctx context.Context, room proto.RoomID, hello proto.Hello, c *Conn) (Occupant, error)
}

// Occupant is the room's side of an entered client; *room.Occupant has these methods. They are called from the
// connection's goroutine or from Conn.Poll, must not block, and must copy what they keep of their arguments.
type Occupant interface {
	// QueueInput takes an input that arrived at the time given, over a connection with that round trip. An error is a *proto.Refusal or closes with CloseRate.
	QueueInput(in proto.Input, arrived time.Time, roundTrip time.Duration) error
	QueueCustom(payload []byte) error
	QueueLeave()
	QueueLost()
}

// Server accepts WebSocket connections: it is the handler of GET /v1/rooms/{room}/connect.
type Server struct {
	config    Config
	versions  proto.Versions // of the protocol; proto.Spoken but in tests
	admission Admission
	buffers   sync.Pool      // *buffer, for the outboxes
	incoming  sync.Pool      // *incoming, for Poll
	wait      sync.WaitGroup // for the connections and their goroutines

	mu       sync.Mutex
	conns    map[*Conn]struct{}
	stopping bool
}

// New builds a Server that asks a to let clients in. Run must be running while it serves.
func New(c Config, a Admission) (*Server, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	if c.Gate == nil {
		return nil, errors.New("session: there is no Gate")
	}
	for _, code := range proto.CloseCodes {
		c.Metrics.Closed.WithLabelValues(code.Name) // 0 from the start
	}
	c.Metrics.Closed.WithLabelValues(otherCode)
	return &Server{
		config:    c,
		versions:  proto.Spoken(),
		admission: a,
		buffers:   sync.Pool{New: newBuffer},
		incoming:  sync.Pool{New: newIncoming},
		conns:     make(map[*Conn]struct{}),
	}, nil
}

// Run waits for ctx to end, refuses new connections from then on, closes all others with CloseStopping and returns when
// their goroutines are gone, which takes at most lingerTimeout and what Admission.Enter takes to notice.
func (s *Server) Run(ctx context.Context) error {
	<-ctx.Done()
	s.mu.Lock()
	s.stopping = true
	left := make([]*Conn, 0, len(s.conns))
	for c := range s.conns {
		left = append(left, c)
	}
	s.mu.Unlock()
	for _, c := range left {
		c.Close(proto.CloseStopping, "")
	}
	s.wait.Wait()
	return nil
}

// Connections is how many client connections are open, entered or not.
func (s *Server) Connections() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.conns)
}

// admit begins a connection, or says why there cannot be one.
func (s *Server) admit(r *http.Request) (place *edge.Place, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopping {
		return nil, errors.New("this server is stopping; ask the router where the room is")
	}
	if place, err = s.config.Gate.Upgrade(r); err == nil {
		s.wait.Add(1)
	}
	return place, err
}

// opened notes an admitted connection whose handshake is done.
func (s *Server) opened(c *Conn) {
	s.mu.Lock()
	s.conns[c] = struct{}{}
	stopping := s.stopping
	s.mu.Unlock()
	s.config.Metrics.Connections.Inc()
	if stopping { // Run has not seen it
		c.Close(proto.CloseStopping, "")
	}
}

// release gives the place of an admitted connection back.
func (s *Server) release(c *Conn) {
	defer s.wait.Done()
	c.place.Release()
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.conns[c]; ok {
		delete(s.conns, c)
		s.config.Metrics.Connections.Dec()
	}
}
