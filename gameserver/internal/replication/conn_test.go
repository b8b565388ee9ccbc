package replication

import (
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

func plain(nc net.Conn) *conn {
	e := &deadlineConn{Conn: nc}
	return newConn(e, secured{r: e, w: e}, newOutbox())
}

func nothingMore() error { return nil }

// Pings keep an idle link open: frequent ones if it carries streams, rare ones if not.
func TestPingsKeepALinkOpen(t *testing.T) {
	for name, c := range map[string]struct {
		streams int
		want    time.Duration
	}{"idle": {0, idlePing}, "with streams": {1, PingInterval}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, y := net.Pipe()
				pings := [2]int{}
				conns := [2]*conn{plain(x), plain(y)}
				for i, conn := range conns {
					conn.mu.Lock()
					conn.carry(c.streams)
					conn.mu.Unlock()
					go conn.run(func(k proto.Kind, body []byte) error {
						if k != kindPing || len(body) > 0 {
							t.Errorf("got %v %x", k, body)
						}
						pings[i]++
						return nil
					}, nothingMore)
				}
				time.Sleep(10*time.Minute + time.Millisecond)
				synctest.Wait()
				if want := int(10 * time.Minute / c.want); pings != [2]int{want, want} {
					t.Errorf("%d pings, want %d each", pings, want)
				}
				conns[0].close(errors.New("enough"))
				synctest.Wait()
			})
		})
	}
}

// A side that hears nothing closes the link, sooner if there are streams. A stream that is opened later shortens the deadline.
func TestSilence(t *testing.T) {
	for name, c := range map[string]struct {
		after time.Duration // until a stream comes; 0: none
		want  time.Duration
	}{"idle": {0, idleTimeout}, "with a stream": {time.Nanosecond, time.Nanosecond + SilenceTimeout}, "with a stream in time": {14 * time.Second, 14*time.Second + SilenceTimeout}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				x, y := net.Pipe()
				go func() { // takes everything and says nothing
					b := make([]byte, 64)
					for {
						if _, err := y.Read(b); err != nil {
							return
						}
					}
				}()
				conn := plain(x)
				if c.after > 0 {
					time.AfterFunc(c.after, func() {
						conn.mu.Lock()
						defer conn.mu.Unlock()
						conn.carry(1)
					})
				}
				begin := time.Now()
				err := conn.run(func(proto.Kind, []byte) error { return nil }, nothingMore)
				if took := time.Since(begin); !errors.Is(err, ErrTimeout) || took != c.want {
					t.Errorf("closed after %v with %v", took, err)
				}
			})
		})
	}
}

// What waits for a link that takes nothing is bounded: in bytes, and in time by writeTimeout.
func TestOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		defer y.Close()
		c := plain(x)
		big := proto.AppendRecord(nil, kindPing, make([]byte, MaxRecord-8))
		queued := 0
		for c.send(big) == nil {
			queued++
		}
		if err := c.send(big); queued != maxOutbox/MaxRecord || !errors.Is(err, ErrBusy) {
			t.Errorf("%d of the largest records were queued, then %v", queued, err)
		}
		begin := time.Now()
		err := c.run(func(proto.Kind, []byte) error { return nil }, nothingMore)
		if took := time.Since(begin); !errors.Is(err, ErrTimeout) || took != writeTimeout {
			t.Errorf("closed after %v with %v", took, err)
		}
		if c.send(nil) == nil {
			t.Error("a closed link takes records")
		}
	})
}
