package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ringside-go/ringside/deploy/internal/fleet"
)

const (
	// balancerPoll is how often a balancer asks the routers whether they are ready, as Kubernetes does: so long may pass
	// before it sends no more clients to one that ends.
	balancerPoll = time.Second
	// balancerPatience is how long a client may wait there while no router is ready.
	balancerPatience = 5 * time.Second
)

// balancer stands before the routers of a fleet under test, as a Service does: each connection goes to the next router
// that was found ready. close ends it, with all its connections.
type balancer struct {
	listener net.Listener
	routers  []*backend
	next     atomic.Uint32
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup
}

type backend struct {
	address string
	ready   atomic.Bool
}

func newBalancer(addresses []string) (*balancer, error) {
	l, err := net.Listen("tcp", fleet.Loopback(0))
	if err != nil {
		return nil, err
	}
	b := &balancer{listener: l}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	for _, a := range addresses {
		r := &backend{address: a}
		b.routers = append(b.routers, r)
		b.running.Go(func() { b.watch(r) })
	}
	b.running.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			b.running.Go(func() { b.pass(client) })
		}
	})
	return b, nil
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// watch keeps r.ready.
func (b *balancer) watch(r *backend) {
	client := http.Client{Timeout: balancerPoll, Transport: &http.Transport{DisableKeepAlives: true}}
	for {
		resp, err := client.Get("http://" + r.address + "/readyz")
		r.ready.Store(err == nil && resp.StatusCode == http.StatusOK)
		if err == nil {
			resp.Body.Close()
		}
		if pauseFor(b.ctx, balancerPoll) != nil {
			return
		}
	}
}

// pass carries one client's connection to a router.
func (b *balancer) pass(client net.Conn) {
	defer client.Close()
	router := b.dial()
	if router == nil {
		return
	}
	defer router.Close()
	defer context.AfterFunc(b.ctx, func() {
		client.Close()
		router.Close()
	})()
	var both sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, router}, {router, client}} {
		both.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].(*net.TCPConn).CloseWrite()
		})
	}
	both.Wait()
}

// dial connects to the next router that is ready; nil: there is none.
func (b *balancer) dial() net.Conn {
	for end := time.Now().Add(balancerPatience); time.Now().Before(end) && b.ctx.Err() == nil; _ = pauseFor(b.ctx, balancerPoll/10) {
		for range b.routers {
			r := b.routers[int(b.next.Add(1))%len(b.routers)]
			if !r.ready.Load() {
				continue
			}
			if conn, err := net.Dial("tcp", r.address); err == nil {
				return conn
			}
		}
	}
	return nil
}

func (b *balancer) close() {
	b.cancel()
	b.listener.Close()
	b.running.Wait()
}
