package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"hash/fnv"
	"net"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/ringside-go/ringside/gameserver/internal/delivery"
	"github.com/ringside-go/ringside/gameserver/internal/spool"
	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network"
	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

const (
	// deliverTimeout is how long a server that stops goes on to deliver what its last rooms have decided. It is below stopTimeout.
	deliverTimeout = 4 * time.Second
	// deliverPoll is how often it looks whether all is delivered.
	deliverPoll = 10 * time.Millisecond
	// routerDial bounds connecting to a router, TLS included.
	routerDial = 2 * time.Second
	// routerIdle is below the time after which routers close idle connections.
	routerIdle = 10 * time.Second
	// lateOutcome is the age from which on livez shows that outcomes wait.
	lateOutcome = 10 * time.Second
)

// results brings outcomes to the results store that routers have.
type results struct {
	*delivery.Client
	spool *spool.Spool
	http  *http.Client
}

// newResults opens the spool. The pool is there before anything is queued.
func (n *Server) newResults() (*results, error) {
	c := n.config
	r := &results{http: &http.Client{
		Transport:     &routerTransport{n: n, base: &http.Transport{DialContext: n.dialRouter, MaxIdleConnsPerHost: 2, IdleConnTimeout: routerIdle}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	s := spool.DefaultConfig()
	s.Logger = c.Logger
	s.Durable = func(ids []outcome.ID) {
		n.pool.Spooled(ids)
		r.Wake(ids)
	}
	if c.Results.Data == "" {
		r.spool = spool.InMemory(s)
	} else {
		var err error
		if r.spool, err = spool.Open(c.Results.Data, s); err != nil {
			return nil, fmt.Errorf("server: -data: %w", err)
		}
		if state := r.spool.State(); state.Damaged > 0 {
			c.Logger.Warn("the spool had unreadable bytes, as a power failure or a fault of the disk leaves them; all other outcomes were read", "bytes", state.Damaged)
		}
	}
	r.Client = delivery.New(delivery.Config{
		Spool: r.spool, Routers: n.routers, HTTP: r.http, Logger: c.Logger,
		Decided: func(id outcome.ID, body []byte, a outcome.Answer) {
			n.metrics.Outcomes.WithLabelValues(string(a.Verdict)).Inc()
			if a.Verdict == outcome.Invalid {
				c.Logger.Error("no router can read an outcome; it stays in the spool until one can, and no player hears it: update the routers", "outcome", id,
					"reason", a.Reason, "body", string(body))
			} else if a.Verdict != outcome.Stored {
				c.Logger.Error("the results store does not take an outcome: another leader has decided the match, or leads the room", "outcome", id,
					"verdict", a.Verdict, "body", string(body), "stored", string(a.Stored), "epoch", a.Epoch)
			}
			n.pool.Answered(id, body, a)
		},
	})
	return r, nil
}

// guarantee says at the start what holds for outcomes.
func (n *Server) guarantee() {
	log := n.config.Logger
	switch {
	case n.results == nil:
		log.Info("outcomes are told to players and not kept: there is no results store; -results delivers them to that of the routers")
	case n.config.Results.Data == "":
		log.Warn("outcomes that the results store does not have yet are in the memory of a room's servers only: if all of them end at once, they are lost; -data keeps them on disk")
	default:
		state := n.results.spool.State()
		log.Info("outcomes are kept on disk until the results store has them", "data", n.config.Results.Data, "waiting", state.Waiting)
	}
}

// run delivers until ctx ends, and then what the last rooms have decided.
func (r *results) run(ctx context.Context) error {
	deliver, stopDelivery := context.WithCancel(context.Background())
	write, stopWriting := context.WithCancel(context.Background())
	var delivering, writing sync.WaitGroup
	var err error
	delivering.Go(func() { _ = r.Run(deliver) })
	writing.Go(func() { err = r.spool.Run(write) })
	<-ctx.Done()
	if !errors.Is(context.Cause(ctx), ErrKilled) {
		r.finish()
	}
	stopDelivery()
	delivering.Wait()
	stopWriting()
	writing.Wait()
	r.http.CloseIdleConnections()
	return err
}

// close gives the directory back, where run is never called.
func (r *results) close() {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_ = r.spool.Run(ctx)
}

// finish waits until everything is delivered, for deliverTimeout at most.
func (r *results) finish() {
	tick := time.NewTicker(deliverPoll)
	defer tick.Stop()
	for end := time.Now().Add(deliverTimeout); time.Now().Before(end); <-tick.C {
		if s := r.spool.State(); s.Queued+s.Waiting == 0 {
			return
		}
	}
}

// waiting is how many outcomes the results store does not have, and for how many seconds the oldest has waited.
func (n *Server) waiting() (count int, oldest float64) {
	if n.results == nil {
		return 0, 0
	}
	s := n.results.spool.State()
	return s.Queued + s.Waiting, s.Oldest.Seconds()
}

// measureResults keeps the metrics.
func (n *Server) measureResults() {
	count, oldest := n.waiting()
	n.metrics.OutcomesWaiting.Set(float64(count))
	n.metrics.OutcomesOldest.Set(oldest)
}

// lateness says that outcomes wait, and why; empty: all is well.
func (r *results) lateness() string {
	s := r.spool.State()
	_, err := r.State()
	err = errors.Join(err, s.Err)
	if err == nil && s.Oldest < lateOutcome {
		return ""
	}
	return fmt.Sprintf("results: %d outcomes wait for the results store, the oldest for %v (%v)", s.Queued+s.Waiting, s.Oldest.Round(time.Second), err)
}

// takeover is registry.Config.Takeover.
func (n *Server) takeover(ctx context.Context, epoch proto.Epoch, match uint32) (highest proto.Epoch, ok bool, err error) {
	a, err := n.results.Takeover(ctx, outcome.Takeover{Instance: epoch.Instance, From: match,
		Epoch: outcome.Epoch{Counter: epoch.Counter, Server: epoch.Server}})
	return proto.Epoch{Instance: epoch.Instance, Counter: a.Epoch.Counter, Server: a.Epoch.Server}, a.OK, err
}

// routers gives URLs of the routers, in an order of this server's own so that the servers of a fleet use all of them; those that drain
// come last. A URL has the router's name in place of an address, so that a connection is only used again for the router whose name it
// has proved.
func (n *Server) routers() (urls []string) {
	self := n.config.Name
	type candidate struct {
		membership.Member
		rank uint64
	}
	var list []candidate
	for _, m := range n.gossip.View().Members {
		if m.Role == membership.Router {
			h := fnv.New64a()
			h.Write([]byte(self + "\x00" + string(m.Name)))
			list = append(list, candidate{m, h.Sum64()})
		}
	}
	late := func(m candidate) int {
		if m.State == membership.Serving {
			return 0
		}
		return 1
	}
	slices.SortFunc(list, func(a, b candidate) int {
		return cmp.Or(cmp.Compare(late(a), late(b)), cmp.Compare(a.rank, b.rank))
	})
	for _, m := range list {
		urls = append(urls, "http://"+string(m.Name))
	}
	return urls
}

// errElsewhere says that outcomes were not sent: they name players.
var errElsewhere = errors.New("it is not on this machine, and without certificates its name is not proved; give routers and game servers -fleet-cert")

// dialRouter opens a connection to the router that addr names.
func (n *Server) dialRouter(ctx context.Context, _, addr string) (net.Conn, error) {
	name, _, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	m, ok := n.gossip.View().Find(membership.ServerName(name))
	if !ok || m.Role != membership.Router {
		return nil, fmt.Errorf("router %s is not in the fleet", name)
	}
	if n.certs != nil && m.Port == 0 {
		return nil, fmt.Errorf("router %s has no internal listener; start it with -inside, as fleets with certificates need", name)
	}
	host, err := m.InsideHost()
	if err != nil {
		return nil, fmt.Errorf("router %s: %w", name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, routerDial)
	defer cancel()
	conn, err := network.Or(n.config.Testing.Network).DialContext(ctx, host)
	if err != nil {
		return nil, fmt.Errorf("router %s: %w", name, err)
	}
	if n.certs == nil {
		if !network.Private(n.config.Testing.Network, conn.RemoteAddr()) && !network.SameMachine(conn.RemoteAddr()) {
			_ = conn.Close()
			return nil, fmt.Errorf("router %s at %s is sent no outcomes: %w", name, host, errElsewhere)
		}
		return conn, nil
	}
	secure := tls.Client(conn, n.certs.Config(certs.NewID(string(membership.Router), name)))
	if err := secure.HandshakeContext(ctx); err != nil {
		_ = conn.Close()
		return nil, fmt.Errorf("router %s at %s: %w", name, host, err)
	}
	return secure, nil
}

// routerTransport adds the operators' token, by which a router without certificates knows its game servers, and the Host that the
// router expects.
type routerTransport struct {
	n    *Server
	base *http.Transport
}

func (t *routerTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	if m, ok := t.n.gossip.View().Find(membership.ServerName(r.URL.Hostname())); ok {
		if host, err := m.InsideHost(); err == nil {
			r.Host = host
		}
	}
	t.n.operator.Sign(r)
	return t.base.RoundTrip(r)
}

// CloseIdleConnections makes http.Client.CloseIdleConnections work.
func (t *routerTransport) CloseIdleConnections() { t.base.CloseIdleConnections() }
