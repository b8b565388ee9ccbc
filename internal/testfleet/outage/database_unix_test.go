//go:build unix

package outage

import (
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // driver "pgx"
)

// relay is between the router and a PostgreSQL server, and fails as a test says.
type relay struct {
	listener net.Listener
	to       string

	mu    sync.Mutex
	state string // "", "refuses", "hangs"
	conns map[net.Conn]struct{}
	all   sync.WaitGroup
}

// set changes what the relay does. Connections that are open end, or, with "hangs", stay silent from then on.
func (r *relay) set(state string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.state = state
	if state != "hangs" {
		for c := range r.conns {
			_ = c.Close()
		}
	}
}

func (r *relay) run() {
	for {
		c, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.mu.Lock()
		refuses := r.state == "refuses"
		if !refuses {
			r.conns[c] = struct{}{}
		}
		r.mu.Unlock()
		if refuses {
			_ = c.Close()
			continue
		}
		up, err := net.Dial("unix", r.to)
		if err != nil {
			_ = c.Close()
			continue
		}
		r.all.Go(func() { r.copy(c, up) })
		r.all.Go(func() { r.copy(up, c) })
	}
}

// copy copies until one side ends. What comes while the relay hangs is lost, as is the connection afterwards.
func (r *relay) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	b := make([]byte, 32<<10)
	for {
		n, err := from.Read(b)
		r.mu.Lock()
		hangs := r.state == "hangs"
		r.mu.Unlock()
		if hangs && err == nil {
			continue
		}
		if _, failed := to.Write(b[:n]); failed != nil || err != nil {
			return
		}
	}
}

// database gives the URL of an empty PostgreSQL database behind a relay.
func database(t *testing.T) (at string, r *relay) {
	t.Helper()
	server := os.Getenv("RINGSIDE_POSTGRES")
	if server == "" {
		t.Skip("SKIPPED: PostgreSQL is not here; make results-test starts it")
	}
	schema := fmt.Sprintf("outage_%d", os.Getpid())
	db, err := sql.Open("pgx", server)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec("CREATE SCHEMA " + schema); err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(server)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	const socket = ".s.PGSQL.5432"
	dir, err := os.MkdirTemp("", "pg") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	r = &relay{to: filepath.Join(q.Get("host"), socket), conns: map[net.Conn]struct{}{}}
	if r.listener, err = net.Listen("unix", filepath.Join(dir, socket)); err != nil {
		t.Fatal(err)
	}
	r.all.Go(r.run)
	t.Cleanup(func() {
		_ = r.listener.Close()
		r.set("refuses")
		r.all.Wait()
		_ = os.RemoveAll(dir)
	})
	q.Set("host", dir)
	q.Set("search_path", schema)
	u.RawQuery = q.Encode()
	return u.String(), r
}

// The database goes away and then hangs, while the router lives. The router also starts without it. Outcomes wait, and afterwards each is
// stored and heard once.
func TestDatabaseIsDown(t *testing.T) {
	at, r := database(t)
	b := newBed(t)
	b.store = at
	b.open()
	p := b.enter("ann", "short")
	for _, state := range []string{"refuses", "hangs"} {
		heard := p.matches()
		b.await("the player hears outcomes", func() bool { return p.matches() > heard+2 })
		r.set(state)
		b.await("outcomes wait while the database "+state, func() bool { return b.waiting() >= 6 })
		r.set("")
		heard += b.waiting()
		b.await("the player hears what it has missed", func() bool { return p.matches() >= heard })
	}
	r.set("refuses")
	b.kill(router)
	b.start(router)
	b.whole()
	waiting := b.waiting()
	b.await("outcomes wait", func() bool { return b.waiting() >= waiting+4 })
	heard := p.matches()
	r.set("")
	b.await("the player hears what it has missed", func() bool { return p.matches() >= heard+waiting })
	b.oneInstance(b.settle(p), heard+waiting)
}
