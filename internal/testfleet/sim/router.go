package sim

import (
	"context"
	"fmt"

	"github.com/ringside-go/ringside/internal/certs"
	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/gateway"
)

// router is a machine for a router, and its process there.
type router struct {
	name, ip string
	gossip   *membership.Gossip
	stop     context.CancelCauseFunc
	host     *simnet.Host
	ended    chan struct{}
}

func (r *router) addr() string { return r.ip + ":8080" }

// addRouter starts another router.
func (f *fleet) addRouter() {
	f.t.Helper()
	n := len(f.routers)
	r := &router{name: fmt.Sprintf("router-%d", n+1), ip: routerIP(n)}
	f.routers = append(f.routers, r)
	f.startRouter(r)
}

// startRouter starts a router's process, again if there was one.
func (f *fleet) startRouter(r *router) {
	f.t.Helper()
	r.host, r.ended = f.net.Host(r.ip), make(chan struct{})
	listener, err := r.host.Listen(r.addr())
	if err != nil {
		f.t.Fatal(err)
	}
	r.gossip, err = membership.NewGossip(membership.Config{
		Self: membership.Member{Name: membership.ServerName(r.name), Role: membership.Router, State: membership.Serving, URL: "http://" + r.addr()},
		Bind: r.ip + ":7946", Seeds: f.seeds, Key: []byte(clusterKey), Cluster: clusterName, Network: r.host,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c := gateway.DefaultConfig()
	c.Quotas.TicketsPerAddress = 0 // all the players are at one address
	c.Signer, c.Drain, c.Network = ticket.NewSigner(ticket.DevKey()), 0, r.host
	if c.Certs, err = certs.LoadFleet(f.ca, certs.NewID(string(membership.Router), r.name), c.Logger); err != nil {
		f.t.Fatal(err)
	}
	if f.results != nil {
		c.Results = f.results
		if c.Operator, err = ticket.NewOperator(operatorToken, false); err != nil {
			f.t.Fatal(err)
		}
	}
	handler, err := gateway.New(c, r.gossip)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	r.stop = cancel
	go func(gossip *membership.Gossip, ended chan struct{}) {
		defer close(ended)
		if err := handler.Run(ctx, listener, nil, gossip); err != nil && context.Cause(ctx) != membership.ErrKilled {
			f.t.Errorf("%s: %v", r.name, err)
		}
	}(r.gossip, r.ended)
}

// crashRouter kills a router's process.
func (f *fleet) crashRouter(r *router) {
	f.history.note("%s crashes", r.name)
	r.host.Crash()
	r.stop(membership.ErrKilled)
	<-r.ended
}

// routerIPs are the addresses of all routers.
func (f *fleet) routerIPs() (ips []string) {
	for _, r := range f.routers {
		ips = append(ips, r.ip)
	}
	return ips
}
