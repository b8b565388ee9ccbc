package testfleet

import (
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// balancer stands before the routers as a Service of Kubernetes does: each connection goes to a router, and to none that
// is known to drain.
type balancer struct {
	listener net.Listener
	routers  atomic.Pointer[[]*Router]
	wg       sync.WaitGroup

	mu   sync.Mutex
	over bool
	open map[net.Conn]struct{}
}

func newBalancer(t *testing.T) *balancer {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	b := &balancer{listener: l, open: map[net.Conn]struct{}{}}
	b.routers.Store(new([]*Router))
	b.wg.Go(func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			b.wg.Go(func() { b.pass(client) })
		}
	})
	t.Cleanup(b.close)
	return b
}

func (b *balancer) url() string { return "http://" + b.listener.Addr().String() }

// pick gives the address of the first router that serves.
func (b *balancer) pick() string {
	for _, r := range *b.routers.Load() {
		if r.Serves() {
			return r.URL[len("http://"):]
		}
	}
	return ""
}

func (b *balancer) pass(client net.Conn) {
	defer b.forget(client)
	router, err := net.Dial("tcp", b.pick())
	if err != nil {
		client.Close()
		return
	}
	defer b.forget(router)
	if !b.own(client) || !b.own(router) {
		return
	}
	var wg sync.WaitGroup
	for _, way := range [][2]net.Conn{{client, router}, {router, client}} {
		wg.Go(func() {
			io.Copy(way[0], way[1])
			way[0].(*net.TCPConn).CloseWrite()
		})
	}
	wg.Wait()
}

func (b *balancer) own(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.open[c] = struct{}{}
	return !b.over
}

func (b *balancer) forget(c net.Conn) {
	c.Close()
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.open, c)
}

func (b *balancer) close() {
	b.listener.Close()
	b.mu.Lock()
	b.over = true
	for c := range b.open {
		c.Close()
	}
	b.mu.Unlock()
	b.wg.Wait()
}
