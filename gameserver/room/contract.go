package room

// CONTRACT STUB: owned by the room helper, who replaces this file by real ones with these signatures.

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/ringside-go/ringside/gameserver/game"
	"github.com/ringside-go/ringside/internal/obs"
	"github.com/ringside-go/ringside/proto"
)

// Client is the sending side of one client's connection, as a room uses it; session.Conn has these methods. The room's tick calls them; none
// blocks. The slices are copied before the call returns. Each call makes one WebSocket message of own followed by shared.
type Client interface {
	// QueueFrame queues a tick's frame. false: the outbox is over its bound and the frame was dropped; what was pending of
	// state was dropped too, so the client needs a keyframe next.
	QueueFrame(own, shared []byte) bool
	// QueueKeyframe queues a keyframe's message, but only into a drained outbox; false: not yet, try at the next tick.
	QueueKeyframe(own, shared []byte) bool
	// QueueEvent queues records that must arrive (outcome, moved, custom, error). false: it is closed or closing.
	QueueEvent(records []byte) bool
	// Flush tries to write all that is queued with one system call and without waiting.
	Flush()
	// Close sends an error record with code and text (if they say anything the client needs), the close frame, and closes. Does not block.
	Close(code proto.CloseCode, text string)
}

var (
	ErrFull       = errors.New("queue is full")    // of an inbox
	ErrStopped    = errors.New("room has stopped") // it ended, or the pool did
	ErrOverloaded = errors.New("tick workers are overloaded")
)

// Config of a Pool.
type Config struct {
	Workers     int           // 0: GOMAXPROCS
	MaxBusy     float64       // share of a worker's time above which it refuses new rooms; 0.8
	IdleTimeout time.Duration // a room without any seat taken or client connected ends after this; 60 s
	Checks      bool          // send proto.Check once a second
	Logger      *slog.Logger
	Metrics     *obs.Metrics
}

func DefaultConfig() Config      { panic("stub") }
func (c Config) Validate() error { panic("stub") }

// Pool is the tick workers and the rooms on them.
type Pool struct{}

func NewPool(c Config) (*Pool, error)         { panic("stub") }
func (p *Pool) Run(ctx context.Context) error { panic("stub") } // owns the workers; stops all rooms with CloseStopping when ctx ends
func (p *Pool) Busy() float64                 { panic("stub") } // of the busiest worker, smoothed
func (p *Pool) Start(s Spec) (*Room, error)   { panic("stub") } // ErrOverloaded, ErrStopped

// Spec is a room to be ticked. Sim was made by game.New or game.Rebuild; the room owns it from here on.
type Spec struct {
	ID        proto.RoomID
	Game      proto.GameName
	Sim       *game.Simulation
	Epoch     proto.Epoch     // Epoch.Server is the leader's name, sent in the welcome
	Fallbacks func() []string // URLs for the welcome; called from the room's loop, must not block
	Ended     func(r *Room)   // called once, from the room's loop, when the room has ended for whatever reason; must not block
}

// Room is one running room, as others see it. Its methods may be called from any goroutine and do not block.
type Room struct{}

type Join struct {
	Client    Client
	Player    proto.PlayerID
	Name      string
	Spectator bool
	Resume    []byte // when not empty: only take up the seat with this token (CloseSeat if there is none)
}

// QueueJoin asks for a seat (or a place to watch). The answer, at the next tick, is a welcome and a keyframe to the client or a Close.
func (r *Room) QueueJoin(j Join) (*Occupant, error)               { panic("stub") }
func (r *Room) QueueStop(code proto.CloseCode, text string) error { panic("stub") } // ends the room
func (r *Room) Info() Info                                        { panic("stub") } // a snapshot of a recent tick

type Info struct {
	ID         proto.RoomID
	Game       proto.GameName
	Epoch      proto.Epoch
	Tick       proto.Tick
	TickRate   int
	Seats      int
	Players    int // seats taken
	Connected  int
	Spectators int
	Late       uint64
	Match      uint32
	Created    time.Time
}

// Occupant is a client in a room: where its session puts what it reads. Safe for its connection's goroutine.
type Occupant struct{}

func (o *Occupant) QueueInput(in proto.Input) error  { panic("stub") }
func (o *Occupant) QueueCustom(payload []byte) error { panic("stub") }
func (o *Occupant) QueueLeave()                      { panic("stub") } // gives the seat up
func (o *Occupant) QueueLost()                       { panic("stub") } // the connection is gone; the seat is kept
