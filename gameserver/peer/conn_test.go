package peer

import (
	"bufio"
	"errors"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ringside-go/ringside/proto"
)

// The dialler's pings and the acceptor's answers keep a link without requests open.
func TestPingsKeepALinkOpen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		dialler := newConn(x, bufio.NewReader(x), hello{}, PingInterval)
		acceptor := newConn(y, bufio.NewReader(y), hello{}, 0)
		pings := 0
		go acceptor.run(func(k proto.Kind, body []byte) error {
			pings++
			return acceptor.send(proto.AppendRecord(nil, k, body))
		})
		go dialler.run(func(proto.Kind, []byte) error { return nil })
		time.Sleep(10*time.Minute + time.Second)
		synctest.Wait()
		if want := int(10 * time.Minute / PingInterval); pings != want {
			t.Errorf("%d pings, want %d", pings, want)
		}
		dialler.close(errors.New("enough"))
		synctest.Wait()
	})
}

// Either side that hears nothing closes after SilenceTimeout.
func TestSilence(t *testing.T) {
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
		c := newConn(x, bufio.NewReader(x), hello{}, PingInterval)
		begin := time.Now()
		err := c.run(func(proto.Kind, []byte) error { return nil })
		if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != SilenceTimeout {
			t.Errorf("closed after %v with %v", took, err)
		}
	})
}

// What a link does not take is bounded: by bytes at once, and by writeTimeout in time.
func TestOutbox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		x, y := net.Pipe()
		defer y.Close()
		c := newConn(x, bufio.NewReader(x), hello{}, 0)
		big := proto.AppendRecord(nil, kindPing, make([]byte, MaxRecord-8))
		queued := 0
		for c.send(big) == nil {
			queued++
		}
		if err := c.send(big); queued != maxOutbox/MaxRecord || !errors.Is(err, ErrBusy) {
			t.Errorf("%d of the largest records were queued, then %v", queued, err)
		}
		begin := time.Now()
		err := c.run(func(proto.Kind, []byte) error { return nil })
		if took := time.Since(begin); !errors.Is(err, os.ErrDeadlineExceeded) || took != writeTimeout {
			t.Errorf("closed after %v with %v", took, err)
		}
		if c.send(nil) == nil {
			t.Error("a closed link takes records")
		}
	})
}
