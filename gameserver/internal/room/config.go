package room

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/ringside-go/ringside/internal/obs"
)

// What Start and the Queue methods answer.
var (
	// ErrFull: a room's inbox took nothing more of this client, or no more joins, before the next tick.
	ErrFull = errors.New("queue is full")
	// ErrStopped: the room has ended, or the pool has stopped, or the occupant has left.
	ErrStopped = errors.New("room has stopped")
	// ErrOverloaded: no tick worker has time for another room. See Config.MaxBusy.
	ErrOverloaded = errors.New("tick workers are overloaded")
)

// Config of a Pool.
type Config struct {
	// Workers is the number of tick workers; 0 means GOMAXPROCS.
	Workers int
	// MaxBusy is the share of its time, 0 to 1, up to which a worker takes new rooms in any case. Above it, and up to mostBusy, it takes
	// one only while its ticks begin on time. The rest absorbs garbage collection, other goroutines and matches that become busier.
	MaxBusy float64
	// IdleTimeout is how long a room runs with no seat taken and no spectator.
	IdleTimeout time.Duration
	// UnplayedTimeout is the same for a room in which nobody has played yet: no seat has sent an input or a custom message
	// to its game. So rooms that are made and left cost little. It is longer than a client needs to follow a redirect to
	// the room, which is 4 s at most: 2 s to connect and 2 s for the upgrade.
	UnplayedTimeout time.Duration
	// Checks makes every room send a proto.Check once a second.
	Checks bool
	// Bans is who may not play; nil: everybody may.
	Bans Bans
	// Results is where outcomes go before players hear them; nil: there is no results store.
	Results Results
	// Durable: what Pool.Spooled names outlives this process.
	Durable bool
	// Flush sends what ticks queued for standbys. A worker calls it when it has ticked the rooms that were due, and at
	// least every maxUnflushed. It must not block. nil: nothing.
	Flush func()
	// Stalled is called by a worker that did not run for gap, which is stallTime or more: the process was paused, or a tick
	// took that long. Another server may lead its rooms by now, so the worker has suspended them for ReasonPaused. It must
	// not block. nil: pauses are ignored.
	Stalled func(gap time.Duration)
	// KernelTimers has workers sleep by timers of the kernel where there are any (Linux): their passes begin on time to a
	// tenth of a millisecond, and not to one. It is not for a bubble of testing/synctest.
	KernelTimers bool
	NoWatchdog   bool // a room that hangs in its game holds its worker; for simulations
	// Hung is told of each room that hangs in its game, once it has ended. It is called by the watchdog and must not block. nil:
	// nobody.
	Hung func(Hang)
	// WallClock tells the time of day, which may be set at any moment; only it goes on while a virtual machine is paused.
	// nil: the machine's.
	WallClock func() time.Time
	Logger    *slog.Logger
	Metrics   *obs.Metrics
}

// DefaultConfig has metrics that are not registered anywhere and logs to slog's default logger.
func DefaultConfig() Config {
	return Config{
		MaxBusy:         0.8,
		IdleTimeout:     60 * time.Second,
		UnplayedTimeout: 5 * time.Second,
		Logger:          slog.Default(),
		Metrics:         obs.NewMetrics(nil),
	}
}

// Validate says which field is wrong and what is allowed.
func (c Config) Validate() error {
	switch {
	case c.Workers < 0:
		return fmt.Errorf("room: Workers is %d; use 0 for one a core, or more", c.Workers)
	case !(c.MaxBusy > 0 && c.MaxBusy <= 1):
		return fmt.Errorf("room: MaxBusy is %v; use a share above 0 and at most 1", c.MaxBusy)
	case c.IdleTimeout <= 0:
		return fmt.Errorf("room: IdleTimeout is %v; it must be above 0", c.IdleTimeout)
	case c.UnplayedTimeout <= 0:
		return fmt.Errorf("room: UnplayedTimeout is %v; it must be above 0", c.UnplayedTimeout)
	case c.Logger == nil || c.Metrics == nil:
		return errors.New("room: Logger and Metrics must be set; begin with DefaultConfig")
	}
	return nil
}
