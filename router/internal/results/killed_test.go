package results

import (
	"context"
	"net/url"
	"os"
	"sync"
	"testing"

	"github.com/ringside-go/ringside/internal/outcome"
	"github.com/ringside-go/ringside/proto"
)

// PostgreSQL ends the writers' connections again and again, also between a commit and its answer. Each writer puts a batch
// until it is answered: every outcome is stored once, and the numbers have no gap.
func TestConnectionsAreKilled(t *testing.T) {
	const application = "ringside-killed"
	at := location(t, "postgres") + "&application_name=" + url.QueryEscape(application)
	c, _ := settings()
	const writers, batches, size = 2, 20, 3
	reader := open(t, at, c)
	ctx := context.Background()
	killer := connectTo(t, os.Getenv("RINGSIDE_POSTGRES"))
	over := make(chan struct{})
	var killing, writing sync.WaitGroup
	killed := 0
	killing.Go(func() {
		for {
			select {
			case <-over:
				return
			default:
			}
			var n int
			err := killer.QueryRow(`SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity
				WHERE application_name = $1 AND backend_xid IS NOT NULL AND random() < 0.05`, application).Scan(&n)
			if err != nil {
				t.Error(err)
				return
			}
			killed += n
		}
	})
	for w := range writers {
		s := open(t, at, c)
		writing.Go(func() {
			for b := range batches {
				var entries []outcome.Entry
				for n := range size {
					entries = append(entries, entry(t, decided(proto.Instance(w+1), uint32(b*size+n+1), 1), 1))
				}
				for try := 0; ; try++ {
					answers, err := s.Put(ctx, entries)
					if err != nil && try < 1000 {
						continue
					}
					if err != nil {
						t.Error(err)
					}
					for _, a := range answers {
						if a.Verdict != outcome.Stored {
							t.Errorf("answer is %+v", a)
						}
					}
					break
				}
			}
		})
	}
	writing.Wait()
	close(over)
	killing.Wait()
	list, err := reader.After(ctx, 0, MaxPage)
	if err != nil || len(list) != writers*batches*size {
		t.Fatalf("%d outcomes are stored, want %d: %v", len(list), writers*batches*size, err)
	}
	for n, o := range list {
		if o.Seq != int64(n+1) {
			t.Fatalf("outcome %d has number %d", n+1, o.Seq)
		}
	}
	if killed == 0 {
		t.Error("no connection was killed: this test has shown nothing")
	}
	t.Logf("%d connections were killed", killed)
}
