package session

// CONTRACT STUB: owned by the session helper, who replaces this file by real ones with these signatures.

import (
	"context"
	"log/slog"
	"net/http"

	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Door lets clients in; the node implements it over registry and room.
type Door interface {
	// Enter is called on the connection's goroutine after a valid hello and may block (ctx ends with the connection). A *proto.Refusal
	// is sent to the client and closes it; other errors close it with CloseInternal.
	Enter(ctx context.Context, room proto.RoomID, hello proto.Hello, c *Conn) (Occupant, error)
}

// Occupant is the room's side of an entered client; *room.Occupant has these methods.
type Occupant interface {
	QueueInput(in proto.Input) error // an error is a *proto.Refusal or closes with CloseRate
	QueueCustom(payload []byte) error
	QueueLeave()
	QueueLost()
}

type Config struct {
	MaxConnections int      // all, hello said or not; beyond: 503
	MaxUnentered   int      // connections that have not said hello yet; beyond: 503
	Origins        []string // allowed Origin hosts; empty: any (tokens, not cookies, authenticate)
	OutboxBytes    int      // bound of one outbox; 64 KiB
	Logger         *slog.Logger
	Metrics        *obs.Metrics
}

func DefaultConfig() Config      { panic("stub") }
func (c Config) Validate() error { panic("stub") }

// Server accepts WebSocket connections: it is the handler of GET /v1/rooms/{room}/connect.
type Server struct{}

func New(c Config, d Door) (*Server, error)                        { panic("stub") }
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { panic("stub") }
func (s *Server) Run(ctx context.Context) error                    { panic("stub") } // when ctx ends: closes what is left with CloseStopping and waits for all goroutines
func (s *Server) Connections() int                                 { panic("stub") }

// Conn is one client's connection; its Queue methods, Flush and Close are room.Client.
type Conn struct{}

func (c *Conn) QueueFrame(own, shared []byte) bool      { panic("stub") }
func (c *Conn) QueueKeyframe(own, shared []byte) bool   { panic("stub") }
func (c *Conn) QueueEvent(records []byte) bool          { panic("stub") }
func (c *Conn) Flush()                                  { panic("stub") }
func (c *Conn) Close(code proto.CloseCode, text string) { panic("stub") }
