package sim

import (
	"context"
	"fmt"

	"github.com/ringside-go/ringside/internal/membership"
	"github.com/ringside-go/ringside/internal/network/simnet"
	"github.com/ringside-go/ringside/internal/ticket"
	"github.com/ringside-go/ringside/router/front"
)

// router is a router's process.
type router struct {
	name, ip string
	host     *simnet.Host
	gossip   *membership.Gossip
	stop     context.CancelFunc
	ended    chan struct{}
}

func (r *router) addr() string { return r.ip + ":8080" }

// addRouter starts another router.
func (f *fleet) addRouter() {
	f.t.Helper()
	n := len(f.routers)
	r := &router{name: fmt.Sprintf("router-%d", n+1), ip: routerIP(n), ended: make(chan struct{})}
	r.host = f.net.Host(r.ip)
	listener, err := r.host.Listen(r.addr())
	if err != nil {
		f.t.Fatal(err)
	}
	r.gossip, err = membership.NewGossip(membership.Config{
		Self: membership.Member{Name: membership.ServerName(r.name), Role: membership.Router, State: membership.Serving, URL: "http://" + r.addr()},
		Bind: r.ip + ":7946", Seeds: seedAddrs, Key: []byte(clusterKey), Cluster: clusterName, Network: r.host,
	})
	if err != nil {
		f.t.Fatal(err)
	}
	c := front.DefaultConfig()
	c.Signer, c.Drain = ticket.NewSigner(ticket.DevKey()), 0
	handler, err := front.New(c, r.gossip)
	if err != nil {
		f.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	r.stop = cancel
	go func() {
		defer close(r.ended)
		if err := handler.Run(ctx, listener, r.gossip); err != nil {
			f.t.Errorf("%s: %v", r.name, err)
		}
	}()
	f.routers = append(f.routers, r)
}

// routerIPs are the addresses of all routers.
func (f *fleet) routerIPs() (ips []string) {
	for _, r := range f.routers {
		ips = append(ips, r.ip)
	}
	return ips
}
