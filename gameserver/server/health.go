package server

import (
	"errors"
	"fmt"
	"math"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/obs"
)

// memoryShare is the share of GOMEMLIMIT from which on livez shows it.
const memoryShare = 0.95

// lost notes that a goroutine is lost to a game that does not return. It may burn a core until the process ends, so Go gets one
// more thread for the others. tendLost has the rooms moved. It does not block.
func (n *Server) lost() {
	runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + 1)
	n.hung.Add(1)
}

// tendLost drains this server once goroutines are lost, if another one can take its rooms. If there is none, the rooms go on here
// with what is left. An operator may take the drain back; the next loss drains again.
func (n *Server) tendLost() {
	lost := n.hung.Load()
	view := n.gossip.View()
	if lost == n.drainedFor || view.Self.State != membership.Serving {
		return
	}
	for _, m := range view.Members {
		if m.Role == membership.GameServer && m.State == membership.Serving && m.Name != view.Self.Name && m.Standing == membership.HasQuorum {
			n.config.Logger.Error("goroutines of this server hang in games: it drains; restart it when its rooms are gone", "lost", lost)
			n.drainedFor = lost
			n.Drain()
			return
		}
	}
}

// stuck reports a loop of this process that does not run any more.
func (n *Server) stuck() error {
	return errors.Join(n.pool.Check(), n.registry.Check(), n.gossip.Check())
}

// getLive says whether this process is better ended: a loop of it is stuck, or goroutines are lost to games and no room is left
// here. With lost goroutines and rooms it lives on, since the rooms do. Lines behind the first one tell what is not as it should be.
func (n *Server) getLive(w http.ResponseWriter, _ *http.Request) {
	lost := n.hung.Load()
	err := n.stuck()
	if lost > 0 && n.registry.Running() == 0 {
		err = errors.Join(err, fmt.Errorf("lost goroutines: %d hang in games, and no room is left here", lost))
	}
	if err != nil {
		obs.Problem(w, http.StatusServiceUnavailable, err.Error()+"; restart this process")
		return
	}
	fmt.Fprintln(w, "ok")
	if lost > 0 {
		fmt.Fprintf(w, "lost goroutines: %d hang in games; the server's log has the rooms\n", lost)
	}
	if used, limit := memoryInUse(), debug.SetMemoryLimit(-1); limit < math.MaxInt64 && float64(used) > memoryShare*float64(limit) {
		fmt.Fprintf(w, "memory: %d MiB of the memory limit of %d MiB are used; Go collects garbage all the time\n", used>>20, limit>>20)
	}
	if f, err := os.Open(os.DevNull); errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		fmt.Fprintf(w, "file descriptors: none is free (%v), so no client can connect; raise the limit (ulimit -n)\n", err)
	} else if err == nil {
		f.Close()
	}
	if n.results != nil {
		if late := n.results.lateness(); late != "" {
			fmt.Fprintln(w, late)
		}
	}
	if log := obs.StateOfLog(n.config.Logger); log.IsBlocked() {
		fmt.Fprintf(w, "the log is not read: a write has not returned for %v; %d lines were dropped\n", log.Blocked.Round(time.Second), log.Dropped)
	}
}
