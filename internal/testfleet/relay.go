package testfleet

import (
	"io"
	"net"
	"sync"
)

// relay stands between clients and a server, so that a test can cut them off from it: the kernel does that for a process
// that is killed, but not for one that goes on in the test's own.
type relay struct {
	listener net.Listener
	wg       sync.WaitGroup

	mu   sync.Mutex
	over bool
	open map[*net.TCPConn]struct{}
}

func newRelay() (*relay, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	return &relay{listener: l, open: make(map[*net.TCPConn]struct{})}, err
}

func (r *relay) addr() string { return r.listener.Addr().String() }

// run passes connections on to target until cut.
func (r *relay) run(target string) {
	r.wg.Go(func() {
		for {
			client, err := r.listener.Accept()
			if err != nil {
				return
			}
			r.wg.Go(func() { r.pass(client.(*net.TCPConn), target) })
		}
	})
}

func (r *relay) pass(client *net.TCPConn, target string) {
	defer r.close(client)
	if !r.own(client) {
		return
	}
	conn, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	server := conn.(*net.TCPConn)
	defer r.close(server)
	if !r.own(server) {
		return
	}
	var wg sync.WaitGroup
	for _, way := range [][2]*net.TCPConn{{client, server}, {server, client}} {
		wg.Go(func() {
			io.Copy(way[0], way[1])
			way[0].CloseWrite()
		})
	}
	wg.Wait()
}

func (r *relay) own(c *net.TCPConn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.open[c] = struct{}{}
	return !r.over
}

func (r *relay) close(c *net.TCPConn) {
	c.Close()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.open, c)
}

// reset resets all connections; new ones may come.
func (r *relay) reset() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for c := range r.open {
		c.SetLinger(0)
		c.Close()
	}
}

// cut resets all connections and refuses new ones.
func (r *relay) cut() {
	r.listener.Close()
	r.mu.Lock()
	r.over = true
	r.mu.Unlock()
	r.reset()
	r.wg.Wait()
}
